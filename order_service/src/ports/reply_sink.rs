//! Sending replies to those who asked for them.

use std::sync::Arc;

use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::trace::context::TraceContext;
use shared::wire::headers::ReplyAddress;

use crate::domain::order::Order;

/// What a command came to: the order as it stands now, and why the command was refused if it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandOutcome {
    /// The order that was spoken of, where the command named one.
    pub number: Option<OrderNumber>,
    /// It as it stands; `None` when nothing is stored under the number.
    pub order: Option<Arc<Order>>,
    /// Why the command was refused.
    pub refusal: Option<Reason>,
}

/// Who asked, and by which record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requester {
    /// Where the reply goes.
    pub address: ReplyAddress,
    /// The key of the record that asked; the reply repeats it.
    pub record_key: String,
}

/// Called once, on any thread, when the reply is safe with the broker or can never be delivered.
pub type OnReplied = Box<dyn FnOnce() + Send + Sync>;

/// A way to reply.
pub trait ReplySink: Send + Sync {
    /// Replies, and says which trace the reply is a part of. Never blocks.
    fn reply(
        &self,
        requester: &Requester,
        outcome: &CommandOutcome,
        trace: Option<TraceContext>,
        on_replied: OnReplied,
    );
}
