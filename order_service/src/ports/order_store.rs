//! The store of orders, stock and coupons. Blocking: called off the async threads only.

use std::sync::Arc;

use shared::order_number::OrderNumber;

use crate::domain::decide::Transition;
use crate::domain::order::Order;

/// What became of one transition of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreOutcome {
    /// It is stored, for good, as this order.
    Applied(Arc<Order>),
    /// It started from a state that no longer stands, and nothing of it is stored. The state that stands, if any, is this.
    Conflict(Option<Arc<Order>>),
}

/// Why the store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It can't be reached or is too busy. The same call may succeed later; whether this one has is unknown.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// It will never take this.
    #[error("the store refuses: {0}")]
    Refused(String),
    /// What it holds makes no sense.
    #[error("the store holds what it should not: {0}")]
    Corrupt(String),
}

/// Orders, with the stock and the coupons that they hold.
pub trait OrderStore: Send + Sync {
    /// The order of this number.
    ///
    /// # Errors
    /// When the store fails.
    fn load(&self, number: &OrderNumber) -> Result<Option<Order>, StoreError>;

    /// Stores a batch in one transaction: all changes of stock, coupons and orders, or none. One outcome for each transition, in
    /// their order. The transitions are of different orders; a conflict of one does not touch the others. Doing a batch again whose
    /// fate is unknown is harmless: what was stored comes back as a conflict with itself.
    ///
    /// # Errors
    /// When the store fails as a whole.
    fn apply(&self, batch: &[Transition]) -> Result<Vec<StoreOutcome>, StoreError>;

    /// Whether the store answers.
    ///
    /// # Errors
    /// When it does not.
    fn ping(&self) -> Result<(), StoreError>;
}
