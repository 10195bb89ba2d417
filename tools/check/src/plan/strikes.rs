//! When which fault strikes, and for how long. Must not know how.

use crate::faults::FaultKind;
use crate::plan::chance::chance;
use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use std::time::Duration;

/// One fault that comes and goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Strike {
    /// How long before it nothing strikes.
    pub(crate) pause: Duration,
    /// What happens.
    pub(crate) fault: FaultKind,
    /// Which one of several instances, in any range.
    pub(crate) victim: usize,
    /// How long it stays.
    pub(crate) lasts: Duration,
}

/// Deals the faults to the rounds: each comes equally often, as far as it goes, in an order of chance, and each at least once.
pub(crate) fn deal(seed: u64, faults: &[FaultKind], rounds: u32) -> Vec<Vec<FaultKind>> {
    let rounds = rounds.max(1) as usize;
    let each = faults.len().div_ceil(rounds).max(2.min(faults.len()));
    let mut chance = chance(seed, &[0]);
    let mut deck: Vec<FaultKind> = Vec::new();
    while deck.len() < each * rounds && !faults.is_empty() {
        let mut all = faults.to_vec();
        all.shuffle(&mut chance);
        deck.extend(all);
    }
    let mut hands: Vec<Vec<FaultKind>> = deck
        .chunks(each.max(1))
        .take(rounds)
        .map(<[FaultKind]>::to_vec)
        .collect();
    hands.resize(rounds, Vec::new());
    hands
}

pub(super) fn timetable(chance: &mut StdRng, faults: &[FaultKind]) -> Vec<Strike> {
    let strike = |fault: &FaultKind| {
        let range = fault.lasts();
        Strike {
            pause: Duration::from_millis(chance.random_range(300..1_200)),
            fault: *fault,
            victim: chance.random_range(0..1_000),
            lasts: Duration::from_millis(chance.random_range(range)),
        }
    };
    faults.iter().map(strike).collect()
}

pub(super) fn poisons(chance: &mut StdRng) -> Vec<Duration> {
    (0..chance.random_range(2..6))
        .map(|_| Duration::from_millis(chance.random_range(0..8_000)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(hands: &[Vec<FaultKind>]) -> Vec<usize> {
        let all = hands.concat();
        FaultKind::ALL
            .iter()
            .map(|fault| all.iter().filter(|dealt| *dealt == fault).count())
            .collect()
    }

    mod dealing {
        use super::*;

        #[test]
        fn gives_a_single_round_every_fault() {
            assert!(
                counts(&deal(5, FaultKind::ALL, 1))
                    .iter()
                    .all(|count| *count == 1)
            );
        }

        #[test]
        fn spreads_the_faults_evenly_over_many_rounds() {
            let hands = deal(5, FaultKind::ALL, 50);
            assert_eq!(hands.len(), 50);
            assert!(hands.iter().all(|hand| hand.len() == 2), "{hands:?}");
            let counts = counts(&hands);
            let (least, most) = (counts.iter().min(), counts.iter().max());
            assert!(most.unwrap() - least.unwrap() <= 1, "{counts:?}");
        }

        #[test]
        fn leaves_no_fault_out() {
            for rounds in 1..8 {
                let hands = deal(9, FaultKind::ALL, rounds);
                assert!(counts(&hands).iter().all(|count| *count >= 1), "{rounds}");
            }
        }

        #[test]
        fn gives_nothing_when_there_are_no_faults() {
            assert_eq!(deal(5, &[], 2), [Vec::new(), Vec::new()]);
        }
    }
}
