//! What the write plan and its driver tell each other.

use std::fmt;
use std::time::Duration;

use shared::order_number::OrderNumber;

use crate::domain::decide::Transition;
use crate::domain::stored_orders::StoreOutcome;
use crate::ports::order_store::{Fate, OnHeldRow, StoreError, StoreRow};

/// Whoever waits for a transition's outcome.
pub trait Asker {
    /// Its transition was set aside, and takes longer.
    fn set_aside(&self, cause: SetAside);
}

/// Why a transition takes longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetAside {
    /// Somebody else holds a row that it needs.
    RowHeld,
    /// The store fails with it, although it answers.
    StoreFails,
}

/// A line of batches, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Of rows that are free.
    AtOnce,
    /// Of rows that are waited for.
    InTurn,
    /// Of single transitions that the store has failed with.
    Alone,
}

impl Lane {
    /// Every lane.
    pub const ALL: [Self; 3] = [Self::AtOnce, Self::InTurn, Self::Alone];
}

/// What the plan's driver does next.
#[derive(Debug)]
pub enum Step<A> {
    /// Gives this batch to the store, and its answer to [`written`](super::WritePlan::written). The plan writes nothing else in this lane before.
    Write {
        /// Where the batch belongs.
        lane: Lane,
        /// What is to be stored.
        transitions: Vec<Transition>,
        /// What the store does about rows that somebody else holds.
        on_held_row: OnHeldRow,
        /// Whether the store has failed with this batch before.
        is_retry: bool,
    },
    /// Calls [`wake`](super::WritePlan::wake) with this alarm after a while.
    Wake {
        /// For what.
        alarm: Alarm,
        /// In how long.
        after: Duration,
    },
    /// Tells whoever waits for a transition what became of it. An error is final.
    Answer {
        /// Whoever waits.
        asker: A,
        /// What to tell.
        outcome: Result<StoreOutcome, StoreError>,
    },
    /// Tells people.
    Report(News),
}

/// What is due when time has passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alarm {
    /// A lane's batch is written again.
    Retry(Lane),
    /// The first of the transitions behind a stuck row tries again.
    Try(StoreRow),
}

/// What people may want to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The store failed with a batch, which will be written again.
    BatchWaits {
        /// How many transitions it has.
        size: usize,
        /// Until it is written again.
        after: Duration,
        /// Why it failed.
        cause: String,
    },
    /// A row is stuck.
    RowStuck(StoreRow),
    /// A row is no longer stuck.
    RowReleased {
        /// The row.
        row: StoreRow,
        /// How many transitions have waited behind the one that got through.
        released: usize,
    },
    /// The store fails with a transition although it answers. From now on it is written alone.
    TransitionFails {
        /// Its order.
        number: OrderNumber,
        /// Why it fails.
        cause: String,
    },
}

impl fmt::Display for News {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BatchWaits { size, after, cause } => {
                write!(
                    formatter,
                    "a batch of {size} is retried in {after:?}: {cause}"
                )
            }
            Self::RowStuck(row) => {
                write!(
                    formatter,
                    "{row} is held by somebody else: what needs it waits"
                )
            }
            Self::RowReleased { row, released } => {
                write!(formatter, "{row} is no longer stuck: {released} more go on")
            }
            Self::TransitionFails { number, cause } => write!(
                formatter,
                "order={number} is retried alone, the store answers but fails with it: {cause}"
            ),
        }
    }
}

/// What the store has answered.
#[derive(Debug)]
pub struct Written {
    /// The batch, as it was given to the store.
    pub transitions: Vec<Transition>,
    /// What became of each.
    pub fates: Vec<Fate>,
    /// Whether the store answers a ping. Asked only when it was unavailable for the batch, and true otherwise.
    pub store_answers: bool,
}
