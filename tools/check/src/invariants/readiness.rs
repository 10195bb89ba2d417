//! readiness: a service whose topic is away says so.

use crate::evidence::Evidence;
use crate::invariants::verdict::{Findings, Verdict};
use crate::recovery::Starved;

/// While the topic that a service reads is away for long, the service is not ready, and its reason names the topic.
pub(super) fn readiness(evidence: &Evidence) -> Verdict {
    let mut findings = Findings::default();
    for starved in &evidence.starved {
        if let Some(what) = complaint(starved) {
            findings.mall(what);
        }
    }
    findings.verdict(
        "readiness",
        "a service whose topic is away is not ready, and says why",
        format!("{} services without their topic", evidence.starved.len()),
    )
}

fn complaint(starved: &Starved) -> Option<String> {
    let Starved {
        fault,
        service,
        reason,
    } = starved;
    let topic = fault.starved_of()?;
    match reason {
        Some(reason) if reason.contains(&format!("topic {topic}")) => None,
        Some(reason) => Some(format!(
            "{service} was not ready during {}, but only said: {reason}",
            fault.name()
        )),
        None => Some(format!("{service} was ready all through {}", fault.name())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::FaultKind;
    use crate::invariants::samples::{only, sound};

    #[test]
    fn is_violated_by_a_service_that_is_ready_or_does_not_name_its_topic() {
        let mut evidence = sound();
        for (reason, is_kept) in [
            (
                Some("intake: the brokers do not have the topic orders"),
                true,
            ),
            (Some("intake: not a member of the group orderGroup"), false),
            (None, false),
        ] {
            evidence.starved = vec![Starved {
                fault: FaultKind::DeleteOrders,
                service: "order-service".into(),
                reason: reason.map(str::to_owned),
            }];
            if is_kept {
                assert_eq!(readiness(&evidence).violations, []);
            } else {
                only(&evidence, "readiness");
            }
        }
    }
}
