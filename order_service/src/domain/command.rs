//! The commands to an order.

use shared::order_number::OrderNumber;
use shared::reason::Reason;

use super::order::{Idempotency, OrderDraft, Payment};

/// A request to change one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderCommand {
    /// Place it.
    Create(OrderDraft),
    /// A payment of it begins.
    Pay {
        /// The order.
        number: OrderNumber,
        /// How it is to be paid.
        payment: Payment,
        /// The shopper's idempotency key.
        idempotency: Option<Idempotency>,
    },
    /// It is paid: complete it.
    Approve {
        /// The order.
        number: OrderNumber,
        /// How it was paid.
        payment: Payment,
    },
    /// Reject it, and give back its stock and coupon.
    Reject {
        /// The order.
        number: OrderNumber,
        /// Why.
        reason: Reason,
        /// Why the payment was declined.
        detail: Option<String>,
    },
    /// Nothing is charged for the rejected order: it needs no review any more.
    Settle {
        /// The order.
        number: OrderNumber,
    },
}

impl OrderCommand {
    /// Its name in traces and in pictures of mailboxes.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Create(_) => "create",
            Self::Pay { .. } => "pay",
            Self::Approve { .. } => "approve",
            Self::Reject { .. } => "reject",
            Self::Settle { .. } => "settle",
        }
    }

    /// Its order.
    #[must_use]
    pub fn number(&self) -> &OrderNumber {
        match self {
            Self::Create(draft) => &draft.number,
            Self::Pay { number, .. }
            | Self::Approve { number, .. }
            | Self::Reject { number, .. }
            | Self::Settle { number } => number,
        }
    }
}
