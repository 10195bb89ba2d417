//! What a purchase is told, and what it asks for.

use std::fmt;
use std::time::Duration;

use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::order_dto::OrderDto;

use crate::domain::order::{OrderCommand, OrderReply, Payment};

/// What can happen to a purchase.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "one at a time lives, and it is moved a few times"
)]
pub enum Event {
    /// What became of [`Effect::Send`].
    Command(CommandAnswer),
    /// What became of [`Effect::Confirm`].
    Confirm(ConfirmAnswer),
    /// What became of [`Effect::Cancel`].
    Cancel(CancelAnswer),
    /// Another order number was made.
    Renumbered(OrderNumber),
    /// The time asked for by [`Effect::Wait`] is over.
    WaitOver,
    /// The shopper has waited long enough.
    DeadlinePassed,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "one at a time lives, and it is moved a few times"
)]
pub enum CommandAnswer {
    /// The order service has answered.
    Replied(OrderReply),
    /// It has not, for as long as anybody waits.
    Overdue,
    /// The command has not reached Kafka, as far as is known.
    NotSent,
}

/// What the gateway has done with a charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfirmAnswer {
    /// It has charged.
    Confirmed,
    /// It has declined, with a text for the shopper. Nothing is charged.
    Declined(String),
    /// It knows the order by another payment. Nothing is charged by this one.
    PaidOtherwise,
    /// It was not reached, or did not begin. Nothing is charged by this attempt.
    NotReached(String),
    /// It may have charged or not.
    Unknown(String),
}

/// What the gateway has done with a cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelAnswer {
    /// The payment is cancelled, or was before.
    Cancelled,
    /// Whether it is cancelled is unknown, or the gateway would not.
    Failed,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send a command; answered by [`Event::Command`].
    Send(OrderCommand),
    /// Make another order number; answered by [`Event::Renumbered`].
    Renumber,
    /// Charge; answered by [`Event::Confirm`].
    Confirm {
        /// The order that is paid.
        number: OrderNumber,
        /// What to charge.
        payment: Payment,
    },
    /// Give the money back; answered by [`Event::Cancel`].
    Cancel {
        /// The order that was paid.
        number: OrderNumber,
        /// The charge.
        payment: Payment,
        /// Why, for the gateway's records.
        reason: Reason,
    },
    /// Wait about so long; answered by [`Event::WaitOver`].
    Wait(Duration),
    /// Tell the shopper. At most once a purchase.
    Answer(Outcome),
    /// Tell the operators.
    Warn(Warning),
}

/// What operators are told about a purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// This step has no answer after many attempts.
    Unresolved(&'static str),
    /// The purchase is older than [`CONFIRM_FENCE`](super::CONFIRM_FENCE), so the gateway is not asked to charge.
    TooOldToCharge,
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unresolved(step) => write!(formatter, "still unresolved: {step}"),
            Self::TooOldToCharge => {
                formatter.write_str("has taken too long to be charged, and is left to its review")
            }
        }
    }
}

/// What the shopper is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The order waits for its payment.
    Pending(OrderDto),
    /// The order is paid.
    Complete(OrderDto),
    /// The order is rejected, or can't be paid.
    Refused {
        /// The order.
        number: OrderNumber,
        /// Why.
        reason: Reason,
        /// The gateway's words.
        detail: Option<String>,
    },
    /// The purchase goes on; its order will be found under this number.
    Late(OrderNumber),
    /// The purchase goes on, under a number that is not known yet: who repeats the request will hear it.
    StillRunning,
    /// Kafka is away; nothing was ordered.
    Unavailable,
    /// The order service failed.
    Failed(OrderNumber),
    /// An earlier request with the same idempotency key has placed the order; this is its outcome.
    Replayed(Box<Outcome>),
}
