//! All invariants, in the order in which they are told.

use crate::evidence::Evidence;
use crate::invariants::verdict::Verdict;
use crate::invariants::{
    answers, denials, door, drained, money, one_at_a_time, processes, readiness, recovery,
    requests, rest, shelves, terminal, truth,
};

/// Every invariant's verdict.
pub(crate) fn judge(evidence: &Evidence) -> Vec<Verdict> {
    [
        shelves::stock,
        shelves::coupons,
        shelves::prices,
        requests::one_order_a_request,
        answers::answers,
        truth::answered_truth,
        denials::denials,
        door::door,
        terminal::terminal,
        money::money,
        one_at_a_time::one_at_a_time,
        drained::replies,
        drained::drained,
        drained::dead_letters,
        recovery::recovery,
        readiness::readiness,
        rest::rest,
        processes::processes,
    ]
    .map(|invariant| invariant(evidence))
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariants::samples;

    #[test]
    fn a_sound_mall_violates_nothing() {
        let evidence = samples::sound();
        for verdict in judge(&evidence) {
            assert_eq!(verdict.violations, [], "{}", verdict.name);
        }
    }

    #[test]
    fn no_evidence_violates_nothing() {
        assert!(
            judge(&Evidence::default())
                .iter()
                .all(|verdict| verdict.violations.is_empty())
        );
    }
}
