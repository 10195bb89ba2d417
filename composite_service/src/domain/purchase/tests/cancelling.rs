//! The cancellation of an order: each of its steps against each event.

use std::time::Duration;

use shared::money::Money;
use shared::reason::Reason;
use shared::wire::order_dto::{
    OrderDto, OrderStatus, PaymentDto, RefundDto, RefundLineDto, RefundStatus,
};

use super::samples::*;
use super::table::told;
use crate::domain::order::{Cancellation, OrderCommand, OrderReply, Refund, RefundOutcome};
use crate::domain::purchase::{Effect, Event, Outcome, Purchase, RefundAnswer};

fn cancellation() -> Cancellation {
    Cancellation {
        pieces: Some(vec![RefundLineDto {
            order_line_id: 1,
            quantity: 1,
        }]),
        idempotency: once("cancel").unwrap(),
    }
}

fn begun() -> (Purchase, Vec<Effect>) {
    Purchase::cancel(number(1), cancellation())
}

/// The paid order with a refund of so much, which stands there.
fn refunded(units: u32, status: RefundStatus) -> Event {
    replied(OrderReply::Complete(with_refund(units, status)))
}

fn with_refund(units: u32, status: RefundStatus) -> OrderDto {
    OrderDto {
        payment: Some(PaymentDto::from(&payment())),
        refund_list: Some(vec![RefundDto {
            refund_num: Some(3),
            status: Some(status),
            amount: Some(Money::from_units(units)),
            ..RefundDto::default()
        }]),
        ..order(number(1), OrderStatus::Complete)
    }
}

fn requested() -> Event {
    refunded(5_000, RefundStatus::Requested)
}

const DONE: Event = Event::Refund(RefundAnswer::Ended(RefundOutcome::Done));
const REFUSED: Event = Event::Refund(RefundAnswer::Ended(RefundOutcome::Refused));
const NOT_NOW: Event = Event::Refund(RefundAnswer::Ended(RefundOutcome::NotNow));
const UNKNOWN: Event = Event::Refund(RefundAnswer::Unknown);

#[test]
fn each_step_handles_each_event_as_the_table_says() {
    let steps = [
        begun().0,
        after(begun(), &[requested()]).0,
        after(begun(), &[requested(), DONE]).0,
        after(begun(), &[requested(), REFUSED]).0,
        after(begun(), &[requested(), NOT_NOW]).0,
    ];
    #[rustfmt::skip]
    let table: &[(Event, [&str; 5])] = &[
        //                                       cancel                give back      end Done      end Refused         end NotNow
        (pending(),                            ["wait",                 "-",          "wait",       "wait",             "wait"]),
        (rejected(Reason::Cancelled),          ["CANCELLED.",           "-",          "wait",       "wait",             "wait"]),
        (requested(),                          ["give back 5000",       "-",          "CANCELLED.", "REFUND_REFUSED.",  "REFUND_UNAVAILABLE."]),
        (refunded(0, RefundStatus::Requested), ["end Done",             "-",          "CANCELLED.", "REFUND_REFUSED.",  "REFUND_UNAVAILABLE."]),
        (refunded(5_000, RefundStatus::Done),  ["CANCELLED.",           "-",          "CANCELLED.", "REFUND_REFUSED.",  "REFUND_UNAVAILABLE."]),
        (refused(Reason::RefundUnderWay),      ["REFUND_UNDER_WAY.",    "-",          "FAILED.",    "FAILED.",          "FAILED."]),
        (refused(Reason::AlreadyRejected),     ["ALREADY_REJECTED.",    "-",          "FAILED.",    "FAILED.",          "FAILED."]),
        (refused(Reason::UnknownOrder),        ["UNKNOWN_ORDER.",       "-",          "FAILED.",    "FAILED.",          "FAILED."]),
        (refused(Reason::InternalError),       ["FAILED.",              "-",          "wait",       "wait",             "wait"]),
        (OVERDUE,                              ["wait",                 "-",          "wait",       "wait",             "wait"]),
        (NOT_SENT,                             ["UNAVAILABLE.",         "-",          "wait",       "wait",             "wait"]),
        (NOT_SUPPORTED,                        ["NOT_SUPPORTED.",       "-",          "wait",       "wait",             "wait"]),
        (by_stranger(complete()),              ["wait",                 "-",          "wait",       "wait",             "wait"]),
        (DONE,                                 ["-",                    "end Done",   "-",          "-",                "-"]),
        (REFUSED,                              ["-",                    "end Refused", "-",         "-",                "-"]),
        (NOT_NOW,                              ["-",                    "end NotNow", "-",          "-",                "-"]),
        (UNKNOWN,                              ["-",                    "wait",       "-",          "-",                "-"]),
        (CONFIRMED,                            ["-",                    "-",          "-",          "-",                "-"]),
        (CANCELLED,                            ["-",                    "-",          "-",          "-",                "-"]),
        (Event::Renumbered(number(2)),         ["-",                    "-",          "-",          "-",                "-"]),
        (Event::WaitOver,                      ["cancel order",         "give back 5000", "end Done", "end Refused",    "end NotNow"]),
        (Event::DeadlinePassed,                ["LATE",                 "LATE",       "LATE",       "LATE",             "LATE"]),
    ];
    for (event, expected) in table {
        let seen = steps.clone().map(|mut purchase| {
            let effects = purchase.handle(event.clone(), YOUNG);
            told(&purchase, &effects, false)
        });
        assert_eq!(seen, *expected, "{event:?}");
    }
}

#[test]
fn every_command_and_call_names_the_order_and_the_refund() {
    let (mut purchase, first) = begun();
    let asks = OrderCommand::Cancel {
        number: number(1),
        cancellation: cancellation(),
    };
    assert_eq!(first, [Effect::Send(asks)]);
    let refund = Refund {
        number: 3,
        amount: Money::from_units(5_000),
    };
    let gives_back = Effect::GiveBack {
        number: number(1),
        payment: payment(),
        refund,
    };
    assert_eq!(purchase.handle(requested(), YOUNG), [gives_back]);
    let ends = OrderCommand::EndRefund {
        number: number(1),
        refund: 3,
        outcome: RefundOutcome::Done,
    };
    assert_eq!(purchase.handle(DONE, YOUNG), [Effect::Send(ends)]);
    let answer = Outcome::Cancelled(with_refund(5_000, RefundStatus::Done));
    let done = refunded(5_000, RefundStatus::Done);
    assert_eq!(purchase.handle(done, YOUNG), [Effect::Answer(answer)]);
    assert!(purchase.is_done());
}

#[test]
fn a_refund_without_a_result_is_left_to_the_review_when_it_is_old() {
    let (mut purchase, _) = after(begun(), &[requested(), UNKNOWN]);
    let effects = purchase.handle(Event::WaitOver, OLD + Duration::from_secs(1));
    assert_eq!(told(&purchase, &effects, false), "LATE warn.");
}
