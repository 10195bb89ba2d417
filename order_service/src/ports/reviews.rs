//! Orders whose books are open: somebody must ask the payment gateway about them. Blocking: called off the async threads only.

use chrono::{DateTime, Utc};

use crate::domain::order::Order;
use crate::ports::order_store::StoreError;

/// What is due for review.
pub trait Reviews: Send + Sync {
    /// Up to `limit` orders whose review is due at `now`, the longest due first.
    ///
    /// # Errors
    /// When the store fails.
    fn due(&self, now: DateTime<Utc>, limit: u32) -> Result<Vec<Order>, StoreError>;
}
