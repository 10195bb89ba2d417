//! A load from its warm-up to its result.

use std::time::Duration;

use anyhow::Result;
use chrono::{DateTime, Utc};
use shared::clock::Clock;

use super::engine::Load;
use super::mailboxes::MailboxWatch;
use super::processes::{Processes, Watched};
use super::recorder::Tally;
use super::result::{LoadResult, Percentiles, ResultSecond};

/// What is to be measured.
#[derive(Clone, Debug)]
pub struct Measurement {
    /// What it is called.
    pub label: String,
    /// The load, warm-up and all.
    pub plan: Load,
    /// How much of it is warm-up, in whole seconds.
    pub warm_up: Duration,
    /// Processes to watch.
    pub watched: Vec<Watched>,
}

/// The seconds as they come in.
struct Gathering {
    warm_up: u64,
    seconds: u64,
    total: Tally,
    /// Answers within the seconds that count.
    answers_in_time: u64,
    series: Vec<ResultSecond>,
    processes: Processes,
    mailboxes: MailboxWatch,
    processor_before: Vec<(String, f64)>,
}

impl Measurement {
    /// Runs it; `tell` hears each second, and whether it counts.
    ///
    /// # Errors
    /// When the load can't be run.
    pub fn run(
        self,
        clock: &dyn Clock,
        mut tell: impl FnMut(&ResultSecond, bool),
    ) -> Result<LoadResult> {
        let begun_at = clock.now();
        let warm_up = self.warm_up.as_secs();
        let mut gathering = Gathering {
            warm_up,
            seconds: self.plan.duration.as_secs() - warm_up,
            total: Tally::default(),
            answers_in_time: 0,
            series: Vec::new(),
            mailboxes: MailboxWatch::new(&self.watched),
            processes: Processes::watch(self.watched)?,
            processor_before: Vec::new(),
        };
        self.plan.run(|second| {
            if let Some((second, counts)) = gathering.take(second.index, &second.tally) {
                tell(second, counts);
            }
        })?;
        Ok(gathering.into_result(self.label, &self.plan, begun_at))
    }
}

impl Gathering {
    /// After the end only late answers come in: they count, but are not part of the series.
    fn take(&mut self, index: u64, tally: &Tally) -> Option<(&ResultSecond, bool)> {
        let processes = self.processes.look();
        if index == self.warm_up {
            self.processor_before = self.processes.processor_seconds();
        }
        let counts = index >= self.warm_up;
        if counts {
            self.total.add(tally);
        }
        if index >= self.warm_up + self.seconds {
            return None;
        }
        if counts {
            self.answers_in_time += tally.answers();
        }
        let second = ResultSecond::new(index, tally, processes, self.mailboxes.look());
        self.series.push(second);
        self.series.last().map(|second| (second, counts))
    }

    #[expect(clippy::cast_precision_loss, reason = "for people to read")]
    fn into_result(self, label: String, plan: &Load, begun_at: DateTime<Utc>) -> LoadResult {
        let answers = self.total.answers();
        let spent = self.processes.processor_seconds().into_iter();
        let spent = spent.filter_map(|(name, after)| {
            let before = self.processor_before.iter();
            let (_, before) = before.into_iter().find(|(other, _)| *other == name)?;
            Some((name, (after - before) * 1_000.0 / answers.max(1) as f64))
        });
        LoadResult {
            label,
            scenario: plan.scenario.to_string(),
            pace: plan.pace_in_words(),
            begun_at,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            warm_up_seconds: self.warm_up,
            seconds: self.seconds,
            answers,
            rate: self.answers_in_time as f64 / self.seconds.max(1) as f64,
            refused: self.total.refused,
            errors: self.total.errors,
            latency: Percentiles::of(&self.total),
            ends: self.total.ends.clone(),
            curve: curve(&self.total),
            processor_millis_per_answer: spent.collect(),
            series: self.series,
        }
    }
}

fn curve(tally: &Tally) -> Vec<(f64, f64)> {
    tally
        .latencies
        .iter_quantiles(5)
        .map(|step| {
            let value = step.value_iterated_to();
            #[expect(clippy::cast_precision_loss, reason = "at most two minutes")]
            let millis = value as f64 / 1_000.0;
            (step.quantile() * 100.0, millis)
        })
        .collect()
}
