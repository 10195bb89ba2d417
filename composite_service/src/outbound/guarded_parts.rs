//! The parts of a member's page, each with its own guard, so that a slow or failing part does not affect the others.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use shared::member_id::MemberId;
use shared::wire::order_dto::{CouponDto, OrderDto, ProductDto};
use tower_resilience_circuitbreaker::CircuitBreakerConfigError;

use super::guard::{Guard, Limits};
use crate::config::MyPageSettings;
use crate::domain::my_page::{Absence, Part, Profile};
use crate::metrics::MyPageMetrics;
use crate::ports::member_directory::MemberDirectory;
use crate::ports::member_query::{MemberQuery, OrdersBounds};
use crate::ports::my_page::MyPageParts;

/// How many orders, coupons and products a page shows at most.
const ORDERS: u32 = 5;
const COUPONS: u32 = 20;
const PRODUCTS: u32 = 6;

/// Consecutive failures of a part that open its circuit breaker, and how long it stays open.
const FAILURES: usize = 5;
const OPEN_FOR: Duration = Duration::from_secs(5);

/// The limits of each part.
#[derive(Debug, Clone, Copy)]
pub struct PartLimits {
    /// Of the profile.
    pub profile: Limits,
    /// Of the orders.
    pub orders: Limits,
    /// Of the coupons.
    pub coupons: Limits,
    /// Of the products.
    pub products: Limits,
}

impl PartLimits {
    /// With these deadlines.
    #[must_use]
    pub fn within(deadlines: MyPageSettings) -> Self {
        let within = |deadline| Limits {
            deadline,
            failures: FAILURES,
            open_for: OPEN_FOR,
        };
        Self {
            profile: within(deadlines.profile),
            orders: within(deadlines.orders),
            coupons: within(deadlines.coupons),
            products: within(deadlines.products),
        }
    }
}

/// The parts and their guards.
pub struct GuardedParts {
    directory: Option<Arc<dyn MemberDirectory>>,
    query: Arc<dyn MemberQuery>,
    profile: Guard<Option<Profile>>,
    orders: Guard<Vec<OrderDto>>,
    coupons: Guard<Vec<CouponDto>>,
    products: Guard<Vec<ProductDto>>,
}

impl GuardedParts {
    /// The profile comes from `directory`, and is unavailable without one; the rest comes from `query`. Their own timeouts must be longer
    /// than the deadlines, so that a slow part counts as a timeout.
    ///
    /// # Errors
    /// When the limits are not valid for a breaker.
    pub fn new(
        directory: Option<Arc<dyn MemberDirectory>>,
        query: Arc<dyn MemberQuery>,
        limits: PartLimits,
        metrics: &MyPageMetrics,
    ) -> Result<Self, CircuitBreakerConfigError> {
        Ok(Self {
            directory,
            query,
            profile: Guard::new("profile", limits.profile, metrics)?,
            orders: Guard::new("orders", limits.orders, metrics)?,
            coupons: Guard::new("coupons", limits.coupons, metrics)?,
            products: Guard::new("products", limits.products, metrics)?,
        })
    }
}

impl MyPageParts for GuardedParts {
    fn profile(&self, member: &MemberId) -> BoxFuture<'static, Part<Option<Profile>>> {
        match &self.directory {
            Some(directory) => self.profile.call(part(directory.profile(member))),
            None => ready(Err(Absence::Unavailable)).boxed(),
        }
    }

    fn orders(&self, member: &MemberId) -> BoxFuture<'static, Part<Vec<OrderDto>>> {
        let bounds = OrdersBounds {
            after: None,
            limit: Some(ORDERS),
        };
        let page = part(self.query.orders_of(member, bounds));
        let orders = page.map(|page| match page? {
            Some(page) => Ok(page.orders),
            // No cursor was sent, so "invalid cursor" makes no sense: something other than the order service has answered.
            None => Err(Absence::Unavailable),
        });
        self.orders.call(orders.boxed())
    }

    fn coupons(&self) -> BoxFuture<'static, Part<Vec<CouponDto>>> {
        self.coupons.call(part(self.query.usable_coupons(COUPONS)))
    }

    fn products(&self, member: &MemberId) -> BoxFuture<'static, Part<Vec<ProductDto>>> {
        let products = self.query.recommended(member, PRODUCTS);
        self.products.call(part(products))
    }
}

/// Logs the cause of a failure. The page shows only that the part is unavailable.
fn part<T: 'static, E: Display + 'static>(
    answer: BoxFuture<'static, Result<T, E>>,
) -> BoxFuture<'static, Part<T>> {
    let unavailable = |error| {
        log::warn!("my page: {error}");
        Absence::Unavailable
    };
    answer
        .map(move |answer| answer.map_err(unavailable))
        .boxed()
}
