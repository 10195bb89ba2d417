//! What a command has done by the time that its actor replies.

use order_service::domain::command::OrderCommand;
use order_service::domain::order::{Order, OrderState, Payment};
use order_service::domain::refund::{Refund, RefundState};
use order_service::ports::reply_sink::CommandOutcome;
use shared::money::Money;
use shared::reason::Reason;

use crate::store::Store;
use crate::violation::{Check, Invariant, violated};

/// What an actor is about to reply is so in the store, or was so a moment ago.
///
/// # Errors
/// When it is not.
pub fn effect_stands(store: &Store, command: &OrderCommand, outcome: &CommandOutcome) -> Check {
    let Some(told) = &outcome.order else {
        return if outcome.refusal.is_some() {
            Ok(())
        } else {
            violated(
                Invariant::Truth,
                format!("{command:?} is done, and there is no order"),
            )
        };
    };
    let is_stored = store
        .order(&told.number)
        .is_some_and(|stored| told.revision < stored.revision || told.as_ref() == stored.as_ref());
    let is_done = outcome.refusal.is_some() || is_effect(command, told);
    if is_stored && is_done {
        Ok(())
    } else {
        violated(
            Invariant::Truth,
            format!("{command:?} comes to {outcome:?}"),
        )
    }
}

fn is_effect(command: &OrderCommand, order: &Order) -> bool {
    match command {
        OrderCommand::Create(draft) if order.number == draft.number => {
            order.request_id == draft.request_id
        }
        OrderCommand::Create(draft) => {
            draft.idempotency.is_some() && order.idempotency == draft.idempotency
        }
        OrderCommand::Approve { number, payment } => {
            let is_paid = match &order.state {
                OrderState::Complete(made) => made == payment,
                OrderState::Rejected(reason) => *reason == Reason::AmountMismatch,
                OrderState::Created => false,
            };
            order.number == *number && is_paid
        }
        OrderCommand::Pay {
            number, payment, ..
        } => {
            let is_begun = match &order.state {
                OrderState::Complete(made) => made == payment,
                OrderState::Created | OrderState::Rejected(_) => {
                    order.intent.as_ref() == Some(payment)
                }
            };
            order.number == *number && is_begun
        }
        // An order that is not due goes on waiting for its payment, and there is none to wait for if it costs nothing.
        OrderCommand::Reject { number, reason, .. } => {
            let is_rejected = matches!(order.state, OrderState::Rejected(_));
            let waits = *reason == Reason::Expired && order.state == OrderState::Created;
            let is_free =
                |made: &Payment| made.amount == Money::ZERO && order.intent.as_ref() == Some(made);
            let is_given = *reason == Reason::Expired
                && matches!(&order.state, OrderState::Complete(made) if is_free(made));
            order.number == *number && (is_rejected || waits || is_given)
        }
        OrderCommand::Cancel {
            number,
            pieces,
            idempotency,
        } => {
            let has_begun = || {
                let mut refunds = order.refunds.iter();
                refunds.any(|refund| refund.idempotency.as_ref() == Some(idempotency))
            };
            let is_cancelled = match &order.state {
                OrderState::Created => false,
                OrderState::Rejected(reason) => *reason == Reason::Cancelled,
                OrderState::Complete(_) => has_begun() || pieces.is_none(),
            };
            order.number == *number && is_cancelled
        }
        OrderCommand::EndRefund { number, refund, .. } => {
            let mut refunds = order.refunds.iter();
            let is_ended =
                |one: &Refund| one.number == *refund && one.state != RefundState::Requested;
            order.number == *number && refunds.any(is_ended)
        }
        OrderCommand::Settle { number } => order.number == *number && order.review_at.is_none(),
    }
}
