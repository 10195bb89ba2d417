//! The changes of an order, as they are handed to the store.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use shared::idempotency::IdempotencyKey;
use shared::member_id::MemberId;
use shared::order_number::OrderNumber;
use shared::reason::Reason;

use super::order::{Idempotency, Order, OrderDraft, Payment};
use super::refund::{Refund, RefundOutcome};

/// A change that is to be stored. It carries the order that it starts from, whose revision must still be the stored one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transition {
    /// A new order is priced and takes its stock and coupon, or is stored as rejected.
    Open(OrderDraft),
    /// A payment of the pending order begins.
    BeginPayment {
        /// As it was.
        order: Arc<Order>,
        /// How it is to be paid.
        payment: Payment,
        /// The shopper's idempotency key.
        idempotency: Option<Idempotency>,
        /// When the gateway is asked what came of it.
        review_at: DateTime<Utc>,
    },
    /// The payment was not made, and the order goes on waiting for another.
    EndPayment {
        /// As it was.
        order: Arc<Order>,
    },
    /// The order is paid.
    Complete {
        /// As it was.
        order: Arc<Order>,
        /// How it was paid.
        payment: Payment,
    },
    /// The order is rejected and gives back its stock and coupon.
    Reject {
        /// As it was.
        order: Arc<Order>,
        /// Why.
        reason: Reason,
        /// Why the payment was declined.
        detail: Option<String>,
        /// When the gateway is asked whether it was charged nonetheless.
        review_at: DateTime<Utc>,
    },
    /// Nothing is charged for the rejected order, so it needs no review any more.
    Settle {
        /// As it was.
        order: Arc<Order>,
    },
    /// A refund of the paid order begins. It still holds the pieces.
    BeginRefund {
        /// As it was.
        order: Arc<Order>,
        /// The refund.
        refund: Refund,
        /// When an instance goes on with it.
        review_at: DateTime<Utc>,
    },
    /// A refund has ended. If the money is given back, so are the pieces; and the coupon, when no piece is left.
    EndRefund {
        /// As it was.
        order: Arc<Order>,
        /// The refund's number.
        refund: u16,
        /// How it has ended.
        outcome: RefundOutcome,
    },
}

impl Transition {
    /// The order that changes.
    #[must_use]
    pub fn number(&self) -> &OrderNumber {
        match self {
            Self::Open(draft) => &draft.number,
            Self::BeginPayment { order, .. }
            | Self::EndPayment { order }
            | Self::Complete { order, .. }
            | Self::Reject { order, .. }
            | Self::Settle { order }
            | Self::BeginRefund { order, .. }
            | Self::EndRefund { order, .. } => &order.number,
        }
    }

    /// The member who places a new order.
    #[must_use]
    pub fn buyer(&self) -> Option<&MemberId> {
        match self {
            Self::Open(draft) => draft.member.as_ref(),
            Self::BeginPayment { .. }
            | Self::EndPayment { .. }
            | Self::Complete { .. }
            | Self::Reject { .. }
            | Self::Settle { .. }
            | Self::BeginRefund { .. }
            | Self::EndRefund { .. } => None,
        }
    }

    /// The idempotency key that a new order takes.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<&IdempotencyKey> {
        match self {
            Self::Open(draft) => draft
                .idempotency
                .as_ref()
                .map(|idempotency| &idempotency.key),
            Self::BeginPayment { .. }
            | Self::EndPayment { .. }
            | Self::Complete { .. }
            | Self::Reject { .. }
            | Self::Settle { .. }
            | Self::BeginRefund { .. }
            | Self::EndRefund { .. } => None,
        }
    }
}
