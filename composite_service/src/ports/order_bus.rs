//! Publishes commands to the order service.

use shared::trace::Trail;
use shared::wire::headers::ReplyAddress;

use crate::domain::order::OrderCommand;

/// What is known of an accepted command that was not acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undelivered {
    /// The broker has refused it, and does not have it.
    Refused,
    /// The broker has not answered in time, and may have it.
    Unknown,
}

/// Called at most once, on any thread, when an accepted command was not acknowledged.
pub type OnUndelivered = Box<dyn FnOnce(Undelivered) + Send + Sync>;

/// Why a command was not accepted.
#[derive(Debug, thiserror::Error)]
#[error("the command could not be sent: {0}")]
pub struct BusError(pub String);

/// The command topic of the order service.
pub trait OrderBus: Send + Sync {
    /// Publishes a command whose reply goes to `reply_address`, as part of the trace of `trail`. Never blocks.
    ///
    /// # Errors
    /// When it is certain that the command will not be sent. Then `on_undelivered` is not called.
    fn publish(
        &self,
        command: &OrderCommand,
        reply_address: &ReplyAddress,
        trail: &Trail,
        on_undelivered: OnUndelivered,
    ) -> Result<(), BusError>;
}
