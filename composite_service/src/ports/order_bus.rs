//! Publishing commands to the order service.

use shared::trace::Trail;
use shared::wire::headers::ReplyAddress;

use crate::domain::order::OrderCommand;

/// Called at most once, on any thread, when a command that was taken is given up. Whether a broker has it is unknown.
pub type OnUndelivered = Box<dyn FnOnce() + Send + Sync>;

/// Why a command was not even taken.
#[derive(Debug, thiserror::Error)]
#[error("the command could not be sent: {0}")]
pub struct BusError(pub String);

/// A way to the order service.
pub trait OrderBus: Send + Sync {
    /// Publishes a command whose reply is wanted at `reply_address`, as a part of the trace that `trail` belongs to. Never blocks.
    ///
    /// # Errors
    /// When it is certain that the command does not leave; then `on_undelivered` is not called.
    fn publish(
        &self,
        command: &OrderCommand,
        reply_address: &ReplyAddress,
        trail: &Trail,
        on_undelivered: OnUndelivered,
    ) -> Result<(), BusError>;
}
