//! Orders that are due for review: a composite must ask the payment gateway about them. Blocking: called off the async threads only.

use chrono::{DateTime, Utc};
use shared::order_number::OrderNumber;

use crate::domain::order::Order;
use crate::ports::order_store::StoreError;

/// A place in the list of reviews, which is ordered by the time at which they are due, then by order number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReviewCursor {
    /// When the order there is due.
    pub review_at: DateTime<Utc>,
    /// The order there.
    pub number: OrderNumber,
}

/// A page of orders that are due.
#[derive(Debug, Clone, PartialEq)]
pub struct DueOrders {
    /// The longest due first.
    pub orders: Vec<Order>,
    /// The end of this page, when there may be more.
    pub next: Option<ReviewCursor>,
}

/// What is due for review.
pub trait Reviews: Send + Sync {
    /// Up to `limit` orders whose review is due at `now`, of those that follow `after` in the list.
    ///
    /// # Errors
    /// When the store fails.
    fn due(
        &self,
        now: DateTime<Utc>,
        after: Option<&ReviewCursor>,
        limit: u32,
    ) -> Result<DueOrders, StoreError>;
}
