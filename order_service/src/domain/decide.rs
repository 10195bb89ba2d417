//! The state machine of an order: state and command → what is to happen. Decides, stores nothing.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use shared::order_number::OrderNumber;
use shared::reason::Reason;

use super::command::OrderCommand;
use super::order::{Order, OrderDraft, OrderState, Payment};

/// How long after its rejection the gateway is asked whether an order was charged nonetheless: longer than any purchase goes on
/// charging, so that the answer holds.
pub const REVIEW_AFTER_REJECTION: TimeDelta = TimeDelta::seconds(60);

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
            Self::Complete { order, .. } | Self::Reject { order, .. } | Self::Settle { order } => {
                &order.number
            }
        }
    }

    /// The idempotency key that a new order takes.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<&str> {
        match self {
            Self::Open(draft) => draft
                .idempotency
                .as_ref()
                .map(|idempotency| idempotency.key.as_str()),
            Self::Complete { .. } | Self::Reject { .. } | Self::Settle { .. } => None,
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
    let review_at = now + REVIEW_AFTER_REJECTION;
    let Some(order) = order else {
        return match command {
            OrderCommand::Create(draft) => Ok(Decision::Change(Transition::Open(draft.clone()))),
            OrderCommand::Approve { .. }
            | OrderCommand::Reject { .. }
            | OrderCommand::Settle { .. } => Err(Refusal(Reason::UnknownOrder)),
        };
    };
    match (&order.state, command) {
        (
            OrderState::Created | OrderState::Complete(_) | OrderState::Rejected(_),
            OrderCommand::Create(draft),
        ) => same_purchase(order, draft),
        (OrderState::Created, OrderCommand::Approve { payment, .. }) => {
            Ok(Decision::Change(approved(order, payment, review_at)))
        }
        (OrderState::Created, OrderCommand::Reject { reason, detail, .. }) => {
            Ok(Decision::Change(Transition::Reject {
                order: Arc::clone(order),
                reason: *reason,
                detail: detail.clone(),
                review_at,
            }))
        }
        (OrderState::Created, OrderCommand::Settle { .. }) => Err(Refusal(Reason::OrderPending)),
        (OrderState::Complete(made), OrderCommand::Approve { payment, .. }) if made == payment => {
            Ok(Decision::AlreadyDone)
        }
        (OrderState::Complete(_), OrderCommand::Approve { .. } | OrderCommand::Reject { .. }) => {
            Err(Refusal(Reason::AlreadyPaid))
        }
        (OrderState::Complete(_), OrderCommand::Settle { .. }) => Ok(Decision::AlreadyDone),
        // Its own wrong amount has rejected the order: the approval comes again.
        (OrderState::Rejected(Reason::AmountMismatch), OrderCommand::Approve { payment, .. })
            if payment.amount != order.final_price =>
        {
            Ok(Decision::AlreadyDone)
        }
        (OrderState::Rejected(_), OrderCommand::Approve { .. }) => {
            Err(Refusal(Reason::AlreadyRejected))
        }
        (OrderState::Rejected(_), OrderCommand::Reject { .. }) => Ok(Decision::AlreadyDone),
        (OrderState::Rejected(_), OrderCommand::Settle { .. }) => Ok(closed(order)),
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

fn closed(order: &Arc<Order>) -> Decision {
    match order.review_at {
        Some(_) => Decision::Change(Transition::Settle {
            order: Arc::clone(order),
        }),
        None => Decision::AlreadyDone,
    }
}

/// The second check of the paid amount: composite has checked it before it charged.
fn approved(order: &Arc<Order>, payment: &Payment, review_at: DateTime<Utc>) -> Transition {
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
            detail: None,
            review_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::order::Idempotency;
    use crate::domain::samples::{approve, draft, item, now, number, payment};
    use crate::domain::shelf::Shelf;

    /// One order of 12000 in each state that it can have, `None` included.
    fn in_every_state() -> [(&'static str, Option<Arc<Order>>); 6] {
        let created =
            Shelf::new([item(1, "12000", 9)], []).settle(&Transition::Open(draft(1, &[(1, 1)])));
        let rejected = |reason| created.rejected(reason, None, review_at());
        [
            ("none", None),
            (
                "complete",
                Some(Arc::new(created.completed(payment("paid", "12000")))),
            ),
            ("expired", Some(Arc::new(rejected(Reason::Expired)))),
            ("mismatch", Some(Arc::new(rejected(Reason::AmountMismatch)))),
            (
                "settled",
                Some(Arc::new(rejected(Reason::Expired).settled())),
            ),
            ("created", Some(Arc::new(created))),
        ]
    }

    fn review_at() -> DateTime<Utc> {
        now() + REVIEW_AFTER_REJECTION
    }

    fn every_command() -> [(&'static str, OrderCommand); 7] {
        let stranger = OrderDraft {
            request_id: draft(2, &[]).request_id,
            ..draft(1, &[(1, 1)])
        };
        [
            ("create", OrderCommand::Create(draft(1, &[(1, 1)]))),
            ("create by another", OrderCommand::Create(stranger)),
            ("approve", approve(1, "paid", "12000")),
            ("approve by another payment", approve(1, "other", "12000")),
            ("approve too little", approve(1, "paid", "11999.99")),
            (
                "reject",
                OrderCommand::Reject {
                    number: number(1),
                    reason: Reason::PaymentDeclined,
                    detail: Some("limit".to_owned()),
                },
            ),
            ("settle", OrderCommand::Settle { number: number(1) }),
        ]
    }

    /// A decision in a word or two; only the open order changes to something else than a new one.
    fn told(decision: &Result<Decision, Refusal>) -> String {
        match decision {
            Ok(Decision::AlreadyDone) => "done".to_owned(),
            Ok(Decision::Change(Transition::Open(draft))) => {
                format!("open {}", draft.request_id.as_str())
            }
            Ok(Decision::Change(Transition::Complete { payment, .. })) => {
                format!("complete {}", payment.key)
            }
            Ok(Decision::Change(Transition::Reject { reason, .. })) => format!("reject {reason}"),
            Ok(Decision::Change(Transition::Settle { .. })) => "settle".to_owned(),
            Err(Refusal(reason)) => reason.to_string(),
        }
    }

    #[test]
    fn given_each_state_when_each_command_comes_then_the_table_says_what_happens() {
        #[rustfmt::skip]
        let table = [
            ("none",     ["open r1", "open r2",            "UNKNOWN_ORDER",    "UNKNOWN_ORDER",    "UNKNOWN_ORDER",          "UNKNOWN_ORDER",            "UNKNOWN_ORDER"]),
            ("complete", ["done",    "ORDER_NUMBER_TAKEN", "done",             "ALREADY_PAID",     "ALREADY_PAID",           "ALREADY_PAID",             "done"]),
            ("expired",  ["done",    "ORDER_NUMBER_TAKEN", "ALREADY_REJECTED", "ALREADY_REJECTED", "ALREADY_REJECTED",       "done",                     "settle"]),
            ("mismatch", ["done",    "ORDER_NUMBER_TAKEN", "ALREADY_REJECTED", "ALREADY_REJECTED", "done",                   "done",                     "settle"]),
            ("settled",  ["done",    "ORDER_NUMBER_TAKEN", "ALREADY_REJECTED", "ALREADY_REJECTED", "ALREADY_REJECTED",       "done",                     "done"]),
            ("created",  ["done",    "ORDER_NUMBER_TAKEN", "complete paid",    "complete other",   "reject AMOUNT_MISMATCH", "reject PAYMENT_DECLINED", "ORDER_PENDING"]),
        ];
        for ((state, order), (row, expected)) in in_every_state().iter().zip(table) {
            assert_eq!(*state, row);
            for ((command_name, command), expected) in every_command().iter().zip(expected) {
                let decision = decide(order.as_ref(), command, now());
                assert_eq!(told(&decision), expected, "{state} × {command_name}");
            }
        }
    }

    #[test]
    fn given_a_change_of_a_stored_order_then_it_carries_the_order_that_it_starts_from() {
        let [.., (_, created)] = in_every_state();
        for (name, command) in &every_command()[2..6] {
            let Ok(Decision::Change(
                Transition::Complete { order, .. } | Transition::Reject { order, .. },
            )) = decide(created.as_ref(), command, now())
            else {
                panic!("{name} changes nothing");
            };
            assert_eq!(Some(order), created, "{name}");
        }
    }

    #[test]
    fn given_an_idempotency_key_that_another_order_has_taken_then_the_same_request_finds_it_and_another_is_refused()
     {
        let with_key = |digits, fingerprint: &str| {
            let idempotency = Idempotency {
                key: "key".to_owned(),
                fingerprint: fingerprint.to_owned(),
            };
            OrderDraft {
                idempotency: Some(idempotency),
                ..draft(digits, &[(1, 1)])
            }
        };
        let mut shelf = Shelf::new([item(1, "12000", 9)], []);
        let first = Arc::new(shelf.settle(&Transition::Open(with_key(1, "two umbrellas"))));
        let asked_again = |draft| decide(Some(&first), &OrderCommand::Create(draft), now());
        assert_eq!(
            asked_again(with_key(2, "two umbrellas")),
            Ok(Decision::AlreadyDone)
        );
        let refused = Err(Refusal(Reason::IdempotencyKeyReused));
        assert_eq!(asked_again(with_key(2, "an umbrella")), refused);
    }

    #[test]
    fn given_an_order_when_it_moves_on_then_its_books_are_open_until_it_is_paid_or_settled() {
        let [
            _,
            (_, complete),
            (_, expired),
            _,
            (_, settled),
            (_, created),
        ] = in_every_state();
        let review_at_of = |order: Option<Arc<Order>>| order.unwrap().review_at;
        assert_eq!(review_at_of(created), Some(draft(1, &[]).review_at));
        assert_eq!(review_at_of(expired), Some(review_at()));
        assert_eq!(
            (review_at_of(complete), review_at_of(settled)),
            (None, None)
        );
    }
}
