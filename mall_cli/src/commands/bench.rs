//! `mall bench`: the mall beside the raw limits of its broker. Must not know how a request is sent.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use mall_cli::bench::{Benchmark, ECHO_TOPICS, Echo, Measured, SUITE, large_catalogue, markdown};
use mall_cli::load::{Assortment, Load, Measurement, Pace, Watched};
use mall_cli::stack::{BrokerKind, Place, Stack, Topic};
use shared::clock::SystemClock;

use crate::output::{Progress, mention, tell};

/// How many requests are on their way when the raw limit is measured.
const RAW_IN_FLIGHT: usize = 64;
const RAW_TIME: Duration = Duration::from_secs(3);
const WARM_UP: Duration = Duration::from_secs(2);

/// Measure the mall beside the raw limits of its broker, in turns
///
/// Starts a mall of its own on real Kafka and MariaDB with a large catalogue. Each round measures the broker's raw request and reply,
/// then a benchmark, and so on through all of them: a noisy machine disturbs both, and their ratio tells. Prints a table in Markdown.
#[derive(Args)]
pub(crate) struct Bench {
    /// How often everything is measured; the median counts
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Seconds that count of each measurement
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Only benchmarks whose name has this in it
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Write all results as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl Bench {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let folder = tempfile::tempdir().context("no temporary folder")?;
        let stack = start(Place::under(folder.path())?)?;
        let mut echo = Echo::start(stack.bootstrap_servers())?;
        let hosts: Vec<String> = stack
            .composites
            .iter()
            .map(|composite| composite.url().trim_start_matches("http://").to_owned())
            .collect();
        let assortment = Assortment::of_mall(&hosts[0])?;
        let mut measured = Vec::new();
        for round in 1..=self.rounds {
            for benchmark in SUITE.iter().filter(|benchmark| self.is_wanted(benchmark)) {
                let raw = echo.measure(RAW_IN_FLIGHT, RAW_TIME)?;
                let result = self
                    .measurement(benchmark, &stack, &hosts, &assortment)
                    .run(&SystemClock, |_, _| {})?;
                mention(format!(
                    "round {round}: {:<22} {:>5} shoppers {:>7.0}/s  p50 {:>6.1} ms  raw {:>6.0}/s, p50 {:.1} ms",
                    benchmark.name,
                    benchmark.shoppers,
                    result.rate,
                    result.latency.p50,
                    raw.rate,
                    raw.p50_millis,
                ));
                measured.push(Measured {
                    benchmark: *benchmark,
                    result,
                    raw_rate: raw.rate,
                });
            }
        }
        tell(markdown(&measured).trim_end());
        if let Some(file) = &self.json {
            let results: Vec<_> = measured.iter().map(|one| &one.result).collect();
            fs::write(file, serde_json::to_string_pretty(&results)?)
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
        drop(echo);
        let mut progress = Progress::new("ended after");
        stack.stop(&mut |event| progress.show(event))?;
        Ok(ExitCode::SUCCESS)
    }

    fn is_wanted(&self, benchmark: &Benchmark) -> bool {
        let only = self.only.as_deref().unwrap_or_default();
        benchmark.name.contains(only)
    }

    fn measurement(
        &self,
        benchmark: &Benchmark,
        stack: &Stack,
        hosts: &[String],
        assortment: &Assortment,
    ) -> Measurement {
        let services = stack.http_services();
        let watched = services.iter().map(|service| Watched {
            name: service.name().to_owned(),
            pid: service.pid(),
            internal: Some(service.internal_url().to_owned()).filter(|url| !url.is_empty()),
        });
        Measurement {
            label: format!("{} by {}", benchmark.name, benchmark.shoppers),
            plan: Load {
                hosts: hosts.to_vec(),
                scenario: benchmark.scenario,
                assortment: assortment.clone(),
                shoppers: benchmark.shoppers,
                pace: Pace::Answered,
                duration: WARM_UP + Duration::from_secs(self.seconds),
                threads: 1,
                seed: rand::random(),
            },
            warm_up: WARM_UP,
            watched: watched.collect(),
        }
    }
}

fn start(place: Place) -> Result<Stack> {
    let catalogue = place.data.join("bench.json");
    fs::write(&catalogue, large_catalogue())?;
    let mut builder = Stack::builder(place);
    builder.broker = BrokerKind::Kafka;
    builder.catalogue = Some(catalogue);
    builder.extra_topics = ECHO_TOPICS
        .map(|name| Topic {
            name: name.to_owned(),
            partitions: 1,
        })
        .to_vec();
    let mut progress = Progress::new("ready after");
    builder.start_telling(&mut |event| progress.show(event))
}
