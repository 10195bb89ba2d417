//! The state machine of an order: state and command → what is to happen. Decides, stores nothing.

use std::sync::Arc;

use shared::reason::Reason;

use super::command::OrderCommand;
use super::order::{Order, OrderDraft, OrderState, Payment};

/// A change that is to be stored. The existing order that it starts from is part of it, with the revision that must still stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transition {
    /// A new order is to be priced, and its stock and coupon taken.
    Open(OrderDraft),
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
    },
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

/// Decides what `command` does to `order`, which is `None` as long as nothing is stored under its number.
///
/// # Errors
/// When the state does not allow the command.
pub fn decide(order: Option<&Arc<Order>>, command: &OrderCommand) -> Result<Decision, Refusal> {
    let Some(order) = order else {
        return match command {
            OrderCommand::Create(draft) => Ok(Decision::Change(Transition::Open(draft.clone()))),
            OrderCommand::Approve { .. } | OrderCommand::Reject { .. } => {
                Err(Refusal(Reason::UnknownOrder))
            }
        };
    };
    match (&order.state, command) {
        (
            OrderState::Created | OrderState::Complete(_) | OrderState::Rejected(_),
            OrderCommand::Create(draft),
        ) => same_purchase(order, draft),
        (OrderState::Created, OrderCommand::Approve { payment, .. }) => {
            Ok(Decision::Change(settled(order, payment)))
        }
        (OrderState::Created, OrderCommand::Reject { reason, .. }) => {
            Ok(Decision::Change(Transition::Reject {
                order: Arc::clone(order),
                reason: *reason,
            }))
        }
        (OrderState::Complete(made), OrderCommand::Approve { payment, .. }) if made == payment => {
            Ok(Decision::AlreadyDone)
        }
        (OrderState::Complete(_), OrderCommand::Approve { .. } | OrderCommand::Reject { .. }) => {
            Err(Refusal(Reason::AlreadyPaid))
        }
        (OrderState::Rejected(_), OrderCommand::Approve { .. }) => {
            Err(Refusal(Reason::AlreadyRejected))
        }
        (OrderState::Rejected(_), OrderCommand::Reject { .. }) => Ok(Decision::AlreadyDone),
    }
}

/// The same purchase asks again, or another one happened upon the same number.
fn same_purchase(order: &Order, draft: &OrderDraft) -> Result<Decision, Refusal> {
    if order.request_id == draft.request_id {
        Ok(Decision::AlreadyDone)
    } else {
        Err(Refusal(Reason::OrderNumberTaken))
    }
}

/// The second check of the paid amount: composite has checked it before it charged.
fn settled(order: &Arc<Order>, payment: &Payment) -> Transition {
    let order = Arc::clone(order);
    if payment.amount == order.final_price {
        Transition::Complete {
            order,
            payment: payment.clone(),
        }
    } else {
        Transition::Reject {
            order,
            reason: Reason::AmountMismatch,
        }
    }
}
