//! The commands to the order service and its replies.

use shared::member_id::MemberId;
use shared::money::Money;
use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::order_dto::{OrderDto, OrderLineDto, RefundLineDto};

pub use shared::idempotency::Idempotency;
pub use shared::payment::Payment;

/// The content of a shopper's request for an order.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct Basket {
    /// Identifies the request at the order service; the same in every repetition.
    pub request_id: String,
    /// The member who orders, if the request names one.
    pub member: Option<MemberId>,
    /// The shopper's idempotency key.
    pub idempotency: Option<Idempotency>,
    /// The items to buy.
    pub lines: Vec<OrderLineDto>,
    /// The coupon to use.
    pub coupon_id: Option<i64>,
    /// The payment to make in the same purchase.
    pub payment: Option<Payment>,
}

/// A shopper's request to cancel an order.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct Cancellation {
    /// These pieces only; `None` for all that are left.
    pub pieces: Option<Vec<RefundLineDto>>,
    /// Names the request: the shopper's idempotency key, or one that is made for it.
    pub idempotency: Idempotency,
}

/// A refund that the order service has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Refund {
    /// Its number within its order, from 1.
    pub number: u16,
    /// What is to be given back.
    pub amount: Money,
}

impl Refund {
    /// The part of the payment that it gives back.
    #[must_use]
    pub fn as_payment(&self, payment: &Payment) -> Payment {
        Payment {
            amount: self.amount,
            ..payment.clone()
        }
    }
}

/// What the gateway has said about a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefundOutcome {
    /// It has given the money back.
    Done,
    /// It refuses to, and will refuse again.
    Refused,
    /// It does not do so now, and may do so when it is asked again.
    NotNow,
}

/// A command to the order service. All commands are idempotent at an order service of this mall.
#[derive(Debug, Clone, PartialEq, Hash)]
pub enum OrderCommand {
    /// Place the order.
    Create {
        /// Under this number.
        number: OrderNumber,
        /// With this content.
        basket: Basket,
        /// The command may have been sent before.
        is_repetition: bool,
    },
    /// Begin the payment of the order.
    Pay {
        /// The order.
        number: OrderNumber,
        /// The payment.
        payment: Payment,
        /// The shopper's idempotency key.
        idempotency: Option<Idempotency>,
    },
    /// Complete the order.
    Approve {
        /// The order.
        number: OrderNumber,
        /// The payment that was made.
        payment: Payment,
    },
    /// Reject the order.
    Reject {
        /// The order.
        number: OrderNumber,
        /// Why.
        reason: Reason,
        /// Why the payment was declined, in our words.
        detail: Option<String>,
    },
    /// Settle a rejected order: confirm that no charge for it is left.
    Settle {
        /// The order.
        number: OrderNumber,
    },
    /// Cancel the order.
    Cancel {
        /// The order.
        number: OrderNumber,
        /// What of it, and for which request.
        cancellation: Cancellation,
    },
    /// End a refund.
    EndRefund {
        /// The order.
        number: OrderNumber,
        /// The refund's number.
        refund: u16,
        /// What the gateway has said.
        outcome: RefundOutcome,
    },
}

impl OrderCommand {
    /// The name of the command in logs and trails.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Pay { .. } => "pay",
            Self::Approve { .. } => "approve",
            Self::Reject { .. } => "reject",
            Self::Settle { .. } => "settle",
            Self::Cancel { .. } => "cancel",
            Self::EndRefund { .. } => "end refund",
        }
    }

    /// The order that the command is about.
    #[must_use]
    pub fn number(&self) -> &OrderNumber {
        match self {
            Self::Create { number, .. }
            | Self::Pay { number, .. }
            | Self::Approve { number, .. }
            | Self::Reject { number, .. }
            | Self::Settle { number }
            | Self::Cancel { number, .. }
            | Self::EndRefund { number, .. } => number,
        }
    }
}

/// The order service's answer to a command.
#[derive(Debug, Clone, PartialEq, Hash)]
pub enum OrderReply {
    /// The order is pending.
    Pending(OrderDto),
    /// The order is paid.
    Complete(OrderDto),
    /// The order is rejected, for this reason.
    Rejected(OrderDto, Reason),
    /// The command was refused for this reason, and has changed nothing.
    Refused(Reason),
}
