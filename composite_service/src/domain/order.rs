//! The commands to the order service and its replies.

use shared::member_id::MemberId;
use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::order_dto::{OrderDto, OrderLineDto};

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
            | Self::Settle { number } => number,
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
