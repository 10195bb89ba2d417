//! What can be asked of an order.

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
    /// Complete it: it is paid.
    Approve {
        /// The order.
        number: OrderNumber,
        /// How it was paid.
        payment: Payment,
    },
    /// Reject it, and give back what it holds.
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
    /// What it is called.
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

    /// The order that is spoken of.
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
