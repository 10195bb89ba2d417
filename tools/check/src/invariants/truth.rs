//! answered truth: what a shopper was told is stored, or a state that may follow it; and what a composite answers now is stored.

use crate::evidence::{Evidence, Money, Order, RefundState};
use crate::invariants::one_at_a_time::AT_ONCE;
use crate::invariants::verdict::{Findings, Verdict};
use crate::plan::Line;
use crate::told::{Millis, Request, Said, Status, Told};
use std::collections::BTreeMap;

/// No answer, 202, 503 and "still running" promise nothing.
pub(super) fn answered_truth(evidence: &Evidence) -> Verdict {
    let mut findings = Findings::default();
    let (mut certain, mut unknown) = (0, 0);
    let mut history: BTreeMap<&str, Vec<Moment<'_>>> = BTreeMap::new();
    for told in &evidence.told {
        let Some(said) = told.certain() else {
            unknown += 1;
            continue;
        };
        certain += 1;
        let order = told.order();
        let stored = order.and_then(|number| evidence.stored.orders.get(number));
        if let Some(what) = complaint(told, said, stored, is_charged(evidence, order)) {
            match order {
                Some(number) => findings.order(number, what),
                None => findings.mall(format!("visit {}: {what}", told.visit)),
            }
        }
        if let Some(number) = order {
            let moment = Moment {
                begun: told.begun,
                ended: told.ended,
                said,
            };
            history.entry(number).or_default().push(moment);
        }
    }
    for (number, moments) in &mut history {
        moments.sort_by_key(|moment| moment.begun);
        if let Some(what) = step_back(moments) {
            findings.order(number, what);
        }
    }
    for (number, said) in &evidence.looks {
        let stored = evidence.stored.orders.get(number);
        if let Some(what) = stored.and_then(|order| misread(said, order)) {
            findings.order(number, what);
        }
    }
    findings.verdict(
        "answered truth",
        "what a shopper was told is stored, or a state that may follow it",
        format!(
            "{certain} answers, {unknown} requests without a definite answer, {} orders read again",
            evidence.looks.len()
        ),
    )
}

/// What was said, and between which times.
struct Moment<'a> {
    begun: Millis,
    ended: Millis,
    said: &'a Said,
}

/// Whether the gateway has ever charged for it.
fn is_charged(evidence: &Evidence, order: Option<&str>) -> bool {
    let movements = order.and_then(|number| evidence.ledger.get(number));
    movements.is_some_and(|found| {
        found
            .iter()
            .any(|movement| movement.money == Money::Charged)
    })
}

fn complaint(told: &Told, said: &Said, stored: Option<&Order>, is_charged: bool) -> Option<String> {
    let reason = said.reason.as_deref().unwrap_or("no reason");
    if said.http >= 500 || matches!(said.http, 400 | 405 | 413 | 415) {
        return Some(format!(
            "a valid request was answered {} {reason}",
            said.http
        ));
    }
    if told.misuses_key {
        return (reason != "IDEMPOTENCY_KEY_REUSED").then(|| {
            format!(
                "a key that had been used for another request was answered {} {reason}",
                said.http
            )
        });
    }
    match (&told.request, said.http) {
        (Request::Reject { .. }, _) => None,
        (Request::Read { .. }, 202 | 404) => None,
        // whether that was right is the door's business
        (_, 401 | 403) => None,
        (_, 404) => Some("an order that exists was answered 404".to_owned()),
        (Request::Place { lines, .. }, 200) => placed(said, stored, lines),
        (Request::Pay { payment, .. }, 200) => paid(said, stored, payment),
        (Request::Cancel { .. }, 200) => cancelled(said, stored),
        (Request::Cancel { .. }, 409 | 422) => not_cancelled(reason, stored),
        (Request::Read { .. }, 200) => successor(said, stored),
        (Request::Pay { amount, .. }, 422) => {
            let is_wrong =
                reason == "AMOUNT_MISMATCH" && stored.is_some_and(|order| order.price != *amount);
            (!is_wrong).then(|| format!("a payment of {amount} was answered 422 {reason}"))
        }
        (_, 402 | 409 | 422) => refused(reason, stored, is_charged),
        (_, http) => Some(format!("a request was answered {http} {reason}")),
    }
}

fn placed(said: &Said, stored: Option<&Order>, wished: &[Line]) -> Option<String> {
    let order = match stored {
        None => return Some("the shopper was told of an order that does not exist".to_owned()),
        Some(order) => order,
    };
    let lines: Vec<Line> = order.lines.iter().map(|line| line.line).collect();
    if lines != wished || said.lines.as_deref() != Some(wished) {
        return Some(format!(
            "asked for {wished:?}, answered {:?}, stored {lines:?}",
            said.lines
        ));
    }
    successor(said, stored)
}

fn paid(said: &Said, stored: Option<&Order>, payment: &str) -> Option<String> {
    let is_paid = said.status == Some(Status::Complete)
        && stored.is_some_and(|order| {
            order.status == Status::Complete && order.payment.as_deref() == Some(payment)
        });
    (!is_paid).then(|| format!("the shopper was told that {payment} paid it, but it did not"))
}

fn cancelled(said: &Said, stored: Option<&Order>) -> Option<String> {
    if said.status == Some(Status::Created) {
        return Some("it was cancelled, and the shopper was told that it is pending".to_owned());
    }
    successor(said, stored)
}

/// A refund that was refused may have been another one's turn, so only what never changes again can be compared.
fn not_cancelled(reason: &str, stored: Option<&Order>) -> Option<String> {
    let Some(order) = stored else {
        return Some(format!(
            "the shopper was told {reason} of an order that does not exist"
        ));
    };
    let holds = match reason {
        "ALREADY_REJECTED" => order.status == Status::Rejected,
        // it may be paid or rejected since
        "ORDER_PENDING" => true,
        "REFUND_UNDER_WAY" | "EXCEEDS_WHAT_IS_LEFT" => !order.refunds.is_empty(),
        "REFUND_REFUSED" => order.refunds_in(RefundState::Refused).next().is_some(),
        _ => false,
    };
    (!holds).then(|| {
        format!(
            "a cancellation was answered {reason}, but it is {} with {} refunds",
            order.status,
            order.refunds.len()
        )
    })
}

/// The order may have gone on since, but a final status never changes, nor does the price.
fn successor(said: &Said, stored: Option<&Order>) -> Option<String> {
    let (Some(order), Some(status)) = (stored, said.status) else {
        return Some("the shopper was told of an order that does not exist".to_owned());
    };
    if status.is_final() && status != order.status {
        return Some(format!(
            "the shopper was told {status}, but it is {}",
            order.status
        ));
    }
    // What was given back stays so.
    if said.cancelled > Some(order.refunded(RefundState::Done)) {
        return Some(format!(
            "the shopper was told that {:?} were given back, but the refunds that are done say {}",
            said.cancelled,
            order.refunded(RefundState::Done)
        ));
    }
    (said.final_price != Some(order.price)).then(|| {
        format!(
            "the shopper was told a price of {:?}, but it is {}",
            said.final_price, order.price
        )
    })
}

fn refused(reason: &str, stored: Option<&Order>, is_charged: bool) -> Option<String> {
    let Some(order) = stored else {
        return Some(format!(
            "the shopper was told {reason} of an order that does not exist"
        ));
    };
    let holds = match reason {
        _ if AT_ONCE.contains(&reason) => order.reason.as_deref() == Some(reason),
        "ALREADY_PAID" => order.status == Status::Complete,
        // another payment may have charged it, and the approval may still be under way
        "PAYMENT_CONFLICT" => order.status != Status::Created || is_charged,
        "AMOUNT_MISMATCH" | "PAYMENT_DECLINED" | "EXPIRED" | "CANCELLED" | "ALREADY_REJECTED" => {
            order.status == Status::Rejected
        }
        _ => false,
    };
    (!holds).then(|| {
        format!(
            "the shopper was told {reason}, but it is {} {}",
            order.status,
            order.reason.as_deref().unwrap_or_default()
        )
    })
}

/// A later request never gets an earlier state than the one that was already answered.
fn step_back(moments: &[Moment<'_>]) -> Option<String> {
    let told = |known: bool, status: Option<Status>| {
        move |moment: &&Moment<'_>| {
            if known {
                moment.said.http == 200
            } else {
                moment.said.status == status && status.is_some()
            }
        }
    };
    let first_end =
        |found: &mut dyn Iterator<Item = &Moment<'_>>| found.map(|moment| moment.ended).min();
    let known_at = first_end(&mut moments.iter().filter(|moment| told(true, None)(moment)));
    for later in moments {
        let is_absent = matches!(later.said.http, 202 | 404);
        if is_absent && known_at.is_some_and(|at| at < later.begun) {
            return Some(format!(
                "it was answered 200, and later {}",
                later.said.http
            ));
        }
        for end in [Status::Complete, Status::Rejected] {
            let at = first_end(
                &mut moments
                    .iter()
                    .filter(|moment| told(false, Some(end))(moment)),
            );
            let is_after = at.is_some_and(|at| at < later.begun);
            let says_else = later.said.status.is_some_and(|status| status != end);
            if is_after && says_else {
                return Some(format!(
                    "a shopper was told {end}, and later {}",
                    later
                        .said
                        .status
                        .map_or(String::new(), |status| status.to_string())
                ));
            }
        }
    }
    None
}

/// What a composite answers now must be what is stored now, unless the order is still to be reviewed.
fn misread(said: &Said, order: &Order) -> Option<String> {
    let is_same = said.http == 200
        && said.status == Some(order.status)
        && said.final_price == Some(order.price)
        && said.lines.as_ref().map(Vec::len) == Some(order.lines.len());
    (!is_same && !order.is_open()).then(|| {
        format!(
            "a composite answers {} {:?} at {:?}, but it is {} at {}",
            said.http, said.status, said.final_price, order.status, order.price
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariants::samples::{HELD, PAID, REFUNDED, REFUSED, only, said, sound, told};
    use crate::told::Answer;

    const NAME: &str = "answered truth";

    fn with(told: Told) -> Evidence {
        let mut evidence = sound();
        evidence.told.push(told);
        evidence
    }

    fn read(order: &str, begun: Millis, answer: Answer) -> Told {
        let request = Request::Read {
            order: order.into(),
        };
        told(request, begun, answer)
    }

    fn pay(order: &str, payment: &str, amount: i64, answer: Answer) -> Told {
        let request = Request::Pay {
            order: order.into(),
            payment: payment.into(),
            amount,
        };
        told(request, 1_000, answer)
    }

    fn place(answer: Answer) -> Told {
        let mut told = sound().told[0].clone();
        told.answer = answer;
        told.key = None;
        told
    }

    mod violated {
        use super::*;

        #[test]
        fn by_a_success_that_is_not_stored() {
            only(
                &with(read(
                    HELD,
                    1_000,
                    said(200, HELD, Some(Status::Complete), None),
                )),
                NAME,
            );
            only(
                &with(read(
                    "404",
                    1_000,
                    said(200, "404", Some(Status::Created), None),
                )),
                NAME,
            );
            only(
                &with(place(said(200, HELD, Some(Status::Created), None))),
                NAME,
            );
            only(
                &with(pay(
                    HELD,
                    "pay-7",
                    12_000,
                    said(200, HELD, Some(Status::Complete), None),
                )),
                NAME,
            );
            only(
                &with(pay(
                    PAID,
                    "pay-7",
                    22_000,
                    said(200, PAID, Some(Status::Complete), None),
                )),
                NAME,
            );
        }

        #[test]
        fn by_another_price() {
            let mut evidence = sound();
            if let Answer::Said(said) = &mut evidence.told[0].answer {
                said.final_price = Some(1);
            }
            only(&evidence, NAME);
        }

        #[test]
        fn by_a_refusal_that_is_not_stored() {
            for (http, order, reason) in [
                (409, HELD, "OUT_OF_STOCK"),
                (409, REFUNDED, "OUT_OF_STOCK"),
                (402, HELD, "PAYMENT_DECLINED"),
                (409, HELD, "ALREADY_PAID"),
                (409, PAID, "ALREADY_REJECTED"),
                (409, PAID, "EXPIRED"),
                (409, HELD, "SOMETHING_ELSE"),
                (409, "404", "OUT_OF_STOCK"),
            ] {
                only(
                    &with(pay(
                        order,
                        "pay-7",
                        1,
                        said(http, order, None, Some(reason)),
                    )),
                    NAME,
                );
            }
            only(
                &with(pay(
                    HELD,
                    "pay-7",
                    12_000,
                    said(422, HELD, None, Some("AMOUNT_MISMATCH")),
                )),
                NAME,
            );
        }

        #[test]
        fn by_a_server_error_or_a_valid_request_called_invalid() {
            for http in [400, 404, 500] {
                only(
                    &with(pay(HELD, "pay-7", 12_000, said(http, HELD, None, None))),
                    NAME,
                );
            }
        }

        #[test]
        fn by_an_earlier_state_after_a_later_one() {
            only(
                &with(read(
                    PAID,
                    5_000,
                    said(200, PAID, Some(Status::Created), None),
                )),
                NAME,
            );
            for absent in [202, 404] {
                let later = read(HELD, 5_000, said(absent, HELD, None, None));
                only(&with(later), NAME);
            }
            let early = read(PAID, 0, said(200, PAID, Some(Status::Created), None));
            assert_eq!(answered_truth(&with(early)).violations, []);
        }

        #[test]
        fn by_a_composites_last_answer() {
            let mut evidence = sound();
            let look = evidence.looks.get_mut(PAID).unwrap();
            look.status = Some(Status::Created);
            only(&evidence, NAME);
            let look = evidence.looks.get_mut(PAID).unwrap();
            (look.status, look.final_price) = (Some(Status::Complete), None);
            only(&evidence, NAME);
        }
    }

    mod kept {
        use super::*;

        #[test]
        fn by_true_refusals() {
            for (http, order, reason) in [
                (409, REFUSED, "OUT_OF_STOCK"),
                (402, REFUNDED, "PAYMENT_DECLINED"),
                (409, REFUNDED, "ALREADY_REJECTED"),
                (409, PAID, "ALREADY_PAID"),
                (422, HELD, "AMOUNT_MISMATCH"),
            ] {
                let evidence = with(pay(
                    order,
                    "pay-7",
                    1,
                    said(http, order, None, Some(reason)),
                ));
                assert_eq!(answered_truth(&evidence).violations, [], "{reason}");
            }
        }

        #[test]
        fn by_answers_that_promise_nothing() {
            for http in [202, 503] {
                let evidence = with(place(said(http, "404", None, Some("PAYMENT_UNAVAILABLE"))));
                assert_eq!(answered_truth(&evidence).violations, []);
            }
            let evidence = with(place(Answer::Nothing("no answer in time".into())));
            assert_eq!(answered_truth(&evidence).violations, []);
        }
    }

    #[test]
    fn a_misused_key_must_be_refused() {
        let misuse = |answer| Told {
            misuses_key: true,
            ..place(answer)
        };
        only(
            &with(misuse(said(200, PAID, Some(Status::Complete), None))),
            NAME,
        );
        let mut lawful = said(422, "", None, Some("IDEMPOTENCY_KEY_REUSED"));
        if let Answer::Said(said) = &mut lawful {
            said.order = None;
        }
        assert_eq!(answered_truth(&with(misuse(lawful.clone()))).violations, []);
        assert_eq!(answered_truth(&with(place(lawful))).violations.len(), 1);
    }
}
