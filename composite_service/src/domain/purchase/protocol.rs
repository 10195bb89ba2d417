//! The events, effects and outcomes of a purchase.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::order_dto::OrderDto;

use crate::domain::order::{OrderCommand, OrderReply, Payment, Refund, RefundOutcome};
use crate::domain::peer::Unsupported;

/// An input of the saga.
#[derive(Debug, Clone, PartialEq, Hash)]
#[expect(
    clippy::large_enum_variant,
    reason = "one at a time lives, and it is moved a few times"
)]
pub enum Event {
    /// The result of [`Effect::Send`].
    Command(CommandAnswer),
    /// The result of [`Effect::Confirm`].
    Confirm(ConfirmAnswer),
    /// The result of [`Effect::Cancel`].
    Cancel(CancelAnswer),
    /// The result of [`Effect::GiveBack`].
    Refund(RefundAnswer),
    /// The result of [`Effect::Renumber`]: a new order number.
    Renumbered(OrderNumber),
    /// The delay of [`Effect::Wait`] is over.
    WaitOver,
    /// The deadline for the answer to the shopper has passed.
    DeadlinePassed,
}

/// The result of a command.
#[derive(Debug, Clone, PartialEq, Hash)]
pub enum CommandAnswer {
    /// The order service has answered.
    Replied(OrderReply),
    /// The same, but it is a Spring one, or may be: it makes the order numbers itself, and must get no further commands about the order.
    RepliedByStranger(OrderReply),
    /// No reply before the timeout. The command may have been executed.
    Overdue,
    /// The command was not handed to Kafka, so it is certain that it will not be executed.
    NotSent,
    /// The command was not sent, because the order service does not know it.
    NotSupported(Unsupported),
}

/// The result of a charge.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ConfirmAnswer {
    /// The gateway has charged.
    Confirmed,
    /// The gateway has declined for a cause that concerns the shopper's payment, told in words of ours. Nothing is charged.
    Declined(&'static str),
    /// Another payment of the order exists at the gateway. Nothing is charged by this one.
    PaidOtherwise,
    /// The gateway was not reached, or did not take the request. This attempt has charged nothing, and says nothing against the payment.
    NotReached(Trouble),
    /// The gateway has failed so often that it was not asked at all.
    NotAsked,
    /// The gateway may have charged or not.
    Unknown(Trouble),
}

/// Why a charge has no result. For operators only: no shopper is shown it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Trouble {
    /// Where the cause is.
    pub origin: Origin,
    /// The cause, for the log.
    pub cause: String,
}

/// Where the cause of a trouble is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// In the gateway, or on the way to it.
    Gateway,
    /// In the shop's key, which the gateway does not accept. An operator must act.
    Key,
    /// In the shop's account: its permissions, its registration, another set of keys. An operator must act.
    Account,
    /// In this request or this payment.
    Payment,
}

impl Origin {
    /// The trouble with this cause.
    #[must_use]
    pub fn because(self, cause: impl Into<String>) -> Trouble {
        Trouble {
            origin: self,
            cause: cause.into(),
        }
    }
}

impl Trouble {
    /// Whether all payments have it, and not only this one. A shopper may cause what concerns only one payment.
    #[must_use]
    pub fn concerns_all(&self) -> bool {
        match self.origin {
            Origin::Gateway | Origin::Key => true,
            Origin::Account | Origin::Payment => false,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let advice = match self.origin {
            Origin::Gateway | Origin::Payment => "",
            Origin::Key => " (check PAYMENT_SECRET_KEY)",
            Origin::Account => {
                " (check the shop's account at the gateway: keys, permissions, registration)"
            }
        };
        write!(formatter, "{}{advice}", self.cause)
    }
}

/// The result of a cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CancelAnswer {
    /// The payment is cancelled, now or by an earlier attempt.
    Cancelled,
    /// A later attempt may succeed, or it is unknown whether the payment is cancelled.
    Failed,
    /// The gateway has refused, and will refuse again.
    Refused,
}

/// The result of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefundAnswer {
    /// The gateway has given the money back, or has refused to.
    Ended(RefundOutcome),
    /// The gateway may have given the money back or not.
    Unknown,
}

/// An output of the saga: an action for the actor.
#[derive(Debug, Clone, PartialEq, Hash)]
#[expect(
    clippy::large_enum_variant,
    reason = "one at a time lives, and it is moved a few times"
)]
pub enum Effect {
    /// Send a command; answered by [`Event::Command`].
    Send(OrderCommand),
    /// Make a new order number; answered by [`Event::Renumbered`].
    Renumber,
    /// Charge the payment; answered by [`Event::Confirm`].
    Confirm {
        /// The order that is paid.
        number: OrderNumber,
        /// What to charge.
        payment: Payment,
    },
    /// Cancel the charge; answered by [`Event::Cancel`].
    Cancel {
        /// The order that was paid.
        number: OrderNumber,
        /// The charge.
        payment: Payment,
        /// Why, for the gateway's records.
        reason: Reason,
    },
    /// Give a part of a charge back; answered by [`Event::Refund`].
    GiveBack {
        /// The order that was paid.
        number: OrderNumber,
        /// The charge.
        payment: Payment,
        /// How much of it.
        refund: Refund,
    },
    /// Wait for this time, with jitter; answered by [`Event::WaitOver`].
    Wait(Duration),
    /// Answer the shopper. At most once per purchase.
    Answer(Outcome),
    /// Log a warning.
    Warn(Warning),
}

/// A warning for operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Warning {
    /// This step has no result after many attempts.
    Unresolved(&'static str),
    /// The gateway refuses for good to give the money back.
    NotCancellable,
    /// The purchase is older than [`CONFIRM_FENCE`](super::CONFIRM_FENCE), so the gateway is not asked to charge.
    TooOldToCharge,
    /// The cancellation is so old that the review of its order goes on with it.
    LeftToReview,
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unresolved(step) => write!(formatter, "still unresolved: {step}"),
            Self::NotCancellable => formatter.write_str(
                "can't be refunded: the gateway will not give the money back; the order's review shows it on hold until somebody does so by hand",
            ),
            Self::TooOldToCharge => {
                formatter.write_str("is too old to be charged; its review decides")
            }
            Self::LeftToReview => {
                formatter.write_str("the refund has no result yet; a review goes on with it")
            }
        }
    }
}

/// The answer to the shopper.
#[derive(Debug, Clone, PartialEq, Hash)]
pub enum Outcome {
    /// The order is created and not paid yet.
    Pending(OrderDto),
    /// The order is paid.
    Complete(OrderDto),
    /// The order is cancelled, or some of its pieces are. As it is now.
    Cancelled(OrderDto),
    /// The order is rejected, or can't be paid or cancelled.
    Refused {
        /// The order.
        number: OrderNumber,
        /// Why.
        reason: Reason,
        /// Why the payment was declined, in our words.
        detail: Option<String>,
        /// When the same wish may be granted, where the member has too many pending orders.
        retry_at: Option<DateTime<FixedOffset>>,
    },
    /// The purchase is still running; its order will have this number.
    Late(OrderNumber),
    /// The purchase is still running, and the order number is not certain yet; a repetition of the request will return it.
    StillRunning,
    /// The command could not be sent; nothing was ordered.
    Unavailable,
    /// The order service can't do this. Nothing was charged.
    NotSupported {
        /// The order that was placed nonetheless, and stays pending.
        number: Option<OrderNumber>,
        /// What it can't do.
        what: Unsupported,
    },
    /// The order service has failed.
    Failed(OrderNumber),
    /// An earlier request with the same idempotency key has placed the order; this is its outcome.
    Replayed(Box<Outcome>),
}
