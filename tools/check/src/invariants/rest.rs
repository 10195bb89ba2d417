//! rest: the mall comes to rest once nobody buys.

use crate::evidence::Evidence;
use crate::invariants::verdict::{Findings, Verdict};

/// Nothing moves, and nothing is overdue.
pub(super) fn rest(evidence: &Evidence) -> Verdict {
    let mut findings = Findings::default();
    for unrest in &evidence.unrest {
        findings.mall(unrest.clone());
    }
    findings.verdict(
        "rest",
        "the mall comes to rest when nobody buys any more",
        format!("{} things still move", evidence.unrest.len()),
    )
}

#[cfg(test)]
mod tests {
    use crate::invariants::samples::{only, sound};

    #[test]
    fn given_something_that_still_moves_then_rest_says_so() {
        let mut evidence = sound();
        evidence.unrest.push("2 orders are due for review".into());
        assert_eq!(only(&evidence, "rest").len(), 1);
    }
}
