//! Latencies and statuses of some time. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

/// Longer latencies count as this one.
const MAX_MICROS: u64 = 120_000_000;
const DIGITS: u8 = 3;

/// How a request ended that got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Failure {
    /// No connection could be made.
    NotConnected,
    /// The connection broke.
    Broken,
    /// The answer did not come in time.
    TimedOut,
    /// Nobody was free to send it: the shoppers are too few for the rate.
    NotSent,
}

impl Failure {
    fn name(self) -> &'static str {
        match self {
            Self::NotConnected => "not connected",
            Self::Broken => "broken",
            Self::TimedOut => "timed out",
            Self::NotSent => "not sent",
        }
    }
}

/// Counts of answers, and a histogram of their latencies in microseconds.
#[derive(Clone, Debug)]
pub struct Tally {
    /// Latencies of answered requests, in microseconds.
    pub latencies: Histogram<u64>,
    /// How often each status or failure came.
    pub ends: BTreeMap<String, u64>,
    /// Orders that the mall refused, as it may: an item is sold out.
    pub refused: u64,
    /// Answers that the scenario does not expect, and requests without an answer.
    pub errors: u64,
}

/// What an answer is to the shopper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As hoped for.
    Expected,
    /// Nothing is wrong, and nothing was bought.
    Refused,
    /// Something is wrong.
    Unexpected,
}

impl Default for Tally {
    fn default() -> Self {
        let latencies = Histogram::new_with_bounds(1, MAX_MICROS, DIGITS);
        Self {
            #[expect(clippy::expect_used, reason = "the bounds are constants that it takes")]
            latencies: latencies.expect("sound bounds"),
            ends: BTreeMap::new(),
            refused: 0,
            errors: 0,
        }
    }
}

impl Tally {
    pub(super) fn answered(&mut self, status: u16, verdict: Verdict, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.latencies.saturating_record(micros.max(1));
        match verdict {
            Verdict::Expected => {}
            Verdict::Refused => self.refused += 1,
            Verdict::Unexpected => self.errors += 1,
        }
        *self.ends.entry(status.to_string()).or_default() += 1;
    }

    pub(super) fn failed(&mut self, failure: Failure) {
        self.errors += 1;
        *self.ends.entry(failure.name().to_owned()).or_default() += 1;
    }

    /// Takes another's counts in.
    pub fn add(&mut self, other: &Self) {
        self.latencies += &other.latencies;
        self.refused += other.refused;
        self.errors += other.errors;
        for (end, count) in &other.ends {
            *self.ends.entry(end.clone()).or_default() += count;
        }
    }

    /// Requests that were answered.
    #[must_use]
    pub fn answers(&self) -> u64 {
        self.latencies.len()
    }

    /// The latency that so many percent of the answers stayed within.
    #[must_use]
    pub fn percentile(&self, percent: f64) -> Duration {
        Duration::from_micros(self.latencies.value_at_percentile(percent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_counted_and_only_unexpected_ones_are_errors() {
        let mut tally = Tally::default();
        for millis in 1..=100 {
            tally.answered(200, Verdict::Expected, Duration::from_millis(millis));
        }
        tally.answered(409, Verdict::Refused, Duration::from_millis(50));
        tally.answered(503, Verdict::Unexpected, Duration::from_micros(10));
        tally.failed(Failure::TimedOut);
        let mut sum = Tally::default();
        sum.add(&tally);
        sum.add(&tally);
        assert_eq!((sum.answers(), sum.refused, sum.errors), (204, 2, 4));
        let ends: Vec<_> = sum
            .ends
            .iter()
            .map(|(end, count)| (end.as_str(), *count))
            .collect();
        assert_eq!(
            ends,
            [("200", 200), ("409", 2), ("503", 2), ("timed out", 2)]
        );
        let p50 = sum.percentile(50.0).as_millis();
        assert!((49..=51).contains(&p50), "{p50}");
    }

    #[test]
    fn a_latency_out_of_bounds_counts_as_the_longest() {
        let mut tally = Tally::default();
        tally.answered(200, Verdict::Expected, Duration::from_secs(1_000));
        assert!(tally.percentile(100.0) >= Duration::from_secs(119));
    }
}
