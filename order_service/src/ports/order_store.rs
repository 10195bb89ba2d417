//! The store of orders, stock and coupons. Blocking: called off the async threads only.

use std::fmt;
use std::sync::Arc;

use shared::order_number::OrderNumber;

use crate::domain::decide::Transition;
use crate::domain::order::{CouponId, ItemId, Order};

/// What became of one transition of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreOutcome {
    /// It is stored, for good, as this order.
    Applied(Arc<Order>),
    /// It started from a state that no longer stands, and nothing of it is stored. The state that stands, if any, is this.
    Conflict(Option<Arc<Order>>),
}

/// A row that somebody else may hold: another service's batch for a moment, a person at the database for long.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StoreRow {
    /// An item with its stock.
    Item(ItemId),
    /// A coupon with its holder.
    Coupon(CouponId),
    /// An order.
    Order(OrderNumber),
}

impl fmt::Display for StoreRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Item(id) => write!(formatter, "item {id}"),
            Self::Coupon(id) => write!(formatter, "coupon {id}"),
            Self::Order(number) => write!(formatter, "order {number}"),
        }
    }
}

/// What became of one transition of a batch that waits for nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// It has its outcome.
    Done(StoreOutcome),
    /// Somebody else holds this row, and nothing of the transition is stored.
    Held(StoreRow),
}

/// Why the store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It can't be reached or is too busy. The same call may succeed later; whether this one has is unknown.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// Somebody holds a row of it for longer than a batch waits. Nothing is stored; the same call may succeed later.
    #[error("the store waited too long for a row: {0}")]
    Held(String),
    /// It will never take this.
    #[error("the store refuses: {0}")]
    Refused(String),
    /// What it holds makes no sense.
    #[error("the store holds what it should not: {0}")]
    Corrupt(String),
}

impl StoreError {
    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unavailable(_) | Self::Held(_) => true,
            Self::Refused(_) | Self::Corrupt(_) => false,
        }
    }
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
    /// fate is unknown is harmless: what was stored comes back as a conflict with itself. Rows that somebody else holds are waited
    /// for in their queue, for a while.
    ///
    /// # Errors
    /// When the store fails as a whole; [`StoreError::Held`] when a row was not to be had.
    fn apply(&self, batch: &[Transition]) -> Result<Vec<StoreOutcome>, StoreError>;

    /// As [`apply`](Self::apply), but waits for no row: a transition of which somebody else holds one is left out, and all others are
    /// stored.
    ///
    /// # Errors
    /// As `apply`; [`StoreError::Held`] is rare here, and does not say whose row it is.
    fn apply_what_is_free(&self, batch: &[Transition]) -> Result<Vec<Attempt>, StoreError>;

    /// Whether the store answers.
    ///
    /// # Errors
    /// When it does not.
    fn ping(&self) -> Result<(), StoreError>;
}
