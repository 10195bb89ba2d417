//! Reading from the order service what concerns a member.

use futures_util::future::BoxFuture;
use shared::member_id::MemberId;
use shared::wire::order_dto::{CouponDto, OrderDto, ProductDto};

use super::order_query::QueryError;

/// Which of a member's orders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrdersBounds {
    /// Where the page begins: a word of the order service, at the end of the page before.
    pub after: Option<String>,
    /// At most so many; the order service has a default and a maximum.
    pub limit: Option<u32>,
}

/// A page of a member's orders.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OrdersPage {
    /// The newest first.
    pub orders: Vec<OrderDto>,
    /// Where the next page begins, when there is one.
    pub next: Option<String>,
}

/// What can be read for a member.
pub trait MemberQuery: Send + Sync {
    /// A page of the member's orders, or `None` when it begins at what is no place in any list.
    fn orders_of(
        &self,
        member: &MemberId,
        bounds: OrdersBounds,
    ) -> BoxFuture<'static, Result<Option<OrdersPage>, QueryError>>;

    /// At most so many coupons that an order may use now, those that end first in front.
    fn usable_coupons(&self, limit: u32) -> BoxFuture<'static, Result<Vec<CouponDto>, QueryError>>;

    /// At most so many products that the member may like.
    fn recommended(
        &self,
        member: &MemberId,
        limit: u32,
    ) -> BoxFuture<'static, Result<Vec<ProductDto>, QueryError>>;
}
