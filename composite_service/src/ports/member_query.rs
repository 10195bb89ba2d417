//! Reads for a member from the order service.

use futures_util::future::BoxFuture;
use shared::member_id::MemberId;
use shared::wire::order_dto::{CouponDto, OrderDto, ProductDto};

use super::order_query::QueryError;

/// Selects a page of a member's orders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrdersBounds {
    /// Where the page begins: the opaque cursor of the previous page.
    pub after: Option<String>,
    /// The maximal number of orders; the order service has a default and an upper limit.
    pub limit: Option<u32>,
}

/// A page of a member's orders.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OrdersPage {
    /// The newest first.
    pub orders: Vec<OrderDto>,
    /// The cursor of the next page, if there is one.
    pub next: Option<String>,
}

/// Reads for a member.
pub trait MemberQuery: Send + Sync {
    /// A page of the member's orders, or `None` if `after` is not a valid cursor.
    fn orders_of(
        &self,
        member: &MemberId,
        bounds: OrdersBounds,
    ) -> BoxFuture<'static, Result<Option<OrdersPage>, QueryError>>;

    /// At most `limit` coupons that can be used now, ordered by their expiry.
    fn usable_coupons(&self, limit: u32) -> BoxFuture<'static, Result<Vec<CouponDto>, QueryError>>;

    /// At most `limit` products that are recommended to the member.
    fn recommended(
        &self,
        member: &MemberId,
        limit: u32,
    ) -> BoxFuture<'static, Result<Vec<ProductDto>, QueryError>>;
}
