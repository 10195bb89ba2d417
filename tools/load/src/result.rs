//! The result of a load as it is kept in a file, and its objectives.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::mailboxes::MailboxSample;
use super::processes::ProcessSample;
use super::recorder::Tally;

/// A whole run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoadResult {
    /// What the run is called.
    pub label: String,
    /// The scenario's name.
    pub scenario: String,
    /// `64 shoppers, each asks when answered`, or `1000 a second, 256 shoppers`.
    pub pace: String,
    /// When it began.
    pub begun_at: DateTime<Utc>,
    /// The load tool's version.
    pub version: String,
    /// The processors of this machine.
    pub processors: usize,
    /// Seconds before anything counted.
    pub warm_up_seconds: u64,
    /// Seconds that count.
    pub seconds: u64,
    /// Answers that count.
    pub answers: u64,
    /// Answers a second.
    pub rate: f64,
    /// Orders that the mall refused, as it may: an item is sold out.
    #[serde(default)]
    pub refused: u64,
    /// Answers that the scenario does not expect, and requests without an answer.
    pub errors: u64,
    /// Latencies of all that counts.
    pub latency: Percentiles,
    /// How often each status or failure came.
    pub ends: BTreeMap<String, u64>,
    /// (percent of answers, milliseconds), for a curve.
    pub curve: Vec<(f64, f64)>,
    /// Processor milliseconds of each process for each answer.
    pub processor_millis_per_answer: BTreeMap<String, f64>,
    /// Second by second, the warm-up included.
    pub series: Vec<ResultSecond>,
}

/// Latencies in milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Percentiles {
    /// Half of the answers came within this.
    pub p50: f64,
    /// 90 of 100.
    pub p90: f64,
    /// 95 of 100.
    pub p95: f64,
    /// 99 of 100.
    pub p99: f64,
    /// 999 of 1000.
    pub p999: f64,
    /// The longest.
    pub max: f64,
}

impl Percentiles {
    /// Those of a tally.
    #[must_use]
    pub fn of(tally: &Tally) -> Self {
        let at = |percent| millis(tally.percentile(percent));
        Self {
            p50: at(50.0),
            p90: at(90.0),
            p95: at(95.0),
            p99: at(99.0),
            p999: at(99.9),
            max: at(100.0),
        }
    }
}

/// One second.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResultSecond {
    /// Which, from the beginning.
    pub second: u64,
    /// Answers.
    pub answers: u64,
    /// Orders that the mall refused, as it may: an item is sold out.
    #[serde(default)]
    pub refused: u64,
    /// Answers that the scenario does not expect, and requests without an answer.
    pub errors: u64,
    /// Latencies of the answers.
    pub latency: Percentiles,
    /// How often each status or failure came.
    pub ends: BTreeMap<String, u64>,
    /// How the mall's processes did, where they are known.
    pub processes: Vec<ProcessSample>,
    /// What waited in mailboxes at its end, likewise.
    #[serde(default)]
    pub mailboxes: Vec<MailboxSample>,
}

impl ResultSecond {
    /// A second as it is kept.
    #[must_use]
    pub fn new(
        second: u64,
        tally: &Tally,
        processes: Vec<ProcessSample>,
        mailboxes: Vec<MailboxSample>,
    ) -> Self {
        Self {
            second,
            answers: tally.answers(),
            refused: tally.refused,
            errors: tally.errors,
            latency: Percentiles::of(tally),
            ends: tally.ends.clone(),
            processes,
            mailboxes,
        }
    }
}

/// Objectives of a run; those that are `None` are not checked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Objectives {
    /// The median at most.
    pub p50: Option<Duration>,
    /// 95 of 100 at most.
    pub p95: Option<Duration>,
    /// 99 of 100 at most.
    pub p99: Option<Duration>,
    /// So many refused orders at most.
    pub refused: Option<u64>,
    /// So many errors at most.
    pub errors: Option<u64>,
    /// So many answers a second at least.
    pub rate: Option<f64>,
}

impl Objectives {
    /// The missed objectives, in words. A run without answers misses every objective about latencies.
    #[must_use]
    pub fn missed_by(&self, result: &LoadResult) -> Vec<String> {
        let within = |name: &str, wanted: Option<Duration>, seen: f64| {
            let wanted = millis(wanted?);
            (seen > wanted || result.answers == 0)
                .then(|| format!("{name} is {seen:.1} ms, wanted {wanted:.1} ms at most"))
        };
        let missed = [
            within("p50", self.p50, result.latency.p50),
            within("p95", self.p95, result.latency.p95),
            within("p99", self.p99, result.latency.p99),
            self.refused
                .filter(|wanted| result.refused > *wanted)
                .map(|wanted| format!("{} refused, wanted {wanted} at most", result.refused)),
            self.errors
                .filter(|wanted| result.errors > *wanted)
                .map(|wanted| format!("{} errors, wanted {wanted} at most", result.errors)),
            self.rate
                .filter(|wanted| result.rate < *wanted)
                .map(|wanted| format!("{:.0}/s, wanted {wanted:.0}/s at least", result.rate)),
        ];
        missed.into_iter().flatten().collect()
    }
}

pub(super) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(answers: u64, errors: u64, p99: f64) -> LoadResult {
        LoadResult {
            label: String::new(),
            scenario: String::new(),
            pace: String::new(),
            begun_at: DateTime::UNIX_EPOCH,
            version: String::new(),
            processors: 2,
            warm_up_seconds: 0,
            seconds: 10,
            answers,
            rate: 100.0,
            refused: errors,
            errors,
            latency: Percentiles {
                p99,
                ..Percentiles::default()
            },
            ends: BTreeMap::new(),
            curve: Vec::new(),
            processor_millis_per_answer: BTreeMap::new(),
            series: Vec::new(),
        }
    }

    #[test]
    fn only_worse_figures_miss_an_objective() {
        let objectives = Objectives {
            p99: Some(Duration::from_millis(50)),
            refused: Some(1),
            errors: Some(1),
            rate: Some(100.0),
            ..Objectives::default()
        };
        assert_eq!(objectives.missed_by(&result(9, 1, 50.0)), [""; 0]);
        assert_eq!(objectives.missed_by(&result(9, 2, 50.1)).len(), 3);
        assert_eq!(objectives.missed_by(&result(0, 0, 0.0)).len(), 1);
        assert!(
            Objectives::default()
                .missed_by(&result(0, 9, 9.9))
                .is_empty()
        );
    }
}
