//! one order a request: neither a repeated idempotency key nor a redelivered command makes a second order.

use crate::evidence::{Evidence, Order};
use crate::invariants::verdict::{Findings, Verdict};
use crate::told::Request;
use std::collections::{BTreeMap, BTreeSet};

/// A purchase with this outcome has bought nothing, so its key may be used again.
const UNAVAILABLE: &str = "PAYMENT_UNAVAILABLE";

/// Each request id, idempotency key and payment belongs to at most one order, not counting orders that ended because the gateway was away.
pub(super) fn one_order_a_request(evidence: &Evidence) -> Verdict {
    let mut findings = Findings::default();
    let orders = &evidence.stored.orders;
    let creates = evidence.records.commands.iter().filter(|command| {
        command.kind.as_deref() == Some("ORDER_CREATE") && command.poison.is_none()
    });
    let mut asked: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    let mut request_ids: BTreeSet<&str> = BTreeSet::new();
    for command in creates {
        asked.extend(
            command
                .order
                .as_deref()
                .map(|order| (order, command.key.as_deref())),
        );
        request_ids.extend(command.request_id.as_deref());
    }

    let mut of_request: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut of_key: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut of_payment: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut unread = 0;
    for (number, order) in orders {
        of_request
            .entry(&order.request_id)
            .or_default()
            .push(number);
        let asked = asked.get(number.as_str());
        if asked.is_none() && evidence.may_lack_command(order) {
            unread += 1;
        } else if asked.is_none() {
            findings.order(number, "no command on Kafka asked for it");
        }
        if order.reason.as_deref() == Some(UNAVAILABLE) {
            continue;
        }
        let keys: BTreeSet<&str> = order
            .key
            .as_deref()
            .into_iter()
            .chain(asked.copied().flatten())
            .collect();
        for key in keys {
            of_key.entry(key).or_default().push(number);
        }
        if let Order {
            intent: Some(payment),
            ..
        } = order
        {
            of_payment.entry(payment).or_default().push(number);
        }
    }
    for (what, groups) in [
        ("request id", &of_request),
        ("idempotency key", &of_key),
        ("payment", &of_payment),
    ] {
        for (name, numbers) in groups.iter().filter(|(_, numbers)| numbers.len() > 1) {
            for number in numbers {
                findings.order(
                    number,
                    format!("{} orders of one {what}, {name}", numbers.len()),
                );
            }
        }
    }
    let requests = evidence
        .told
        .iter()
        .filter(|told| matches!(told.request, Request::Place { .. }))
        .count();
    if request_ids.len() > requests {
        findings.mall(format!(
            "{} purchases on Kafka from only {requests} requests",
            request_ids.len()
        ));
    }
    findings.verdict(
        "one order a request",
        "a repeated key or a redelivered command makes no second order",
        format!(
            "{requests} requests, {} keys, {} orders, {unread} of them by commands that nobody read",
            of_key.len(),
            orders.len()
        ),
    )
}

#[cfg(test)]
mod tests {
    use crate::evidence::Evidence;
    use crate::faults::FaultKind;
    use crate::invariants::samples::{HELD, PAID, REFUSED, only, sound, strike};

    fn order<'a>(evidence: &'a mut Evidence, number: &str) -> &'a mut crate::evidence::Order {
        evidence.stored.orders.get_mut(number).unwrap()
    }

    mod violated {
        use super::*;

        #[test]
        fn by_two_orders_of_one_request_id() {
            let mut evidence = sound();
            order(&mut evidence, HELD).request_id = order(&mut evidence, PAID).request_id.clone();
            assert_eq!(only(&evidence, "one order a request").len(), 2);
        }

        #[test]
        fn by_two_orders_of_one_key() {
            let mut evidence = sound();
            order(&mut evidence, HELD).key = order(&mut evidence, PAID).key.clone();
            assert_eq!(only(&evidence, "one order a request").len(), 2);

            let mut evidence = sound();
            let key = order(&mut evidence, PAID).key.clone();
            for command in &mut evidence.records.commands {
                if command.order.as_deref() == Some(HELD)
                    && command.kind.as_deref() == Some("ORDER_CREATE")
                {
                    command.key = key.clone();
                }
            }
            assert_eq!(only(&evidence, "one order a request").len(), 2);
        }

        #[test]
        fn by_two_orders_of_one_payment() {
            let mut evidence = sound();
            order(&mut evidence, HELD).intent = order(&mut evidence, PAID).intent.clone();
            assert_eq!(only(&evidence, "one order a request").len(), 2);
        }

        #[test]
        fn by_an_order_that_no_command_asked_for() {
            let mut evidence = sound();
            evidence
                .records
                .commands
                .retain(|command| command.order.as_deref() != Some(HELD));
            only(&evidence, "one order a request");
            order(&mut evidence, HELD).created = 12_000;
            evidence.strikes = vec![strike(FaultKind::RecreateComposite, 10_000, 20_000)];
            only(&evidence, "one order a request");
            evidence.strikes = vec![strike(FaultKind::RecreateOrders, 10_000, 20_000)];
            assert!(
                super::super::one_order_a_request(&evidence)
                    .violations
                    .is_empty()
            );
        }

        #[test]
        fn by_more_purchases_on_kafka_than_requests() {
            let mut evidence = sound();
            evidence.told.clear();
            only(&evidence, "one order a request");
        }
    }

    #[test]
    fn kept_when_the_first_order_had_no_gateway() {
        let mut evidence = sound();
        let key = order(&mut evidence, PAID).key.clone();
        let given_up = order(&mut evidence, REFUSED);
        given_up.key = key;
        given_up.reason = Some("PAYMENT_UNAVAILABLE".into());
        for verdict in crate::invariants::judge(&evidence) {
            if verdict.name == "one order a request" {
                assert_eq!(verdict.violations, []);
            }
        }
    }
}
