//! rest: once nobody buys, all activity stops.

use crate::evidence::Evidence;
use crate::invariants::verdict::{Findings, Verdict};

/// Nothing changes any more, and nothing is overdue.
pub(super) fn rest(evidence: &Evidence) -> Verdict {
    let mut findings = Findings::default();
    for unrest in &evidence.unrest {
        findings.mall(unrest.clone());
    }
    findings.verdict(
        "rest",
        "once nobody buys, all activity stops",
        format!("{} activities that did not stop", evidence.unrest.len()),
    )
}

#[cfg(test)]
mod tests {
    use crate::invariants::samples::{only, sound};

    #[test]
    fn violated_by_activity_that_goes_on() {
        let mut evidence = sound();
        evidence.unrest.push("2 orders are due for review".into());
        assert_eq!(only(&evidence, "rest").len(), 1);
    }
}
