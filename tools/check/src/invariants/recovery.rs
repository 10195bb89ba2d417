//! recovery: after every fault somebody buys again.

use crate::evidence::Evidence;
use crate::invariants::verdict::{Findings, Verdict};
use crate::told::Request;
use std::collections::BTreeMap;

/// Each fault is followed by a success in the same round, and no round is without any.
pub(super) fn recovery(evidence: &Evidence) -> Verdict {
    let mut findings = Findings::default();
    for found in &evidence.recoveries {
        if found.after_heal.is_none() {
            let name = found.fault.name();
            findings.mall(format!("nobody ever bought again after {name} had gone"));
        }
    }
    let mut rounds: BTreeMap<u32, bool> = BTreeMap::new();
    for told in &evidence.told {
        if matches!(told.request, Request::Place { .. }) {
            *rounds.entry(told.visit.round).or_default() |= told.is_success();
        }
    }
    for (round, _) in rounds.iter().filter(|(_, has_success)| !**has_success) {
        findings.mall(format!("nobody could place an order in round {round}"));
    }
    findings.verdict(
        "recovery",
        "after every fault somebody buys again",
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

    #[test]
    fn given_a_fault_after_which_nobody_bought_then_recovery_says_so() {
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
    fn given_a_round_in_which_nobody_could_place_an_order_then_recovery_says_so() {
        let mut evidence = sound();
        for told in &mut evidence.told {
            told.answer = Answer::Nothing("no connection".into());
        }
        only(&evidence, "recovery");
    }
}
