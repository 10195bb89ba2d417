//! The store of orders, stock and coupons. Blocking: called off the async threads only.

use std::fmt;
use std::sync::Arc;

use shared::order_number::OrderNumber;

use crate::domain::decide::Transition;
use crate::domain::order::{CouponId, ItemId, Order};
use crate::domain::stored_orders::StoreOutcome;

/// What became of a transition that the store was given in a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is stored, for good, as this order.
    Stored(Arc<Order>),
    /// It started from a state that no longer stands, and nothing of it is stored. Another writer was quicker, or it was stored by a try
    /// whose answer was lost. The order that stands, if any, is this.
    Stale(Option<Arc<Order>>),
    /// Somebody else holds this row, and nothing of the transition is stored. The rest of the batch is.
    Held(StoreRow),
    /// The transaction failed, and with it the whole batch. Whether it is stored is for the error to say.
    Failing(StoreError),
}

impl From<StoreOutcome> for Fate {
    fn from(outcome: StoreOutcome) -> Self {
        match outcome {
            StoreOutcome::Stored(order) => Self::Stored(order),
            StoreOutcome::Stale(current) => Self::Stale(current),
        }
    }
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

/// What the store does about a row that somebody else holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnHeldRow {
    /// Leaves out the transitions that need it, and stores the others.
    Skip,
    /// Waits in the row's queue, for a while. Then the whole batch fails.
    Wait,
}

/// Why the store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It can't be reached or is too busy. The same call may succeed later; whether this one has is unknown.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// Somebody else holds a row for longer than a batch waits. Which row, the database does not say. Nothing is stored; the same call
    /// may succeed later.
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

    /// Stores a batch in one transaction: all changes of stock, coupons and orders. Answers one fate for each transition, in their order.
    ///
    /// The transitions are of different orders, and a stale or held one doesn't touch the others. When the transaction fails, all are
    /// [`Fate::Failing`] with the same error: for [`StoreError::Unavailable`] it is unknown whether they are stored, for the others
    /// nothing is. A batch whose fate is unknown can be written again: what was stored before is stale then, and the order that stands
    /// is the very one that was to be stored.
    fn write(&self, batch: &[Transition], on_held_row: OnHeldRow) -> Vec<Fate>;

    /// Whether the store answers.
    ///
    /// # Errors
    /// When it does not.
    fn ping(&self) -> Result<(), StoreError>;
}
