//! A batch of a write plan on its way to the store and back, and what the store makes of it.

use order_service::actors::write_plan::step::Written;
use order_service::domain::decide::Transition;
use order_service::ports::order_store::{OnHeldRow, StoreError};

/// A batch that is out.
#[derive(Debug)]
pub(crate) enum Write {
    /// On its way to the store.
    Asked(Vec<Transition>, OnHeldRow),
    /// The store has answered, and the plan does not know it yet.
    Answered(Written),
}

/// What the store does with a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// It writes it, and says so.
    Well,
    /// It writes it, and its answer is lost.
    Forgetful,
    /// It refuses it for good.
    Refusing,
    /// It is away: neither the batch nor a ping has an answer.
    Away,
}

impl Mood {
    /// The failure that the service sees.
    pub(crate) fn failure(self) -> Option<StoreError> {
        let words = || "by the schedule".to_owned();
        match self {
            Self::Well => None,
            Self::Forgetful | Self::Away => Some(StoreError::Unavailable(words())),
            Self::Refusing => Some(StoreError::Refused(words())),
        }
    }
}
