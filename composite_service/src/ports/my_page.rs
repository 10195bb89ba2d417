//! The parts of a member's page, each within its deadline.

use futures_util::future::BoxFuture;
use shared::member_id::MemberId;
use shared::wire::order_dto::{CouponDto, OrderDto, ProductDto};

use crate::domain::my_page::{Part, Profile};

/// Fetches the parts. They are independent, and each call ends by its deadline.
pub trait MyPageParts: Send + Sync {
    /// The member's profile.
    fn profile(&self, member: &MemberId) -> BoxFuture<'static, Part<Option<Profile>>>;

    /// The member's last orders.
    fn orders(&self, member: &MemberId) -> BoxFuture<'static, Part<Vec<OrderDto>>>;

    /// Coupons that can be used now.
    fn coupons(&self) -> BoxFuture<'static, Part<Vec<CouponDto>>>;

    /// Recommended products.
    fn products(&self, member: &MemberId) -> BoxFuture<'static, Part<Vec<ProductDto>>>;
}
