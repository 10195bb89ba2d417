//! denials: after an answer that nothing was ordered or charged, there is no order, and no charge that is kept.

use crate::evidence::{Evidence, Order};
use crate::invariants::verdict::{Findings, Verdict};
use crate::told::{Answer, Request, Told};
use std::collections::BTreeMap;

/// The request was not even begun: there was no permit for it, or its first command was not sent.
const NOT_BEGUN: [&str; 2] = ["OVERLOADED", "ORDERING_UNAVAILABLE"];
/// The gateway was never reached.
const NOT_CHARGED: &str = "PAYMENT_UNAVAILABLE";

/// What an answer denies.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Denied {
    Charge,
    OrderAndCharge,
}

/// Looks at payments whose every request was answered with such a denial. Requests with an idempotency key don't count, since an
/// earlier request with that key may have paid; nor do other 503s (`STILL_RUNNING`, `STOPPING`), which deny nothing.
pub(super) fn denials(evidence: &Evidence) -> Verdict {
    let mut findings = Findings::default();
    let mut asked: BTreeMap<&str, Option<Denied>> = BTreeMap::new();
    for told in &evidence.told {
        if let Some(payment) = told.payment() {
            let denied = denied(told);
            // `None` is the smallest: one answer that denies nothing is enough to leave the payment out
            let all = asked.entry(payment).or_insert(denied);
            *all = (*all).min(denied);
        }
    }
    asked.retain(|_, denied| denied.is_some());
    let orders = &evidence.stored.orders;
    for (payment, denied) in &asked {
        let of_it = orders
            .iter()
            .find(|(_, order)| order.intent.as_deref() == Some(payment));
        if let (Some((number, _)), Some(Denied::OrderAndCharge)) = (of_it, denied) {
            findings.order(
                number,
                format!("the shopper was told that nothing was ordered with {payment}, but this order was"),
            );
        }
        // an order that is still to be reviewed may be refunded yet
        let is_open = |number: &str| orders.get(number).is_some_and(Order::is_open);
        let charged = evidence
            .ledger
            .iter()
            .find(|(_, found)| found.iter().any(|movement| movement.payment == **payment));
        if let Some((number, _)) = charged
            && evidence.kept_charges(payment) > 0
            && !is_open(number)
        {
            findings.order(
                number,
                format!("the shopper was told that nothing was charged by {payment}, but it was"),
            );
        }
    }
    findings.verdict(
        "denials",
        "after an answer that nothing was ordered or charged, there is no order and no charge",
        format!("{} payments", asked.len()),
    )
}

/// What the answer says was not done; an answer that denies nothing has none.
fn denied(told: &Told) -> Option<Denied> {
    let Answer::Said(said) = &told.answer else {
        return None;
    };
    let reason = said.reason.as_deref().unwrap_or_default();
    if said.http != 503 || told.key.is_some() {
        return None;
    }
    if NOT_BEGUN.contains(&reason) {
        // a payment's order was there before
        let places = matches!(told.request, Request::Place { .. });
        return Some(if places {
            Denied::OrderAndCharge
        } else {
            Denied::Charge
        });
    }
    (reason == NOT_CHARGED).then_some(Denied::Charge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Money;
    use crate::invariants::samples::{HELD, PAID, movement, only, said, sound, told};

    fn answered(reason: &str) -> Answer {
        let mut answer = said(503, "", None, Some(reason));
        if let Answer::Said(said) = &mut answer {
            said.order = None;
        }
        answer
    }

    fn place(payment: &str, reason: &str) -> Told {
        let request = Request::Place {
            lines: Vec::new(),
            coupon: None,
            payment: Some((payment.into(), 12_000)),
        };
        told(request, 1_000, answered(reason))
    }

    fn pay(payment: &str, reason: &str) -> Told {
        let request = Request::Pay {
            order: HELD.into(),
            payment: payment.into(),
            amount: 12_000,
        };
        told(request, 1_000, answered(reason))
    }

    /// The pending order's payment, charged behind the shopper's back; its books are closed.
    fn charged(payment: &str) -> Evidence {
        let mut evidence = sound();
        let charge = movement(Money::Charged, payment, 12_000);
        evidence.ledger.insert("9".into(), vec![charge]);
        evidence
    }

    fn violations(evidence: &Evidence) -> usize {
        denials(evidence).violations.len()
    }

    mod violated {
        use super::*;

        #[test]
        fn by_an_order_that_was_denied() {
            for reason in NOT_BEGUN {
                let mut evidence = sound();
                evidence.told.push(place("pay-9", reason));
                let held = evidence.stored.orders.get_mut(HELD).unwrap();
                held.intent = Some("pay-9".into());
                assert!(only(&evidence, "denials")[0].what.contains("ordered"));
            }
        }

        #[test]
        fn by_a_charge_that_was_denied() {
            for denial in [
                place("pay-9", "OVERLOADED"),
                place("pay-9", "ORDERING_UNAVAILABLE"),
                place("pay-9", "PAYMENT_UNAVAILABLE"),
                pay("pay-9", "ORDERING_UNAVAILABLE"),
                pay("pay-9", "PAYMENT_UNAVAILABLE"),
            ] {
                let mut evidence = charged("pay-9");
                evidence.told.push(denial);
                assert_eq!(violations(&evidence), 1);
                let back = movement(Money::Canceled, "pay-9", 12_000);
                evidence.ledger.get_mut("9").unwrap().push(back);
                assert_eq!(violations(&evidence), 0);
            }
        }
    }

    mod kept {
        use super::*;

        #[test]
        fn unless_every_request_for_the_payment_was_denied() {
            let mut evidence = charged("pay-9");
            evidence.told.push(pay("pay-9", "PAYMENT_UNAVAILABLE"));
            evidence.told.push(pay("pay-9", "ORDERING_UNAVAILABLE"));
            assert_eq!(violations(&evidence), 1);
            let silence = Told {
                answer: Answer::Nothing("no answer in time".into()),
                ..pay("pay-9", "")
            };
            evidence.told.push(silence);
            assert_eq!(violations(&evidence), 0);
        }

        #[test]
        fn by_answers_that_deny_nothing() {
            let keyed = Told {
                key: Some("key-9".into()),
                ..place("pay-9", "ORDERING_UNAVAILABLE")
            };
            for told in [
                keyed,
                place("pay-9", "STOPPING"),
                place("pay-9", "STILL_RUNNING"),
            ] {
                let mut evidence = charged("pay-9");
                evidence.told.push(told);
                assert_eq!(violations(&evidence), 0);
            }
            let mut evidence = sound();
            evidence.told.push(pay("pay-1", "ORDERING_UNAVAILABLE"));
            assert_eq!(evidence.ledger[PAID].len(), 1);
            assert_eq!(violations(&evidence), 0);
        }

        #[test]
        fn while_a_refund_may_be_under_way() {
            let mut evidence = sound();
            let charge = movement(Money::Charged, "pay-9", 12_000);
            evidence.ledger.insert(HELD.into(), vec![charge]);
            evidence.told.push(pay("pay-9", "PAYMENT_UNAVAILABLE"));
            assert_eq!(violations(&evidence), 0);
        }
    }
}
