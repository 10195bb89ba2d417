//! The simulation can fail: each fault of construction is noticed, by the invariant that it breaks, within a few thousand schedules.

use simulation::sabotage::Sabotage;
use simulation::schedule::run;
use simulation::violation::Invariant;

/// How many schedules a mutant survives at most.
const MOST_SEEDS: u64 = 2_000;

/// Each with what may notice it.
const MUTANTS: &[(Sabotage, &[Invariant])] = &[
    (
        Sabotage::NothingGivenBack,
        &[Invariant::Stock, Invariant::Coupon],
    ),
    (
        Sabotage::BlindWrites,
        &[Invariant::Lawful, Invariant::Stock],
    ),
    (Sabotage::FinishedAtIntake, &[Invariant::Offsets]),
    (Sabotage::FinishedAtReply, &[Invariant::Offsets]),
    (Sabotage::NoRefunds, &[Invariant::Money]),
    (
        Sabotage::ConflictIsSuccess,
        &[Invariant::Truth, Invariant::OneOrder],
    ),
    (Sabotage::OutcomesReversed, &[Invariant::Truth]),
    (
        Sabotage::RepliesToAnybody,
        &[Invariant::Truth, Invariant::Money],
    ),
    (Sabotage::StaleKnowledge, &[Invariant::Rest]),
    (Sabotage::StuckRowForgotten, &[Invariant::Rest]),
    (Sabotage::KeysForgotten, &[Invariant::OneOrder]),
    (Sabotage::LateFence, &[Invariant::Money]),
    (Sabotage::EarlyFarewell, &[Invariant::Heard]),
    (Sabotage::RefundsWithoutKeys, &[Invariant::Money]),
    (
        Sabotage::RefundsWithoutStock,
        &[Invariant::Stock, Invariant::Coupon, Invariant::Lawful],
    ),
    (Sabotage::RefundsNotReviewed, &[Invariant::Rest]),
];

#[test]
fn each_is_caught_by_the_invariant_that_it_breaks() {
    for (sabotage, expected) in MUTANTS {
        let failure = (0..MOST_SEEDS).find_map(|seed| run(seed, *sabotage).err());
        let Some(failure) = failure else {
            panic!("{sabotage:?} was not noticed in {MOST_SEEDS} schedules");
        };
        println!(
            "{sabotage:?}: seed {}, step {}: {:?}",
            failure.seed, failure.steps, failure.violation.invariant
        );
        assert!(
            expected.contains(&failure.violation.invariant),
            "{sabotage:?}: {failure}"
        );
    }
}
