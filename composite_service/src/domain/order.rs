//! What the order service is asked, and what it answers.

use shared::member_id::MemberId;
use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::order_dto::{OrderDto, OrderLineDto};

pub use shared::idempotency::Idempotency;
pub use shared::payment::Payment;

/// What a shopper asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Basket {
    /// Names the purchase towards the order service: the same in every repetition.
    pub request_id: String,
    /// The member who orders, if one is named.
    pub member: Option<MemberId>,
    /// The shopper's idempotency key.
    pub idempotency: Option<Idempotency>,
    /// What to buy.
    pub lines: Vec<OrderLineDto>,
    /// The coupon to use.
    pub coupon_id: Option<i64>,
    /// The payment to make in the same purchase.
    pub payment: Option<Payment>,
}

/// A command to the order service. All are harmless when repeated.
#[derive(Debug, Clone, PartialEq)]
pub enum OrderCommand {
    /// Place the order.
    Create {
        /// Under this number.
        number: OrderNumber,
        /// With this content.
        basket: Basket,
    },
    /// A payment of it begins.
    Pay {
        /// The order.
        number: OrderNumber,
        /// The payment.
        payment: Payment,
        /// The shopper's idempotency key.
        idempotency: Option<Idempotency>,
    },
    /// Complete it.
    Approve {
        /// The order.
        number: OrderNumber,
        /// The payment that was made.
        payment: Payment,
    },
    /// Reject it.
    Reject {
        /// The order.
        number: OrderNumber,
        /// Why.
        reason: Reason,
        /// The gateway's words.
        detail: Option<String>,
    },
    /// Close the books of a rejected order: nothing is charged for it any more.
    Settle {
        /// The order.
        number: OrderNumber,
    },
}

impl OrderCommand {
    /// What is asked, in a word.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Pay { .. } => "pay",
            Self::Approve { .. } => "approve",
            Self::Reject { .. } => "reject",
            Self::Settle { .. } => "settle",
        }
    }

    /// The order that is spoken of.
    #[must_use]
    pub fn number(&self) -> &OrderNumber {
        match self {
            Self::Create { number, .. }
            | Self::Pay { number, .. }
            | Self::Approve { number, .. }
            | Self::Reject { number, .. }
            | Self::Settle { number } => number,
        }
    }
}

/// The order service's answer to a command.
#[derive(Debug, Clone, PartialEq)]
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
