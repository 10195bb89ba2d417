//! The store of orders, stock and coupons. Blocking: called off the async threads only.

use std::fmt;
use std::sync::Arc;

use shared::member_id::MemberId;
use shared::order_number::OrderNumber;

use crate::domain::decide::Transition;
use crate::domain::order::{CouponId, ItemId, Order};
use crate::domain::stored_orders::StoreOutcome;

/// The result of one transition of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is stored, for good, as this order.
    Stored(Arc<Order>),
    /// It started from a state that is no longer the current one, and nothing of it is stored. Another writer was faster, or an earlier
    /// attempt stored it and its answer was lost. Contains the current order, if there is one.
    Stale(Option<Arc<Order>>),
    /// Another transaction has locked this row. Nothing of the transition is stored; the rest of the batch is.
    Held(StoreRow),
    /// The transaction failed, and with it the whole batch. The error says whether anything may be stored.
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

/// A row that another transaction may have locked: another service's batch for a moment, or a person's session for long.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StoreRow {
    /// An item with its stock.
    Item(ItemId),
    /// A coupon with its holder.
    Coupon(CouponId),
    /// A member whose pending orders are limited.
    Buyer(MemberId),
    /// An order.
    Order(OrderNumber),
}

impl fmt::Display for StoreRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Item(id) => write!(formatter, "item {id}"),
            Self::Coupon(id) => write!(formatter, "coupon {id}"),
            Self::Buyer(member) => write!(formatter, "member {member}"),
            Self::Order(number) => write!(formatter, "order {number}"),
        }
    }
}

/// What the store does about a row that another transaction has locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnHeldRow {
    /// Leaves out the transitions that need it, and stores the others.
    Skip,
    /// Waits for the lock, for a limited time. Then the whole batch fails.
    Wait,
}

/// Why a call to the store failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It can't be reached or is too busy. The same call may succeed later; whether this one has is unknown.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// A row stayed locked for longer than a batch waits. The database does not say which row. Nothing is stored. The same call may succeed
    /// later.
    #[error("a row in the store stayed locked: {0}")]
    Held(String),
    /// The store will never accept this.
    #[error("the store refuses this for good: {0}")]
    Refused(String),
    /// Stored data is corrupt.
    #[error("the store contains corrupt data: {0}")]
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

    /// Stores a batch in one transaction: all changes of stock, coupons and orders. Returns one fate for each transition, in their order.
    ///
    /// The transitions belong to different orders. A stale or held one doesn't affect the others. If the transaction fails, all are
    /// [`Fate::Failing`] with the same error. After [`StoreError::Unavailable`] it is unknown whether they are stored; after any other
    /// error nothing is. A batch whose fate is unknown can be written again: a transition that was stored is then stale, and the current
    /// order is the one that it made.
    fn write(&self, batch: &[Transition], on_held_row: OnHeldRow) -> Vec<Fate>;

    /// Whether the store answers.
    ///
    /// # Errors
    /// When it does not.
    fn ping(&self) -> Result<(), StoreError>;
}
