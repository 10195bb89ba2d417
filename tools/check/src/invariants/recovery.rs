//! recovery: after every fault, purchases succeed again.

use crate::evidence::Evidence;
use crate::invariants::verdict::{Findings, Verdict};
use crate::recovery::Recovery;
use crate::told::{Millis, Request};
use std::collections::BTreeMap;

/// Each fault is followed by a success in the same round, and every round has at least one success. After some faults every composite must
/// sell again in a given time.
pub(super) fn recovery(evidence: &Evidence) -> Verdict {
    let mut findings = Findings::default();
    for found in &evidence.recoveries {
        if found.after_heal.is_none() {
            let name = found.fault.name();
            findings.mall(format!("no purchase succeeded after {name} was over"));
        }
    }
    for found in &evidence.recoveries {
        if let Some(late) = lateness(found) {
            findings.mall(late);
        }
    }
    let mut rounds: BTreeMap<u32, bool> = BTreeMap::new();
    for told in &evidence.told {
        if matches!(told.request, Request::Place { .. }) {
            *rounds.entry(told.visit.round).or_default() |= told.is_success();
        }
    }
    for (round, _) in rounds.iter().filter(|(_, has_success)| !**has_success) {
        findings.mall(format!("no order could be placed in round {round}"));
    }
    findings.verdict(
        "recovery",
        "after every fault, purchases succeed again",
        format!(
            "{} faults, {} rounds",
            evidence.recoveries.len(),
            rounds.len()
        ),
    )
}

/// What is wrong with a recovery that has a limit.
fn lateness(found: &Recovery) -> Option<String> {
    let limit = found.fault.recovers_within()?;
    let name = found.fault.name();
    let limit_millis = Millis::try_from(limit.as_millis()).unwrap_or(Millis::MAX);
    match found.everywhere {
        Some(took) if took <= limit_millis => None,
        Some(took) => Some(format!(
            "after {name} was over, it took {took} ms until every composite sold again; {} s are allowed",
            limit.as_secs()
        )),
        None => Some(format!(
            "after {name} was over, a composite sold nothing more"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::FaultKind;
    use crate::invariants::samples::{only, sound};
    use crate::recovery::Recovery;
    use crate::told::Answer;

    mod violated {
        use super::*;

        #[test]
        fn by_a_fault_without_a_later_purchase() {
            let mut evidence = sound();
            let mut found = Recovery {
                fault: FaultKind::MuteDb,
                outage: 60_000,
                after_heal: None,
                everywhere: None,
                slowest: 0,
            };
            evidence.recoveries.push(found);
            assert!(only(&evidence, "recovery")[0].what.contains("mute-db"));
            found.after_heal = Some(59_000);
            evidence.recoveries = vec![found];
            assert_eq!(recovery(&evidence).violations, []);
        }

        #[test]
        fn by_a_composite_that_does_not_sell_in_time_after_a_topic_was_made_again() {
            let mut evidence = sound();
            for (everywhere, is_kept) in
                [(Some(15_000), true), (Some(15_001), false), (None, false)]
            {
                evidence.recoveries = vec![Recovery {
                    fault: FaultKind::RecreateOrders,
                    outage: 0,
                    after_heal: Some(0),
                    everywhere,
                    slowest: 0,
                }];
                assert_eq!(recovery(&evidence).violations.is_empty(), is_kept);
            }
        }

        #[test]
        fn by_a_round_without_an_order() {
            let mut evidence = sound();
            for told in &mut evidence.told {
                told.answer = Answer::Nothing("no connection".into());
            }
            only(&evidence, "recovery");
        }
    }
}
