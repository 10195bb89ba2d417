//! The state machine's table, and what its rows can't say.

use super::*;
use crate::domain::order::Idempotency;
use crate::domain::samples::{approve, draft, expire, item, money, now, number, pay, payment};
use crate::domain::shelf::Shelf;

/// One order of 12000 in each state that it can have, `None` included.
fn in_every_state() -> [(&'static str, Option<Arc<Order>>); 8] {
    let created = created();
    let paying = created.paying(payment("paid", "12000"), None, review_at());
    let rejected = |reason| created.rejected(reason, None, review_at());
    let declined = paying.rejected(Reason::PaymentDeclined, None, review_at());
    let some = |order| Some(Arc::new(order));
    [
        ("none", None),
        (
            "complete",
            some(created.completed(payment("paid", "12000"))),
        ),
        ("expired", some(rejected(Reason::Expired))),
        ("declined", some(declined)),
        ("mismatch", some(rejected(Reason::AmountMismatch))),
        ("settled", some(rejected(Reason::Expired).settled())),
        ("paying", some(paying)),
        ("created", some(created)),
    ]
}

/// Placed at [`now`], to be paid within half an hour.
fn created() -> Order {
    Shelf::new([item(1, "12000", 9)], []).settle(&Transition::Open(draft(1, &[(1, 1)])))
}

fn in_state(wanted: &str) -> Arc<Order> {
    let found = in_every_state()
        .into_iter()
        .find(|(state, _)| *state == wanted);
    found.and_then(|(_, order)| order).unwrap()
}

fn review_at() -> DateTime<Utc> {
    now() + PAYMENT_REVIEW
}

fn every_command() -> [(&'static str, OrderCommand); 11] {
    let stranger = OrderDraft {
        request_id: draft(2, &[]).request_id,
        ..draft(1, &[(1, 1)])
    };
    [
        ("create", OrderCommand::Create(draft(1, &[(1, 1)]))),
        ("create by another", OrderCommand::Create(stranger)),
        ("pay", pay(1, "paid", "12000")),
        ("pay otherwise", pay(1, "other", "12000")),
        ("pay too little", pay(1, "paid", "11999.99")),
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
        ("expire", expire(1)),
        ("settle", OrderCommand::Settle { number: number(1) }),
    ]
}

/// A decision in a word or two.
fn told(decision: &Result<Decision, Refusal>) -> String {
    match decision {
        Ok(Decision::AlreadyDone) => "done".to_owned(),
        Ok(Decision::Change(Transition::Open(draft))) => {
            format!("open {}", draft.request_id.as_str())
        }
        Ok(Decision::Change(Transition::BeginPayment { payment, .. })) => {
            format!("begin {}", payment.key.as_str())
        }
        Ok(Decision::Change(Transition::EndPayment { .. })) => "end payment".to_owned(),
        Ok(Decision::Change(Transition::Complete { payment, .. })) => {
            format!("complete {}", payment.key.as_str())
        }
        Ok(Decision::Change(Transition::Reject { reason, .. })) => format!("reject {reason}"),
        Ok(Decision::Change(Transition::Settle { .. })) => "settle".to_owned(),
        Ok(Decision::Change(Transition::BeginRefund { refund, .. })) => {
            format!("refund {}", refund.amount)
        }
        Ok(Decision::Change(Transition::EndRefund { outcome, .. })) => format!("end {outcome:?}"),
        Err(Refusal(reason)) => reason.to_string(),
    }
}

#[test]
fn each_command_does_in_each_state_what_the_table_says() {
    #[rustfmt::skip]
    let table = [
        ("none",     ["open r1", "open r2",            "UNKNOWN_ORDER",    "UNKNOWN_ORDER",    "UNKNOWN_ORDER",    "UNKNOWN_ORDER",    "UNKNOWN_ORDER",    "UNKNOWN_ORDER",          "UNKNOWN_ORDER",           "UNKNOWN_ORDER", "UNKNOWN_ORDER"]),
        ("complete", ["done",    "ORDER_NUMBER_TAKEN", "done",             "ALREADY_PAID",     "ALREADY_PAID",     "done",             "ALREADY_PAID",     "ALREADY_PAID",           "ALREADY_PAID",            "ALREADY_PAID",  "done"]),
        ("expired",  ["done",    "ORDER_NUMBER_TAKEN", "ALREADY_REJECTED", "ALREADY_REJECTED", "ALREADY_REJECTED", "ALREADY_REJECTED", "ALREADY_REJECTED", "ALREADY_REJECTED",       "done",                    "done",          "settle"]),
        ("declined", ["done",    "ORDER_NUMBER_TAKEN", "done",             "ALREADY_REJECTED", "ALREADY_REJECTED", "ALREADY_REJECTED", "ALREADY_REJECTED", "ALREADY_REJECTED",       "done",                    "done",          "settle"]),
        ("mismatch", ["done",    "ORDER_NUMBER_TAKEN", "ALREADY_REJECTED", "ALREADY_REJECTED", "ALREADY_REJECTED", "ALREADY_REJECTED", "ALREADY_REJECTED", "done",                   "done",                    "done",          "settle"]),
        ("settled",  ["done",    "ORDER_NUMBER_TAKEN", "ALREADY_REJECTED", "ALREADY_REJECTED", "ALREADY_REJECTED", "ALREADY_REJECTED", "ALREADY_REJECTED", "ALREADY_REJECTED",       "done",                    "done",          "done"]),
        ("paying",   ["done",    "ORDER_NUMBER_TAKEN", "done",             "begin other",      "AMOUNT_MISMATCH",  "complete paid",    "complete other",   "reject AMOUNT_MISMATCH", "reject PAYMENT_DECLINED", "done",          "ORDER_PENDING"]),
        ("created",  ["done",    "ORDER_NUMBER_TAKEN", "begin paid",       "begin other",      "AMOUNT_MISMATCH",  "complete paid",    "complete other",   "reject AMOUNT_MISMATCH", "reject PAYMENT_DECLINED", "done",          "ORDER_PENDING"]),
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
fn a_change_carries_the_order_that_it_starts_from() {
    let created = Some(in_state("created"));
    for (name, command) in &every_command()[2..9] {
        let start = match decide(created.as_ref(), command, now()) {
            Ok(Decision::Change(
                Transition::BeginPayment { order, .. }
                | Transition::Complete { order, .. }
                | Transition::Reject { order, .. },
            )) => order,
            Err(Refusal(Reason::AmountMismatch)) => continue,
            other => panic!("{name} changes nothing: {other:?}"),
        };
        assert_eq!(Some(start), created, "{name}");
    }
}

#[test]
fn an_expiry_ends_the_reviewed_payment_and_the_order_only_when_its_time_is_over() {
    let (created, paying) = (in_state("created"), in_state("paying"));
    let expired = |order: &Arc<Order>, seconds| {
        told(&decide(
            Some(order),
            &expire(1),
            now() + TimeDelta::seconds(seconds),
        ))
    };
    // What has begun since the review is not its business.
    assert_eq!(expired(&paying, 59), "done");
    assert_eq!(expired(&paying, 60), "end payment");
    assert_eq!(expired(&created, 1_799), "done");
    for order in [&paying, &created] {
        assert_eq!(expired(order, 1_800), "reject EXPIRED");
    }
    let waiting = Arc::new(paying.unpaid());
    assert_eq!(
        (&waiting.intent, waiting.review_at),
        (&None, Some(created.pay_by))
    );
    assert_eq!(expired(&waiting, 61), "done");
}

#[test]
fn an_expiry_completes_an_order_that_costs_nothing_if_its_payment_has_begun() {
    let free = Order {
        final_price: money("0"),
        ..created()
    };
    let after_review = review_at() + TimeDelta::hours(1);
    let expired = |order: Order| decide(Some(&Arc::new(order)), &expire(1), after_review);
    let nothing = payment("paid", "0");
    let paying = free.paying(nothing.clone(), None, review_at());
    let decision = expired(paying);
    let Ok(Decision::Change(Transition::Complete { payment: made, .. })) = decision else {
        panic!("{decision:?}")
    };
    assert_eq!(made, nothing);
    // Nobody has wanted these, or not at this price.
    let too_much = free.paying(payment("paid", "12000"), None, review_at());
    for order in [free, too_much] {
        let decision = expired(order);
        assert!(
            matches!(
                decision,
                Ok(Decision::Change(Transition::Reject {
                    reason: Reason::Expired,
                    ..
                }))
            ),
            "{decision:?}"
        );
    }
}

#[test]
fn a_payment_that_begins_once_more_is_reviewed_later() {
    let paying = in_state("paying");
    let again = now() + TimeDelta::seconds(50);
    let decision = decide(Some(&paying), &pay(1, "paid", "12000"), again);
    let Ok(Decision::Change(Transition::BeginPayment { review_at, .. })) = decision else {
        panic!("{decision:?}")
    };
    assert_eq!(review_at, again + PAYMENT_REVIEW);
}

#[test]
fn an_old_rejection_does_not_bring_a_review_forward() {
    let paying = in_state("paying");
    let long_ago = now() - TimeDelta::seconds(300);
    let decision = decide(Some(&paying), &every_command()[8].1, long_ago);
    let Ok(Decision::Change(Transition::Reject { review_at, .. })) = decision else {
        panic!("{decision:?}")
    };
    assert_eq!(Some(review_at), paying.review_at);
}

fn idempotency(fingerprint: &str) -> Option<Idempotency> {
    Some(Idempotency {
        key: "key".parse().unwrap(),
        fingerprint: fingerprint.parse().unwrap(),
    })
}

#[test]
fn an_orders_idempotency_key_finds_it_for_the_same_request_only() {
    let with_key = |digits, fingerprint: &str| OrderDraft {
        idempotency: idempotency(fingerprint),
        ..draft(digits, &[(1, 1)])
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
fn a_payments_idempotency_key_finds_its_end_for_the_same_request_only() {
    let paying = created().paying(payment("paid", "12000"), idempotency("paid"), review_at());
    let ends = [
        paying.completed(payment("paid", "12000")),
        paying.rejected(Reason::PaymentDeclined, None, review_at()),
        paying.clone(),
    ];
    for order in ends.map(Arc::new) {
        let asked_again = |key, fingerprint| {
            let command = OrderCommand::Pay {
                number: number(1),
                payment: payment(key, "12000"),
                idempotency: idempotency(fingerprint),
            };
            decide(Some(&order), &command, now())
        };
        assert_eq!(asked_again("paid", "paid"), Ok(Decision::AlreadyDone));
        let refused = Err(Refusal(Reason::IdempotencyKeyReused));
        assert_eq!(asked_again("other", "other"), refused);
    }
}

#[test]
fn an_order_rejected_because_the_gateway_was_away_frees_its_idempotency_key() {
    let keyed = Order {
        idempotency: idempotency("two umbrellas"),
        ..created()
    };
    let key_after = |reason| keyed.rejected(reason, None, review_at()).idempotency;
    assert_eq!(key_after(Reason::PaymentUnavailable), None);
    assert_eq!(key_after(Reason::PaymentDeclined), keyed.idempotency);
}

#[test]
fn an_order_is_reviewed_until_it_is_paid_or_settled() {
    let review_of = |state| in_state(state).review_at;
    assert_eq!(review_of("created"), Some(draft(1, &[]).pay_by));
    assert_eq!(review_of("paying"), Some(review_at()));
    assert_eq!(review_of("expired"), Some(review_at()));
    assert_eq!((review_of("complete"), review_of("settled")), (None, None));
}

mod a_cancellation {
    use super::*;
    use crate::domain::refund::{RefundOutcome, RefundState};
    use crate::domain::samples::cancel;

    fn cancelled(order: &Arc<Order>, key: &str, pieces: Option<&[(u16, u32)]>) -> String {
        told(&decide(Some(order), &cancel(1, key, pieces), now()))
    }

    /// The order after the command.
    fn after(order: &Arc<Order>, command: &OrderCommand) -> Arc<Order> {
        let mut shelf = Shelf::new([item(1, "12000", 9)], []);
        match decide(Some(order), command, now()) {
            Ok(Decision::Change(transition)) => Arc::new(shelf.settle(&transition)),
            other => panic!("{command:?}: {other:?}"),
        }
    }

    fn end(refund: u16, outcome: RefundOutcome) -> OrderCommand {
        OrderCommand::EndRefund {
            number: number(1),
            refund,
            outcome,
        }
    }

    #[test]
    fn does_in_each_state_what_the_table_says() {
        for (state, of_all, of_some) in [
            ("complete", "refund 12000", "refund 12000"),
            ("expired", "ALREADY_REJECTED", "ALREADY_REJECTED"),
            ("declined", "ALREADY_REJECTED", "ALREADY_REJECTED"),
            ("mismatch", "ALREADY_REJECTED", "ALREADY_REJECTED"),
            ("settled", "ALREADY_REJECTED", "ALREADY_REJECTED"),
            ("paying", "reject CANCELLED", "ORDER_PENDING"),
            ("created", "reject CANCELLED", "ORDER_PENDING"),
        ] {
            let order = in_state(state);
            assert_eq!(cancelled(&order, "key", None), of_all, "{state}");
            assert_eq!(
                cancelled(&order, "key", Some(&[(1, 1)])),
                of_some,
                "{state}"
            );
        }
        let unknown = decide(None, &cancel(1, "key", None), now());
        assert_eq!(told(&unknown), "UNKNOWN_ORDER");
    }

    #[test]
    fn of_an_order_that_is_cancelled_has_been_done() {
        let order = after(&in_state("created"), &cancel(1, "key", None));
        assert_eq!(order.state, OrderState::Rejected(Reason::Cancelled));
        assert_eq!(cancelled(&order, "other", None), "done");
    }

    #[test]
    fn that_is_repeated_goes_on_with_its_refund_and_another_has_to_wait() {
        let order = after(&in_state("complete"), &cancel(1, "key", None));
        assert_eq!(order.review_at, Some(review_at()));
        assert_eq!(cancelled(&order, "key", None), "done");
        assert_eq!(cancelled(&order, "other", None), "REFUND_UNDER_WAY");
        let other_request = OrderCommand::Cancel {
            number: number(1),
            pieces: None,
            idempotency: idempotency("other").unwrap(),
        };
        let decision = decide(Some(&order), &other_request, now());
        assert_eq!(told(&decision), "IDEMPOTENCY_KEY_REUSED");
    }

    #[test]
    fn is_told_how_its_refund_has_ended() {
        let begun = after(&in_state("complete"), &cancel(1, "key", None));
        for (outcome, state, again, other) in [
            (RefundOutcome::Done, RefundState::Done, "done", "done"),
            (
                RefundOutcome::Refused,
                RefundState::Refused,
                "REFUND_REFUSED",
                "refund 12000",
            ),
            (
                RefundOutcome::NotNow,
                RefundState::Refused,
                "refund 12000",
                "refund 12000",
            ),
        ] {
            let ended = after(&begun, &end(1, outcome));
            assert_eq!((ended.refunds[0].state, ended.review_at), (state, None));
            assert_eq!(cancelled(&ended, "key", None), again);
            assert_eq!(cancelled(&ended, "other", None), other);
            // What the gateway has said first stands.
            for outcome in [RefundOutcome::Done, RefundOutcome::Refused] {
                assert_eq!(told(&decide(Some(&ended), &end(1, outcome), now())), "done");
            }
        }
        let unknown = decide(Some(&begun), &end(2, RefundOutcome::Done), now());
        assert_eq!(told(&unknown), "MALFORMED_COMMAND");
    }
}
