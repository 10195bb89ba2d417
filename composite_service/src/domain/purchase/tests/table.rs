//! What each event does in each step.

use shared::reason::Reason;

use super::samples::*;
use crate::domain::order::OrderCommand;
use crate::domain::purchase::{Effect, Event, Outcome, Purchase};

/// Each step, and the events that lead to it from the beginning of a purchase.
fn in_each_step() -> [Purchase; 9] {
    [
        unpaid().0,
        one_step().0,
        second_step().0,
        after(one_step(), &[pending()]).0,
        after(one_step(), &[pending(), unknown()]).0,
        after(one_step(), &[pending(), CONFIRMED]).0,
        after(one_step(), &[pending(), declined()]).0,
        after(
            one_step(),
            &[pending(), CONFIRMED, rejected(Reason::Expired)],
        )
        .0,
        after(one_step(), &[pending(), CONFIRMED, complete()]).0,
    ]
}

/// What is done in a word each, and a full stop when nothing is left to do.
pub(super) fn told(purchase: &Purchase, effects: &[Effect], was_done: bool) -> String {
    let words: Vec<_> = effects.iter().map(word).collect();
    let end = if purchase.is_done() && !was_done {
        "."
    } else {
        ""
    };
    if words.is_empty() && end.is_empty() {
        "-".to_owned()
    } else {
        words.join(" ") + end
    }
}

fn word(effect: &Effect) -> String {
    match effect {
        Effect::Send(OrderCommand::Create { .. }) => "create".to_owned(),
        Effect::Send(OrderCommand::Pay { .. }) => "pay".to_owned(),
        Effect::Send(OrderCommand::Approve { .. }) => "approve".to_owned(),
        Effect::Send(OrderCommand::Reject { .. }) => "reject".to_owned(),
        Effect::Send(OrderCommand::Settle { .. }) => "settle".to_owned(),
        Effect::Send(OrderCommand::Cancel { .. }) => "cancel order".to_owned(),
        Effect::Send(OrderCommand::EndRefund { outcome, .. }) => format!("end {outcome:?}"),
        Effect::GiveBack { refund, .. } => format!("give back {}", refund.amount),
        Effect::Renumber => "renumber".to_owned(),
        Effect::Confirm { .. } => "confirm".to_owned(),
        Effect::Cancel { .. } => "cancel".to_owned(),
        Effect::Wait(_) => "wait".to_owned(),
        Effect::Warn(_) => "warn".to_owned(),
        Effect::Answer(outcome) => answered(outcome).to_owned(),
    }
}

fn answered(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Pending(_) => "PENDING",
        Outcome::Complete(_) => "COMPLETE",
        Outcome::Cancelled(_) => "CANCELLED",
        Outcome::Refused { reason, .. } => reason.as_str(),
        Outcome::Late(_) => "LATE",
        Outcome::StillRunning => "STILL_RUNNING",
        Outcome::Unavailable => "UNAVAILABLE",
        Outcome::NotSupported { .. } => "NOT_SUPPORTED",
        Outcome::Failed(_) => "FAILED",
        Outcome::Replayed(_) => "REPLAYED",
    }
}

#[test]
fn each_step_handles_each_event_as_the_table_says() {
    #[rustfmt::skip]
    let table: &[(Event, [&str; 9])] = &[
        //                                    place            place and pay    pay                  confirm           charged, perhaps  approve                    reject               refund    done
        (pending(),                          ["PENDING.",      "confirm", "confirm",                  "-",              "-",              "wait",                    "wait",              "-",      "-"]),
        (complete(),                         ["COMPLETE.",     "COMPLETE.", "COMPLETE.",              "-",              "-",              "COMPLETE.",               "wait",              "-",      "-"]),
        (rejected(Reason::OutOfStock),       ["OUT_OF_STOCK.", "OUT_OF_STOCK.", "OUT_OF_STOCK.",      "-",              "-",              "OUT_OF_STOCK cancel",     "PAYMENT_DECLINED.", "-",      "-"]),
        (rejected(Reason::AmountMismatch),   ["AMOUNT_MISMATCH.", "AMOUNT_MISMATCH.", "AMOUNT_MISMATCH.",   "-",        "-",              "AMOUNT_MISMATCH cancel",  "PAYMENT_DECLINED.", "-",      "-"]),
        (refused(Reason::OrderNumberTaken),  ["renumber",      "renumber", "ORDER_NUMBER_TAKEN.",      "-",              "-",              "ORDER_NUMBER_TAKEN cancel", "ORDER_NUMBER_TAKEN.", "-",   "-"]),
        (refused(Reason::AlreadyPaid),       ["FAILED.",       "FAILED.", "ALREADY_PAID.",            "-",              "-",              "ALREADY_PAID cancel",     "ALREADY_PAID.",     "-",      "-"]),
        (refused(Reason::AlreadyRejected),   ["FAILED.",       "FAILED.", "ALREADY_REJECTED.",        "-",              "-",              "ALREADY_REJECTED cancel", "ALREADY_REJECTED.", "-",      "-"]),
        (refused(Reason::UnknownOrder),      ["FAILED.",       "FAILED.", "UNKNOWN_ORDER.",           "-",              "-",              "UNKNOWN_ORDER cancel",    "UNKNOWN_ORDER.",    "-",      "-"]),
        (refused(Reason::MalformedCommand),  ["FAILED.",       "FAILED.", "MALFORMED_COMMAND.",       "-",              "-",              "MALFORMED_COMMAND cancel", "MALFORMED_COMMAND.", "-",    "-"]),
        (refused(Reason::IdempotencyKeyReused), ["IDEMPOTENCY_KEY_REUSED.", "IDEMPOTENCY_KEY_REUSED.", "IDEMPOTENCY_KEY_REUSED.", "-", "-",     "IDEMPOTENCY_KEY_REUSED cancel", "IDEMPOTENCY_KEY_REUSED.", "-", "-"]),
        (refused(Reason::InternalError),     ["FAILED.",       "FAILED.", "FAILED.",                  "-",              "-",              "wait",                    "wait",              "-",      "-"]),
        (OVERDUE,                            ["wait",          "wait", "wait",                        "-",              "-",              "wait",                    "wait",              "-",      "-"]),
        (NOT_SENT,                           ["UNAVAILABLE.",  "UNAVAILABLE.", "UNAVAILABLE.",        "-",              "-",              "wait",                    "wait",              "-",      "-"]),
        (NOT_SUPPORTED,                      ["NOT_SUPPORTED.", "NOT_SUPPORTED.", "NOT_SUPPORTED.",  "-",              "-",              "wait",                    "wait",              "-",      "-"]),
        (by_stranger(pending()),             ["PENDING.",      "NOT_SUPPORTED.", "wait",               "-",              "-",              "wait",                    "wait",              "-",      "-"]),
        (by_stranger(complete()),            ["COMPLETE.",     "COMPLETE.", "wait",                    "-",              "-",              "wait",                    "wait",              "-",      "-"]),
        (by_stranger(rejected(Reason::Unspecified)), ["UNSPECIFIED.", "UNSPECIFIED.", "wait",          "-",              "-",              "wait",                    "wait",              "-",      "-"]),
        (by_stranger(refused(Reason::InternalError)), ["FAILED.", "FAILED.", "wait",                   "-",              "-",              "wait",                    "wait",              "-",      "-"]),
        (Event::Renumbered(number(2)),       ["create",        "create", "-",                         "-",              "-",              "-",                       "-",                 "-",      "-"]),
        (CONFIRMED,                          ["-",             "-", "-",                              "approve",        "approve",        "-",                       "-",                 "-",      "-"]),
        (declined(),                         ["-",             "-", "-",                              "reject",         "reject",         "-",                       "-",                 "-",      "-"]),
        (PAID_OTHERWISE,                     ["-",             "-", "-",                              "PAYMENT_CONFLICT.", "PAYMENT_CONFLICT.", "-",                  "-",                 "-",      "-"]),
        (not_reached(),                      ["-",             "-", "-",                              "wait",           "wait",           "-",                       "-",                 "-",      "-"]),
        (NOT_ASKED,                          ["-",             "-", "-",                              "PAYMENT_UNAVAILABLE.", "wait",     "-",                       "-",                 "-",      "-"]),
        (unknown(),                          ["-",             "-", "-",                              "wait",           "wait",           "-",                       "-",                 "-",      "-"]),
        (CANCELLED,                          ["-",             "-", "-",                              "-",              "-",              "-",                       "-",                 ".",      "-"]),
        (CANCEL_FAILED,                      ["-",             "-", "-",                              "-",              "-",              "-",                       "-",                 "wait",   "-"]),
        (CANCEL_REFUSED,                     ["-",             "-", "-",                              "-",              "-",              "-",                       "-",                 "warn.",  "-"]),
        (Event::WaitOver,                    ["create",        "create", "pay",                       "confirm",        "confirm",        "approve",                 "reject",            "cancel", "-"]),
        (Event::DeadlinePassed,              ["LATE",          "LATE", "LATE",                        "LATE",           "LATE",           "LATE",                    "LATE",              "-",      "-"]),
    ];
    for (event, expected) in table {
        let seen = in_each_step().map(|mut purchase| {
            let was_done = purchase.is_done();
            let effects = purchase.handle(event.clone(), YOUNG);
            told(&purchase, &effects, was_done)
        });
        assert_eq!(seen, *expected, "{event:?}");
    }
}
