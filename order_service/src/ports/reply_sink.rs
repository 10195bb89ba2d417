//! Sending replies to requesters.

use std::sync::Arc;

use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::trace::context::TraceContext;
use shared::wire::headers::ReplyAddress;

use crate::domain::order::Order;

/// The result of a command: the current order, and the reason if the command was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandOutcome {
    /// The order's number, if the command has one.
    pub number: Option<OrderNumber>,
    /// The current order; `None` if none is stored under the number.
    pub order: Option<Arc<Order>>,
    /// Why the command was refused, if it was.
    pub refusal: Option<Reason>,
}

/// Where the reply goes, and for which record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requester {
    /// Where the reply goes.
    pub address: ReplyAddress,
    /// The key of the request's record; the reply repeats it.
    pub record_key: String,
}

/// Called once, on any thread, when the broker has acknowledged the reply or it can never be delivered.
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
