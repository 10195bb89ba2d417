//! one at a time: the transitions of one order never interleave. So its revision is the number of its allowed transitions, and no reply
//! ever named another final status than the stored one.

use crate::evidence::{Evidence, Order, RefundState};
use crate::invariants::verdict::{Findings, Verdict};
use crate::told::{Millis, Status, Told};
use crate::topics::{COMPOSITE, ORDERS};
use std::collections::BTreeMap;

/// Reasons to reject an order as it is placed; all others reject one that was pending.
pub(super) const AT_ONCE: [&str; 8] = [
    "OUT_OF_STOCK",
    "UNKNOWN_ITEM",
    "INVALID_QUANTITY",
    "COUPON_UNKNOWN",
    "COUPON_NOT_YET_VALID",
    "COUPON_EXPIRED",
    "COUPON_USED",
    "COUPON_MINIMUM_NOT_MET",
];
const AFTERWARDS: [&str; 5] = [
    "AMOUNT_MISMATCH",
    "PAYMENT_DECLINED",
    "PAYMENT_UNAVAILABLE",
    "EXPIRED",
    "CANCELLED",
];

/// An order of which nothing was heard for so long is not being worked on.
const BUSY: Millis = 15_000;

/// The beginning of a payment is a transition, too, and so is its end without a charge. Of these there are at most as many as commands
/// that asked for them. A redelivered command counts again, and its first delivery may have ended before the reply was sent.
pub(super) fn one_at_a_time(evidence: &Evidence) -> Verdict {
    let mut findings = Findings::default();
    let mut transitions = 0;
    let asked = asked(evidence);
    let (last_known, payments) = (last_known(evidence), payments(evidence));
    for (number, order) in &evidence.stored.orders {
        transitions += order.revision;
        let reason = order.reason.as_deref().unwrap_or("no reason");
        let Some(least) = least_revision(order) else {
            findings.order(number, format!("it can't be {} for {reason}", order.status));
            continue;
        };
        let most = least
            + asked.get(number.as_str()).copied().unwrap_or(0)
            + payments.get(number.as_str()).copied().unwrap_or(1)
                * unread(evidence, order, last_known.get(number.as_str()).copied());
        if !(least..=most).contains(&order.revision) {
            findings.order(
                number,
                format!(
                    "it is {} ({reason}) after {} transitions; {least} to {most} are possible",
                    order.status, order.revision
                ),
            );
        }
    }
    for reply in &evidence.records.replies {
        let (Some(number), Some(status)) = (&reply.order, reply.status) else {
            continue;
        };
        let stored = evidence.stored.orders.get(number).map(|order| order.status);
        if stored.is_none() || status.is_final() && stored != Some(status) {
            findings.order(
                number,
                format!(
                    "a reply says {status}, but the database says {}",
                    stored.map_or("nothing".to_owned(), |stored| stored.to_string())
                ),
            );
        }
    }
    findings.verdict(
        "one at a time",
        "an order's revision is the number of its allowed transitions, and replies agree with it",
        format!(
            "{} orders, {transitions} transitions, {} replies",
            evidence.stored.orders.len(),
            evidence.records.replies.len()
        ),
    )
}

/// How often each order was asked to begin or end a payment, at most.
fn asked(evidence: &Evidence) -> BTreeMap<&str, i64> {
    let mut replies: BTreeMap<&str, i64> = BTreeMap::new();
    for reply in &evidence.records.replies {
        if let Some(correlation) = &reply.correlation {
            *replies.entry(correlation).or_default() += 1;
        }
    }
    let mut asked: BTreeMap<&str, i64> = BTreeMap::new();
    for command in &evidence.records.commands {
        let counts = matches!(command.kind.as_deref(), Some("ORDER_PAY" | "ORDER_REJECT"));
        if let Some(order) = command.order.as_deref().filter(|_| counts) {
            let correlation = command.correlation.as_deref().unwrap_or_default();
            let replied = replies.get(correlation).copied().unwrap_or(0);
            *asked.entry(order).or_insert(1) += replied.max(1);
        }
    }
    asked
}

/// When each order was last heard of.
fn last_known(evidence: &Evidence) -> BTreeMap<&str, Millis> {
    let log = &evidence.records;
    let commands = log.commands.iter().map(|found| (&found.order, found.at));
    let replies = log.replies.iter().map(|found| (&found.order, found.at));
    let records = commands
        .chain(replies)
        .filter_map(|(order, at)| Some((order.as_deref()?, at)));
    let told = &evidence.told;
    let told = told
        .iter()
        .filter_map(|told| Some((told.order()?, told.ended)));
    let mut last: BTreeMap<&str, Millis> = BTreeMap::new();
    for (order, at) in records.chain(told) {
        let latest = last.entry(order).or_insert(at);
        *latest = at.max(*latest);
    }
    last
}

/// How many requests asked to pay each order.
fn payments(evidence: &Evidence) -> BTreeMap<&str, i64> {
    let mut payments: BTreeMap<&str, i64> = BTreeMap::new();
    let paying = evidence.told.iter().filter(|told| told.payment().is_some());
    for order in paying.filter_map(Told::order) {
        *payments.entry(order).or_default() += 1;
    }
    payments
}

/// How many transitions of one payment nobody may know to be asked for: when a topic was deleted, commands or replies were lost before they
/// were read. A payment begins and ends.
fn unread(evidence: &Evidence, order: &Order, last_known: Option<Millis>) -> i64 {
    let deletions = [ORDERS, COMPOSITE]
        .into_iter()
        .flat_map(|topic| evidence.deletions(topic));
    let struck = deletions.filter(|strike| {
        let was_busy = last_known.is_none_or(|last| last >= strike.struck - BUSY);
        order.created <= strike.ready && (order.is_open() || was_busy)
    });
    2 * i64::try_from(struck.count()).unwrap_or(0)
}

/// The fewest transitions that lead to this state; `None` when none do.
fn least_revision(order: &Order) -> Option<i64> {
    match (order.status, order.reason.as_deref()) {
        (Status::Created, None) => Some(0),
        // The beginning of a refund is a transition, and so is its end.
        (Status::Complete, None) => Some(1 + refunds(order)),
        (Status::Rejected, Some(reason)) if AT_ONCE.contains(&reason) => Some(0),
        (Status::Rejected, Some(reason)) if AFTERWARDS.contains(&reason) => {
            Some(if order.is_open() { 1 } else { 2 })
        }
        (Status::Created | Status::Complete | Status::Rejected, _) => None,
    }
}

fn refunds(order: &Order) -> i64 {
    let transitions = order.refunds.iter().map(|refund| match refund.state {
        RefundState::Requested => 1,
        RefundState::Done | RefundState::Refused => 2,
    });
    transitions.sum()
}

#[cfg(test)]
mod tests {
    use crate::faults::FaultKind;
    use crate::invariants::samples::{
        HELD, PAID, REFUNDED, REFUSED, only, said, sound, strike, told,
    };
    use crate::told::{Request, Status};

    mod violated {
        use super::*;

        #[test]
        fn by_too_many_or_too_few_transitions() {
            for (number, revision) in [
                (HELD, 1),
                (PAID, 0),
                (PAID, 2),
                (REFUNDED, 1),
                (REFUNDED, 3),
            ] {
                let mut evidence = sound();
                evidence.stored.orders.get_mut(number).unwrap().revision = revision;
                only(&evidence, "one at a time");
            }
        }

        #[test]
        fn by_an_unknown_reason() {
            for reason in [None, Some("WHIM".to_owned())] {
                let mut evidence = sound();
                evidence.stored.orders.get_mut(REFUNDED).unwrap().reason = reason;
                only(&evidence, "one at a time");
            }
        }

        #[test]
        fn by_a_reply_with_another_final_status() {
            for (number, status) in [
                (PAID, Status::Rejected),
                (REFUSED, Status::Complete),
                (HELD, Status::Complete),
                ("404", Status::Created),
            ] {
                let mut evidence = sound();
                let reply = &mut evidence.records.replies[0];
                (reply.order, reply.status) = (Some(number.into()), Some(status));
                only(&evidence, "one at a time");
            }
        }
    }

    mod kept {
        use super::*;

        #[test]
        fn by_transitions_of_payments_that_were_asked_for() {
            let mut evidence = sound();
            let mut pay = evidence.records.commands[0].clone();
            pay.kind = Some("ORDER_PAY".into());
            pay.order = Some(PAID.into());
            pay.correlation = None;
            evidence.records.commands.push(pay);
            evidence.stored.orders.get_mut(PAID).unwrap().revision = 3;
            assert!(super::super::one_at_a_time(&evidence).violations.is_empty());
            evidence.stored.orders.get_mut(PAID).unwrap().revision = 4;
            only(&evidence, "one at a time");
        }

        #[test]
        fn by_transitions_whose_commands_may_have_been_lost() {
            let mut evidence = sound();
            evidence.stored.orders.get_mut(PAID).unwrap().revision = 3;
            for (struck, is_excused) in [(10_000, true), (100_000, false)] {
                let ready = struck + 5_000;
                evidence.strikes = vec![strike(FaultKind::RecreateOrders, struck, ready)];
                let found = super::super::one_at_a_time(&evidence).violations;
                assert_eq!(found.is_empty(), is_excused, "{struck}");
            }
        }

        #[test]
        fn by_as_many_lost_payments_as_were_requested() {
            let mut evidence = sound();
            evidence.strikes = vec![strike(FaultKind::RecreateOrders, 10_000, 15_000)];
            evidence.stored.orders.get_mut(PAID).unwrap().revision = 4;
            only(&evidence, "one at a time");
            let request = Request::Pay {
                order: PAID.into(),
                payment: "pay-2".into(),
                amount: 22_000,
            };
            let rival = told(request, 200, said(202, PAID, None, None));
            evidence.told.push(rival);
            assert!(super::super::one_at_a_time(&evidence).violations.is_empty());
        }

        #[test]
        fn by_a_late_reply_with_an_earlier_status() {
            let mut evidence = sound();
            let mut late = evidence.records.replies[0].clone();
            (late.order, late.status) = (Some(PAID.into()), Some(Status::Created));
            evidence.records.replies.push(late);
            assert!(super::super::one_at_a_time(&evidence).violations.is_empty());
        }
    }
}
