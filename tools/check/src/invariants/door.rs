//! door: nobody honest is refused for what they show, and nobody dishonest is served.

use crate::evidence::Evidence;
use crate::invariants::verdict::{Findings, Verdict};
use crate::plan::Forgery;
use crate::told::{Answer, Attempt, FORGED, Request, Said};
use std::collections::BTreeMap;

/// An honest request is never answered 401 or 403. A dishonest one is refused as if the order were not there, and nothing comes of it: no
/// order, and no movement of money.
pub(super) fn door(evidence: &Evidence) -> Verdict {
    let mut findings = Findings::default();
    for told in &evidence.told {
        let Answer::Said(said) = &told.answer else {
            continue;
        };
        if matches!(said.http, 401 | 403) {
            findings.mall(format!(
                "visit {}: an honest request was answered {} {}",
                told.visit,
                said.http,
                said.reason.as_deref().unwrap_or_default()
            ));
        }
    }
    let mut kinds: BTreeMap<Forgery, usize> = BTreeMap::new();
    for attempt in &evidence.attempts {
        *kinds.entry(attempt.forgery).or_default() += 1;
        if let Some(what) = complaint(attempt) {
            match attempt.request.order() {
                Some(order) => findings.order(order, what),
                None => findings.mall(format!("visit {}: {what}", attempt.visit)),
            }
        }
    }
    for (number, order) in &evidence.stored.orders {
        let payments = [&order.intent, &order.payment];
        if payments.into_iter().flatten().any(|key| is_forged(key)) {
            findings.order(number, "a dishonest payment was taken for it");
        }
    }
    for (number, movements) in &evidence.ledger {
        if movements
            .iter()
            .any(|movement| is_forged(&movement.payment))
        {
            findings.order(number, "a dishonest payment reached the gateway");
        }
    }
    findings.verdict(
        "door",
        "nobody honest is refused for what they show, and nobody dishonest is served",
        format!(
            "{} honest requests, {} dishonest ones of {} kinds",
            evidence.told.len(),
            evidence.attempts.len(),
            kinds.len()
        ),
    )
}

fn is_forged(payment: &str) -> bool {
    payment.starts_with(FORGED)
}

fn complaint(attempt: &Attempt) -> Option<String> {
    let Answer::Said(said) = &attempt.answer else {
        return None;
    };
    let is_refused = match said.http {
        401 | 403 | 404 => !tells(said),
        // nothing at all was done, for whoever asked
        408 | 503 => !tells(said),
        // to a reader: no such order is there yet
        202 => matches!(attempt.request, Request::Read { .. }) && !tells(said),
        _ => false,
    };
    (!is_refused).then(|| {
        format!(
            "{} with {} was answered {} {}",
            match &attempt.request {
                Request::Place { .. } => "an order",
                Request::Pay { .. } => "a payment",
                Request::Cancel { .. } => "a cancellation",
                Request::Read { .. } | Request::Reject { .. } => "a look",
            },
            attempt.forgery.name(),
            said.http,
            said.reason.as_deref().unwrap_or_default()
        )
    })
}

/// Whether the answer shows anything of an order.
fn tells(said: &Said) -> bool {
    said.status.is_some() || said.final_price.is_some() || said.lines.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Money;
    use crate::invariants::samples::{HELD, movement, only, said, sound, told};
    use crate::told::Status;

    fn attempt(request: Request, answer: Answer) -> Evidence {
        let mut evidence = sound();
        evidence.attempts.push(Attempt {
            visit: evidence.told[0].visit,
            composite: 0,
            forgery: Forgery::OtherMember,
            request,
            at: 1_000,
            answer,
        });
        evidence
    }

    fn look(http: u16, status: Option<Status>) -> Evidence {
        let request = Request::Read { order: HELD.into() };
        attempt(request, said(http, HELD, status, None))
    }

    fn pay(http: u16) -> Evidence {
        let request = Request::Pay {
            order: HELD.into(),
            payment: "forged-1".into(),
            amount: 12_000,
        };
        attempt(request, said(http, HELD, None, None))
    }

    mod violated {
        use super::*;

        #[test]
        fn by_an_honest_buyer_who_is_refused() {
            for http in [401, 403] {
                let mut evidence = sound();
                let request = Request::Read { order: HELD.into() };
                let answer = said(http, HELD, None, Some("UNAUTHORIZED"));
                evidence.told.push(told(request, 1_000, answer));
                only(&evidence, "door");
            }
        }

        #[test]
        fn by_anything_that_a_dishonest_one_is_told_or_granted() {
            only(&look(200, Some(Status::Created)), "door");
            only(&look(202, Some(Status::Created)), "door");
            for http in [200, 202, 402, 409, 422, 500] {
                only(&pay(http), "door");
            }
        }

        #[test]
        fn by_a_dishonest_payment_that_acted() {
            let mut evidence = sound();
            let held = evidence.stored.orders.get_mut(HELD).unwrap();
            held.intent = Some("forged-1".into());
            only(&evidence, "door");
            let mut evidence = sound();
            let charge = [Money::Charged, Money::Canceled];
            let charge = charge.map(|money| movement(money, "forged-1", 1));
            evidence.ledger.insert("404".into(), charge.into());
            only(&evidence, "door");
        }
    }

    #[test]
    fn kept_by_refusals() {
        for http in [401, 403, 404, 503] {
            assert_eq!(door(&pay(http)).violations, []);
        }
        for http in [202, 404] {
            assert_eq!(door(&look(http, None)).violations, []);
        }
    }
}
