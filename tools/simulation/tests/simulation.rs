//! Thousands of schedules, each from its seed. `SEED=…` repeats one and tells all of it; `SEEDS=…` runs so many.

use std::time::{Duration, Instant};

use simulation::sabotage::Sabotage;
use simulation::schedule::{run, tell};
use simulation::tally::Tally;

/// The seeds that every run of the tests goes through.
const SEEDS: std::ops::Range<u64> = 0..4_000;

/// What happens at least once in so many schedules on average. Counted over all seeds: a few hundred are too few for the rare ones.
const REACHED: &[(&str, u64)] = &[
    ("order complete", 4),
    ("stale", 1),
    ("renumbered", 10),
    ("payment declined", 40),
    ("payment cancelled", 1_000),
    ("AMOUNT_MISMATCH", 40),
    ("EXPIRED", 10),
    ("COUPON_USED", 40),
    ("OUT_OF_STOCK", 10),
    ("review approves", 40),
    ("review rejects", 4),
    ("review settles", 4),
    ("told again", 10),
    ("told late", 10),
    ("told payment unavailable", 50),
    ("told still running", 10),
    ("too late to charge", 20),
    ("told cancelled", 20),
    ("CANCELLED", 40),
    ("refunds asked for", 20),
    ("review gives back", 200),
    ("fault: call overdue", 10),
    ("fault: composite killed", 4),
    ("fault: owner killed", 4),
    ("fault: owner stopped", 4),
    ("fault: rebalance", 4),
    ("fault: home lost", 4),
    ("no home", 20),
    ("reply of another's", 4),
    ("fault: write forgotten", 4),
    ("fault: write refused", 4),
    ("fault: store away", 4),
    ("fault: row held", 4),
    ("fault: order troubled", 10),
    ("batch waits", 4),
    ("row stuck", 5),
    ("row released to others", 40),
    ("transition fails", 10),
];

#[test]
fn the_invariants_hold_whatever_goes_wrong() {
    if let Some(seed) = number_in("SEED") {
        let (story, result) = tell(seed, Sabotage::None);
        story.iter().for_each(|line| println!("{line}"));
        match result {
            Ok(done) => return println!("seed {seed}: all held in {} steps", done.steps),
            Err(failure) => panic!("seed {seed}: {}", failure.violation),
        }
    }
    let seeds = number_in("SEEDS").map_or(SEEDS, |count| 0..count);
    let begun = Instant::now();
    let (mut steps, mut tally) = (0, Tally::default());
    for seed in seeds.clone() {
        match run(seed, Sabotage::None) {
            Ok(done) => {
                steps += done.steps;
                tally.add(&done.tally);
            }
            Err(failure) => panic!("{failure}"),
        }
    }
    check_coverage(&tally, seeds.end);
    println!("{tally}\n{}", speed(seeds.end, steps, begun.elapsed()));
}

/// A schedule in which nothing happens breaks no invariant, so it must be seen that what can go wrong does.
fn check_coverage(tally: &Tally, seeds: u64) {
    for (what, one_in) in REACHED {
        let seen = tally.of(what);
        assert!(
            seen * one_in >= seeds,
            "{what} was seen {seen} times in {seeds} schedules: {tally}"
        );
    }
}

fn speed(seeds: u64, steps: usize, took: Duration) -> String {
    let seconds = took.as_secs_f64();
    let steps = u32::try_from(steps).unwrap_or(u32::MAX);
    let total = u32::try_from(seeds).unwrap_or(u32::MAX);
    format!(
        "{seeds} seeds, {steps} steps in {seconds:.1} s: {:.0} seeds/s, {:.0} steps/s",
        f64::from(total) / seconds,
        f64::from(steps) / seconds
    )
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test's own switch, not a setting of the product"
)]
fn number_in(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
