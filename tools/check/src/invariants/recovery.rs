//! recovery: after every fault, purchases succeed again.

use crate::evidence::Evidence;
use crate::invariants::verdict::{Findings, Verdict};
use crate::told::Request;
use std::collections::BTreeMap;

/// Each fault is followed by a success in the same round, and every round has at least one success.
pub(super) fn recovery(evidence: &Evidence) -> Verdict {
    let mut findings = Findings::default();
    for found in &evidence.recoveries {
        if found.after_heal.is_none() {
            let name = found.fault.name();
            findings.mall(format!("no purchase succeeded after {name} was over"));
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
                slowest: 0,
            };
            evidence.recoveries.push(found);
            assert!(only(&evidence, "recovery")[0].what.contains("mute-db"));
            found.after_heal = Some(59_000);
            evidence.recoveries = vec![found];
            assert_eq!(recovery(&evidence).violations, []);
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
