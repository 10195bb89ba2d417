//! The commands to an order.

use shared::order_number::OrderNumber;
use shared::reason::Reason;

use super::order::{Idempotency, OrderDraft, Payment};
use super::refund::{Pieces, RefundOutcome};

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
    /// Cancel it: a pending order is rejected, of a paid one a refund begins.
    Cancel {
        /// The order.
        number: OrderNumber,
        /// These pieces only. `None` for all that are left.
        pieces: Option<Vec<Pieces>>,
        /// The request. Always there, so that a command that is read again does not begin another refund.
        idempotency: Idempotency,
    },
    /// The gateway has said what becomes of a refund.
    EndRefund {
        /// The order.
        number: OrderNumber,
        /// The refund's number.
        refund: u16,
        /// What it has said.
        outcome: RefundOutcome,
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
            Self::Cancel { .. } => "cancel",
            Self::EndRefund { .. } => "end refund",
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
            | Self::Settle { number }
            | Self::Cancel { number, .. }
            | Self::EndRefund { number, .. } => number,
        }
    }
}
