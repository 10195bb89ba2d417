//! The parts of a member's page, each from wherever it comes, within its deadline.

use futures_util::future::BoxFuture;
use shared::member_id::MemberId;
use shared::wire::order_dto::{CouponDto, OrderDto, ProductDto};

use crate::domain::my_page::{Part, Profile};

/// Gets the parts. None waits for another, and each ends in time.
pub trait MyPageParts: Send + Sync {
    /// The member's profile.
    fn profile(&self, member: &MemberId) -> BoxFuture<'static, Part<Option<Profile>>>;

    /// His last orders.
    fn orders(&self, member: &MemberId) -> BoxFuture<'static, Part<Vec<OrderDto>>>;

    /// Coupons that can be used now.
    fn coupons(&self) -> BoxFuture<'static, Part<Vec<CouponDto>>>;

    /// Products he may like.
    fn products(&self, member: &MemberId) -> BoxFuture<'static, Part<Vec<ProductDto>>>;
}
