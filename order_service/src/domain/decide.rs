//! The state machine of an order: state and command → what is to happen. Decides, stores nothing.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use shared::idempotency::IdempotencyKey;
use shared::order_number::OrderNumber;
use shared::reason::Reason;

use super::command::OrderCommand;
use super::order::{Idempotency, Order, OrderDraft, OrderState, Payment};

/// How long after a payment began, or might have, the gateway is asked what came of it: longer than any purchase goes on charging, so
/// that the answer holds.
pub const PAYMENT_REVIEW: TimeDelta = TimeDelta::seconds(60);

/// A change that is to be stored. The existing order that it starts from is part of it, with the revision that must still stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transition {
    /// A new order is to be priced, and its stock and coupon taken.
    Open(OrderDraft),
    /// A payment of the pending order begins.
    BeginPayment {
        /// As it was.
        order: Arc<Order>,
        /// How it is to be paid.
        payment: Payment,
        /// The shopper's idempotency key.
        idempotency: Option<Idempotency>,
        /// When the gateway is to be asked what came of it.
        review_at: DateTime<Utc>,
    },
    /// That payment was not made, and the order goes on waiting for another.
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
    /// The order ends, and gives back what it holds.
    Reject {
        /// As it was.
        order: Arc<Order>,
        /// Why.
        reason: Reason,
        /// The gateway's words.
        detail: Option<String>,
        /// When the gateway is to be asked whether it was charged nonetheless.
        review_at: DateTime<Utc>,
    },
    /// The rejected order's books are closed.
    Settle {
        /// As it was.
        order: Arc<Order>,
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
            | Self::Settle { order } => &order.number,
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
            | Self::Settle { .. } => None,
        }
    }
}

/// What a command comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// This is to be stored.
    Change(Transition),
    /// It has been done before; the stored outcome is the answer.
    AlreadyDone,
}

/// A command that an order's state does not allow. The order stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the order's state does not allow the command: {0}")]
pub struct Refusal(pub Reason);

/// Decides at `now` what `command` does to `order`, which is `None` as long as nothing is stored that stands in the way: an order of
/// this number, or one that has taken a new order's idempotency key.
///
/// # Errors
/// When the state does not allow the command.
pub fn decide(
    order: Option<&Arc<Order>>,
    command: &OrderCommand,
    now: DateTime<Utc>,
) -> Result<Decision, Refusal> {
    let Some(order) = order else {
        return match command {
            OrderCommand::Create(draft) => Ok(Decision::Change(Transition::Open(draft.clone()))),
            OrderCommand::Pay { .. }
            | OrderCommand::Approve { .. }
            | OrderCommand::Reject { .. }
            | OrderCommand::Settle { .. } => Err(Refusal(Reason::UnknownOrder)),
        };
    };
    match command {
        OrderCommand::Create(draft) => same_purchase(order, draft),
        OrderCommand::Pay {
            payment,
            idempotency,
            ..
        } => pay(order, payment, idempotency.as_ref(), now),
        OrderCommand::Approve { payment, .. } => approve(order, payment, now),
        OrderCommand::Reject { reason, detail, .. } => reject(order, *reason, detail.as_ref(), now),
        OrderCommand::Settle { .. } => settle(order),
    }
}

/// The same purchase asks again, another one happened upon the same number, or the shopper asks again with an idempotency key.
fn same_purchase(order: &Order, draft: &OrderDraft) -> Result<Decision, Refusal> {
    if order.number != draft.number && order.idempotency != draft.idempotency {
        Err(Refusal(Reason::IdempotencyKeyReused))
    } else if order.number == draft.number && order.request_id != draft.request_id {
        Err(Refusal(Reason::OrderNumberTaken))
    } else {
        Ok(Decision::AlreadyDone)
    }
}

/// The payment of a pending order begins, unless its amount is wrong; whoever repeats what has ended is told how it ended.
fn pay(
    order: &Arc<Order>,
    payment: &Payment,
    idempotency: Option<&Idempotency>,
    now: DateTime<Utc>,
) -> Result<Decision, Refusal> {
    if is_key_reused(order.payment_idempotency.as_ref(), idempotency) {
        return Err(Refusal(Reason::IdempotencyKeyReused));
    }
    match &order.state {
        OrderState::Created if payment.amount != order.final_price => {
            Err(Refusal(Reason::AmountMismatch))
        }
        OrderState::Created => Ok(payment_begun(order, payment, idempotency, now)),
        OrderState::Complete(made) if made == payment => Ok(Decision::AlreadyDone),
        OrderState::Complete(_) => Err(Refusal(Reason::AlreadyPaid)),
        OrderState::Rejected(_) if order.intent.as_ref() == Some(payment) => {
            Ok(Decision::AlreadyDone)
        }
        OrderState::Rejected(_) => Err(Refusal(Reason::AlreadyRejected)),
    }
}

/// The same key for something else.
fn is_key_reused(earlier: Option<&Idempotency>, now: Option<&Idempotency>) -> bool {
    earlier
        .zip(now)
        .is_some_and(|(earlier, now)| earlier.key == now.key && earlier != now)
}

/// A payment that begins once more is reviewed later: who repeats it goes on charging for longer.
fn payment_begun(
    order: &Arc<Order>,
    payment: &Payment,
    idempotency: Option<&Idempotency>,
    now: DateTime<Utc>,
) -> Decision {
    let review_at = now + PAYMENT_REVIEW;
    let is_known = order.intent.as_ref() == Some(payment)
        && order.payment_idempotency.as_ref() == idempotency
        && order.review_at >= Some(review_at);
    if is_known {
        return Decision::AlreadyDone;
    }
    Decision::Change(Transition::BeginPayment {
        order: Arc::clone(order),
        payment: payment.clone(),
        idempotency: idempotency.cloned(),
        review_at,
    })
}

/// The second check of the paid amount: composite has checked it before it charged.
fn approve(order: &Arc<Order>, payment: &Payment, now: DateTime<Utc>) -> Result<Decision, Refusal> {
    let is_right = payment.amount == order.final_price;
    match &order.state {
        OrderState::Created if is_right => Ok(Decision::Change(Transition::Complete {
            order: Arc::clone(order),
            payment: payment.clone(),
        })),
        OrderState::Created => Ok(rejected(order, Reason::AmountMismatch, None, now)),
        OrderState::Complete(made) if made == payment => Ok(Decision::AlreadyDone),
        OrderState::Complete(_) => Err(Refusal(Reason::AlreadyPaid)),
        // Its own wrong amount has rejected the order: the approval comes again.
        OrderState::Rejected(Reason::AmountMismatch) if !is_right => Ok(Decision::AlreadyDone),
        OrderState::Rejected(_) => Err(Refusal(Reason::AlreadyRejected)),
    }
}

/// An expiry comes of a review, which says that nothing is charged. It ends the payment that was reviewed, not one that has begun since,
/// and the order only when nobody has time left to pay it.
fn reject(
    order: &Arc<Order>,
    reason: Reason,
    detail: Option<&String>,
    now: DateTime<Utc>,
) -> Result<Decision, Refusal> {
    let is_expiry = reason == Reason::Expired;
    match &order.state {
        OrderState::Created if is_expiry && order.review_at.is_some_and(|at| now < at) => {
            Ok(Decision::AlreadyDone)
        }
        OrderState::Created if is_expiry && now < order.pay_by => {
            Ok(Decision::Change(Transition::EndPayment {
                order: Arc::clone(order),
            }))
        }
        OrderState::Created => Ok(rejected(order, reason, detail, now)),
        OrderState::Complete(_) => Err(Refusal(Reason::AlreadyPaid)),
        OrderState::Rejected(_) => Ok(Decision::AlreadyDone),
    }
}

/// A payment that has begun is not reviewed before its time: `now`, when the command was taken in, may be long ago.
fn rejected(
    order: &Arc<Order>,
    reason: Reason,
    detail: Option<&String>,
    now: DateTime<Utc>,
) -> Decision {
    let review_at = now + PAYMENT_REVIEW;
    Decision::Change(Transition::Reject {
        order: Arc::clone(order),
        reason,
        detail: detail.cloned(),
        review_at: order.review_at.map_or(review_at, |due| due.max(review_at)),
    })
}

fn settle(order: &Arc<Order>) -> Result<Decision, Refusal> {
    match (&order.state, order.review_at) {
        (OrderState::Created, _) => Err(Refusal(Reason::OrderPending)),
        (OrderState::Rejected(_), Some(_)) => Ok(Decision::Change(Transition::Settle {
            order: Arc::clone(order),
        })),
        (OrderState::Rejected(_), None) | (OrderState::Complete(_), _) => Ok(Decision::AlreadyDone),
    }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
