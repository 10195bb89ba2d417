//! The state machine of an order: from its state and a command to the change that is to be stored.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use shared::money::Money;
use shared::reason::Reason;

use super::command::OrderCommand;
use super::order::{Idempotency, Order, OrderDraft, OrderState, Payment};
use super::refund::{Pieces, Refund, RefundOutcome, RefundState};
use super::refunding;

pub use super::transition::Transition;

/// How long after a payment began, or might have begun, the gateway is asked what came of it. No purchase charges for so long, so the
/// gateway's answer can't be outdated by a charge that is still under way.
pub const PAYMENT_REVIEW: TimeDelta = TimeDelta::seconds(60);

/// What a command leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// This is to be stored.
    Change(Transition),
    /// Nothing: it has been done before, and the stored order is the answer.
    AlreadyDone,
}

/// A command that an order's state does not allow. The order stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the order's state does not allow the command: {0}")]
pub struct Refusal(pub Reason);

/// Decides at `now` what `command` does. `order` is what is stored under its number, or an order of another number that has taken a new
/// order's idempotency key; `None` when there is neither.
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
            | OrderCommand::Settle { .. }
            | OrderCommand::Cancel { .. }
            | OrderCommand::EndRefund { .. } => Err(Refusal(Reason::UnknownOrder)),
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
        OrderCommand::Cancel {
            pieces,
            idempotency,
            ..
        } => cancel(order, pieces.as_deref(), idempotency, now),
        OrderCommand::EndRefund {
            refund, outcome, ..
        } => end_refund(order, *refund, *outcome),
    }
}

/// The command is a repetition, or the shopper's request is (it has made another order number, but has the same idempotency key). Or it is
/// another purchase, whose composite has drawn the same order number, or another request with the same key.
fn same_purchase(order: &Order, draft: &OrderDraft) -> Result<Decision, Refusal> {
    if order.number != draft.number && order.idempotency != draft.idempotency {
        Err(Refusal(Reason::IdempotencyKeyReused))
    } else if order.number == draft.number && order.request_id != draft.request_id {
        Err(Refusal(Reason::OrderNumberTaken))
    } else {
        Ok(Decision::AlreadyDone)
    }
}

/// The payment of a pending order begins, unless its amount is wrong. A repetition that comes after the payment's end is told how it ended.
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

/// Whether another request has the same key.
fn is_key_reused(earlier: Option<&Idempotency>, now: Option<&Idempotency>) -> bool {
    earlier
        .zip(now)
        .is_some_and(|(earlier, now)| earlier.key == now.key && earlier != now)
}

/// A payment that begins once more is reviewed later, since its purchase may charge for longer.
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

/// Checks the paid amount a second time: the composite has done so before it charged.
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
        // The order was rejected for the wrong amount of this very approval, which is repeated.
        OrderState::Rejected(Reason::AmountMismatch) if !is_right => Ok(Decision::AlreadyDone),
        OrderState::Rejected(_) => Err(Refusal(Reason::AlreadyRejected)),
    }
}

/// An expiry comes from a review that has found nothing charged. It concerns the payment that was reviewed, and not one that has begun
/// since.
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
        OrderState::Created if is_expiry => Ok(expired(order, detail, now)),
        OrderState::Created => Ok(rejected(order, reason, detail, now)),
        OrderState::Complete(_) => Err(Refusal(Reason::AlreadyPaid)),
        OrderState::Rejected(_) => Ok(Decision::AlreadyDone),
    }
}

/// Ends the payment, and the order when its time to be paid is over. If there was nothing to charge, the payment that has begun completes
/// the order, as its purchase would have done.
fn expired(order: &Arc<Order>, detail: Option<&String>, now: DateTime<Utc>) -> Decision {
    let order_of = || Arc::clone(order);
    if let Some(payment) = free_payment(order) {
        Decision::Change(Transition::Complete {
            order: order_of(),
            payment: payment.clone(),
        })
    } else if order.payable_until().is_some_and(|end| now < end) {
        Decision::Change(Transition::EndPayment { order: order_of() })
    } else {
        rejected(order, Reason::Expired, detail, now)
    }
}

/// The payment that has begun, if the order costs nothing.
fn free_payment(order: &Order) -> Option<&Payment> {
    let is_free = |payment: &&Payment| {
        order.final_price == Money::ZERO && payment.amount == order.final_price
    };
    order.intent.as_ref().filter(is_free)
}

/// The order is rejected. Its review is never earlier than it was: `now`, when the command was read, may be long ago, and a payment may
/// have begun since, which must have ended before it is reviewed.
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

/// A pending order ends at once, whatever its payment is doing: it is reviewed, as every rejected order is, and nothing that was charged for
/// it is kept. Only the whole of it can be cancelled, because its price is what a payment must be. Of a paid order a refund begins.
fn cancel(
    order: &Arc<Order>,
    pieces: Option<&[Pieces]>,
    idempotency: &Idempotency,
    now: DateTime<Utc>,
) -> Result<Decision, Refusal> {
    match &order.state {
        OrderState::Created if pieces.is_some() => Err(Refusal(Reason::OrderPending)),
        OrderState::Created => Ok(rejected(order, Reason::Cancelled, None, now)),
        OrderState::Rejected(Reason::Cancelled) if pieces.is_none() => Ok(Decision::AlreadyDone),
        OrderState::Rejected(_) => Err(Refusal(Reason::AlreadyRejected)),
        OrderState::Complete(_) => begin_refund(order, pieces, idempotency, now),
    }
}

/// A repetition is told how the refund ended that it has begun.
fn begin_refund(
    order: &Arc<Order>,
    pieces: Option<&[Pieces]>,
    idempotency: &Idempotency,
    now: DateTime<Utc>,
) -> Result<Decision, Refusal> {
    let has_key = |refund: &&Refund| {
        let earlier = refund.idempotency.as_ref();
        earlier.is_some_and(|earlier| earlier.key == idempotency.key)
    };
    if let Some(earlier) = order.refunds.iter().find(has_key) {
        return match earlier.state {
            _ if earlier.idempotency.as_ref() != Some(idempotency) => {
                Err(Refusal(Reason::IdempotencyKeyReused))
            }
            RefundState::Refused => Err(Refusal(Reason::RefundRefused)),
            RefundState::Requested | RefundState::Done => Ok(Decision::AlreadyDone),
        };
    }
    let refund = refunding::begin(order, pieces, idempotency, now).map_err(Refusal)?;
    Ok(refund.map_or(Decision::AlreadyDone, |refund| {
        Decision::Change(Transition::BeginRefund {
            order: Arc::clone(order),
            refund,
            review_at: now + PAYMENT_REVIEW,
        })
    }))
}

/// A refund that has ended stays as it is: the gateway repeats its first answer.
fn end_refund(
    order: &Arc<Order>,
    number: u16,
    outcome: RefundOutcome,
) -> Result<Decision, Refusal> {
    let mut refunds = order.refunds.iter();
    match refunds.find(|refund| refund.number == number) {
        // Only a refund that was told by a reply can be asked about.
        None => Err(Refusal(Reason::MalformedCommand)),
        Some(refund) if refund.state != RefundState::Requested => Ok(Decision::AlreadyDone),
        Some(_) => Ok(Decision::Change(Transition::EndRefund {
            order: Arc::clone(order),
            refund: number,
            outcome,
        })),
    }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
