//! Tests of the ledger's decisions, without files, clocks or HTTP.

use chrono::{DateTime, Utc};

use super::{Answer, Inconsistent, Ledger};
use crate::domain::{
    amount::Amount,
    payment::State,
    record::{Kind, Outcome, Record},
    refusal::{Conflict, Refusal},
    request::{Cancel, Confirm, Request},
};

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + second, 0).unwrap()
}

fn confirm(payment_key: &str, order_id: &str) -> Confirm {
    let amount = "24000.50".parse().unwrap();
    Confirm {
        payment_key: payment_key.to_owned(),
        order_id: order_id.to_owned(),
        amount,
    }
}

fn cancel(payment_key: &str) -> Cancel {
    Cancel {
        payment_key: payment_key.to_owned(),
        cancel_reason: "changed my mind".to_owned(),
        cancel_amount: None,
    }
}

fn commit(ledger: &mut Ledger, request: Request, key: Option<&str>, outcome: Outcome) -> Answer {
    let sequence = ledger.sequence() + 1;
    let (requested_at, at) = (at(0), at(sequence.try_into().unwrap()));
    let record = Record {
        sequence,
        requested_at,
        at,
        idempotency_key: key.map(str::to_owned),
        request,
        outcome,
    };
    ledger.commit(record).unwrap()
}

/// Order `o1` charged with payment `p1` by idempotency key `k1`.
fn charged() -> Ledger {
    let mut ledger = Ledger::default();
    commit(
        &mut ledger,
        Request::Confirm(confirm("p1", "o1")),
        Some("k1"),
        Outcome::Charged,
    )
    .unwrap();
    ledger
}

/// The same, and then canceled by the same idempotency key.
fn canceled() -> Ledger {
    let mut ledger = charged();
    commit(
        &mut ledger,
        Request::Cancel(cancel("p1")),
        Some("k1"),
        Outcome::Canceled,
    )
    .unwrap();
    ledger
}

#[test]
fn a_new_order_can_be_charged() {
    assert_eq!(
        Ledger::default().check_confirm(&confirm("p1", "o1")),
        Ok(())
    );
}

mod confirm_refuses {
    use super::*;

    #[test]
    fn a_charged_order_with_another_key() {
        let ledger = charged();
        for again in [confirm("p1", "o1"), confirm("p2", "o1")] {
            assert_eq!(
                ledger.known_answer(&Request::Confirm(again.clone()), Some("k2")),
                Ok(None)
            );
            assert_eq!(
                ledger.check_confirm(&again),
                Err(Refusal::AlreadyProcessedPayment)
            );
        }
    }

    #[test]
    fn a_charged_payment_for_another_order() {
        assert_eq!(
            charged().check_confirm(&confirm("p1", "o2")),
            Err(Refusal::AlreadyProcessedPayment)
        );
    }

    #[test]
    fn a_canceled_order() {
        assert_eq!(
            canceled().check_confirm(&confirm("p2", "o1")),
            Err(Refusal::AlreadyProcessedPayment)
        );
    }
}

#[test]
fn a_repeated_confirm_gets_its_first_answer_even_after_a_cancel() {
    let mut ledger = charged();
    let request = Request::Confirm(confirm("p1", "o1"));
    let first = ledger
        .known_answer(&request, Some("k1"))
        .unwrap()
        .unwrap()
        .unwrap();
    assert!(matches!(first.state, State::Done(_)));
    commit(
        &mut ledger,
        Request::Cancel(cancel("p1")),
        None,
        Outcome::Canceled,
    )
    .unwrap();
    assert_eq!(
        ledger.known_answer(&request, Some("k1")),
        Ok(Some(Ok(first)))
    );
}

#[test]
fn a_declined_payment_stays_declined_but_another_may_pay() {
    let mut ledger = Ledger::default();
    let answer = commit(
        &mut ledger,
        Request::Confirm(confirm("p1", "o1")),
        Some("k1"),
        Outcome::Declined,
    );
    assert_eq!(answer, Err(Refusal::RejectCardCompany));
    assert_eq!(ledger.payment_of_order("o1").unwrap().state, State::Aborted);
    assert_eq!(
        ledger.check_confirm(&confirm("p1", "o1")),
        Err(Refusal::RejectCardCompany)
    );
    assert_eq!(
        ledger.check_confirm(&confirm("p1", "o2")),
        Err(Refusal::AlreadyProcessedPayment)
    );
    assert_eq!(ledger.check_confirm(&confirm("p2", "o1")), Ok(()));
    assert_eq!(
        ledger.check_cancel(&cancel("p1")),
        Err(Refusal::NotCancelablePayment)
    );
}

#[test]
fn a_payment_in_progress_conflicts_until_it_is_charged() {
    let mut ledger = Ledger::default();
    ledger.begin(&confirm("p1", "o1"), Some("k1"), at(0));
    assert_eq!(
        ledger.payment_of_order("o1").unwrap().state,
        State::InProgress
    );
    let same = Request::Confirm(confirm("p1", "o1"));
    let others = [
        same.clone(),
        Request::Confirm(confirm("p2", "o1")),
        Request::Cancel(cancel("p1")),
    ];
    for request in others {
        assert_eq!(
            ledger.known_answer(&request, None),
            Err(Conflict::StillProcessing),
            "{request:?}"
        );
    }
    assert_eq!(
        ledger.known_answer(&same, Some("k1")),
        Err(Conflict::StillProcessing)
    );
    let elsewhere = Request::Confirm(confirm("p3", "o3"));
    assert_eq!(
        ledger.known_answer(&elsewhere, Some("k1")),
        Err(Conflict::KeyReused)
    );

    commit(&mut ledger, same.clone(), Some("k1"), Outcome::Charged).unwrap();
    assert!(
        ledger
            .known_answer(&same, Some("k1"))
            .unwrap()
            .unwrap()
            .is_ok()
    );
}

#[test]
fn cancel_gives_back_what_is_left() {
    let mut cancel = cancel("p1");
    assert_eq!(
        Ledger::default().check_cancel(&cancel),
        Err(Refusal::NotFoundPayment)
    );
    assert_eq!(charged().check_cancel(&cancel), Ok(()));
    assert_eq!(
        canceled().check_cancel(&cancel),
        Err(Refusal::AlreadyCanceledPayment)
    );
    cancel.cancel_amount = Some("24000.5".parse().unwrap());
    assert_eq!(charged().check_cancel(&cancel), Ok(()));
    cancel.cancel_amount = Some("24000.51".parse().unwrap());
    assert_eq!(
        charged().check_cancel(&cancel),
        Err(Refusal::NotCancelableAmount)
    );
}

#[test]
fn parts_are_given_back_until_nothing_is_left() {
    let mut ledger = charged();
    let part = |amount: &str| Cancel {
        cancel_amount: Some(amount.parse().unwrap()),
        ..cancel("p1")
    };
    let mut give_back = |cancel| {
        let answer = commit(
            &mut ledger,
            Request::Cancel(cancel),
            None,
            Outcome::Canceled,
        );
        answer.unwrap().balance()
    };
    assert_eq!(give_back(part("4000.5")), "20000".parse().unwrap());
    assert_eq!(give_back(part("5000")), "15000".parse().unwrap());
    assert_eq!(give_back(cancel("p1")), Amount::ZERO);
    let moved: Vec<_> = ledger.entries().iter().map(|entry| entry.amount).collect();
    let amounts = ["24000.50", "4000.5", "5000", "15000"];
    assert_eq!(moved, amounts.map(|amount| amount.parse().unwrap()));
    assert_eq!(
        ledger.check_cancel(&part("1")),
        Err(Refusal::AlreadyCanceledPayment)
    );
}

#[test]
fn a_refusal_with_a_key_is_repeated_and_moves_no_money() {
    let mut ledger = charged();
    let request = Request::Confirm(confirm("p2", "o1"));
    let refusal = Refusal::AlreadyProcessedPayment;
    assert_eq!(
        commit(
            &mut ledger,
            request.clone(),
            Some("k2"),
            Outcome::Refused(refusal)
        ),
        Err(refusal)
    );
    assert_eq!(
        ledger.known_answer(&request, Some("k2")),
        Ok(Some(Err(refusal)))
    );
    assert_eq!(ledger.entries().len(), 1);
}

#[test]
fn entries_are_in_order_and_by_order() {
    let mut ledger = canceled();
    commit(
        &mut ledger,
        Request::Confirm(confirm("p2", "o2")),
        None,
        Outcome::Declined,
    )
    .unwrap_err();
    let all: Vec<_> = ledger
        .entries()
        .iter()
        .map(|entry| (entry.sequence, entry.kind))
        .collect();
    assert_eq!(
        all,
        [(1, Kind::Charged), (2, Kind::Canceled), (3, Kind::Declined)]
    );
    assert_eq!(ledger.entries_of_order("o1").len(), 2);
    assert!(ledger.entries_of_order("o3").is_empty());
}

#[test]
fn a_record_that_cannot_follow_is_inconsistent() {
    let record = |sequence, request, outcome| Record {
        sequence,
        requested_at: at(0),
        at: at(0),
        idempotency_key: None,
        request,
        outcome,
    };
    let charge = || Request::Confirm(confirm("p2", "o1"));
    let gap = charged().commit(record(3, charge(), Outcome::Charged));
    assert_eq!(
        gap,
        Err(Inconsistent::Sequence {
            expected: 2,
            found: 3
        })
    );
    let twice = charged().commit(record(2, charge(), Outcome::Charged));
    assert_eq!(
        twice,
        Err(Inconsistent::Contradiction(
            Refusal::AlreadyProcessedPayment
        ))
    );
    let odd = charged().commit(record(2, charge(), Outcome::Canceled));
    assert_eq!(odd, Err(Inconsistent::WrongOutcome));
}
