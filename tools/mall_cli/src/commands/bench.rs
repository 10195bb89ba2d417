//! `mall bench`: the mall beside the raw limits of its broker and its database. Must not know how a request is sent.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use load::bench::{
    Benchmark, DatabaseSpeed, ECHO_TOPICS, Echo, GROWN, Measured, SUITE, at_rest, grow,
    large_catalogue, markdown, measure_database, raw_database, settle,
};
use load::{Assortment, Load, Measurement, Pace, Watched, observe};
use shared::clock::SystemClock;
use stack::{BrokerKind, Place, Service, Stack, Topic};

use terminal::{Progress, mention, tell};

/// How many requests are on their way when the raw limit is measured.
const RAW_IN_FLIGHT: usize = 64;
const RAW_TIME: Duration = Duration::from_secs(3);
const WARM_UP: Duration = Duration::from_secs(2);
/// As many as a small mall sells in a year.
const GROWN_ORDERS: u32 = 1_000_000;
/// How long the mall is watched while it has nothing to do.
const REST: Duration = Duration::from_secs(10);
/// An order's actor retires when nobody has asked for it for a minute.
const ACTORS_RETIRE: Duration = Duration::from_secs(65);

/// Measure the mall beside the raw limits of its broker and its database, in turns
///
/// Starts a mall of its own on real Kafka and MariaDB with a large catalogue. Each round measures the database's raw transactions, then
/// the broker's raw request and reply, then a benchmark, and so on through all of them: a noisy machine disturbs all, and their ratio
/// tells. Prints a table in Markdown.
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
    /// On the embedded broker instead of Kafka
    #[arg(long)]
    embedded: bool,
    /// Then store a million orders, measure pending orders once more, wait until their actors have retired, and tell what is left
    #[arg(long)]
    growth: bool,
    /// Write all results as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl Bench {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let folder = tempfile::tempdir().context("no temporary folder")?;
        let broker = if self.embedded {
            BrokerKind::Embedded
        } else {
            BrokerKind::Kafka
        };
        let stack = start(Place::under(folder.path())?, broker)?;
        let mut bench = Running {
            echo: Echo::start(stack.bootstrap_servers())?,
            assortment: Assortment::of_mall(&host(&stack.composites[0]))?,
            seconds: self.seconds,
            measured: Vec::new(),
            raw_database: Vec::new(),
            stack,
        };
        let mut rest = vec![bench.at_rest("after the start")?];
        bench.warm_up()?;
        for round in 1..=self.rounds {
            bench.measure_database(&format!("round {round}"))?;
            for benchmark in SUITE.iter().filter(|benchmark| self.is_wanted(benchmark)) {
                bench.measure(benchmark, &format!("round {round}"))?;
            }
        }
        if self.growth {
            grow(&bench.stack.database, GROWN_ORDERS, |stored| {
                mention(format!(
                    "{stored} of {GROWN_ORDERS} orders of an earlier time stored"
                ));
            })?;
            mention("waiting until the database has written them back");
            settle(&bench.stack.database)?;
            for round in 1..=self.rounds {
                bench.measure(&GROWN, &format!("grown, round {round}"))?;
            }
            mention("waiting until the actors have retired");
            thread::sleep(ACTORS_RETIRE);
            rest.push(bench.at_rest("after all of it")?);
        }
        tell(markdown(&bench.measured).trim_end());
        tell(format!("\n{}", raw_database(&bench.raw_database)));
        tell(rest.join("\n"));
        if let Some(file) = &self.json {
            let results: Vec<_> = bench.measured.iter().map(|one| &one.result).collect();
            fs::write(file, serde_json::to_string_pretty(&results)?)
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
        bench.end()
    }

    fn is_wanted(&self, benchmark: &Benchmark) -> bool {
        let only = self.only.as_deref().unwrap_or_default();
        benchmark.name.contains(only)
    }
}

/// The mall that is measured, and what came of it so far.
struct Running {
    stack: Stack,
    echo: Echo,
    assortment: Assortment,
    seconds: u64,
    measured: Vec<Measured>,
    raw_database: Vec<DatabaseSpeed>,
}

impl Running {
    /// Lets Kafka's compiler see both kinds of load, so that the first round is none of a cold broker.
    fn warm_up(&mut self) -> Result<()> {
        mention("warming the broker up");
        for benchmark in SUITE {
            self.echo.measure(RAW_IN_FLIGHT, RAW_TIME)?;
            self.measurement(benchmark).run(&SystemClock, |_, _| {})?;
        }
        Ok(())
    }

    fn measure_database(&mut self, when: &str) -> Result<()> {
        let speed = measure_database(&self.stack.database)?;
        mention(format!(
            "{when}: raw database, orders a second: {:.0} in batches, {:.0} one by one",
            speed.in_batches, speed.one_by_one
        ));
        self.raw_database.push(speed);
        Ok(())
    }

    fn measure(&mut self, benchmark: &Benchmark, when: &str) -> Result<()> {
        let raw = self.echo.measure(RAW_IN_FLIGHT, RAW_TIME)?;
        let result = self.measurement(benchmark).run(&SystemClock, |_, _| {})?;
        mention(format!(
            "{when}: {:<22} {:>5} shoppers {:>7.0}/s  p50 {:>6.1} ms  raw {:>6.0}/s, p50 {:.1} ms",
            benchmark.name,
            benchmark.shoppers,
            result.rate,
            result.latency.p50,
            raw.rate,
            raw.p50_millis,
        ));
        self.measured.push(Measured {
            benchmark: *benchmark,
            result,
            raw_rate: raw.rate,
        });
        Ok(())
    }

    fn measurement(&self, benchmark: &Benchmark) -> Measurement {
        Measurement {
            label: format!("{} by {}", benchmark.name, benchmark.shoppers),
            plan: Load {
                hosts: self.stack.composites.iter().map(host).collect(),
                scenario: benchmark.scenario,
                assortment: self.assortment.clone(),
                shoppers: benchmark.shoppers,
                pace: Pace::Answered,
                duration: WARM_UP + Duration::from_secs(self.seconds),
                threads: 1,
                seed: rand::random(),
            },
            warm_up: WARM_UP,
            watched: self.watched(),
        }
    }

    fn at_rest(&self, when: &str) -> Result<String> {
        Ok(at_rest(when, &observe(&self.watched(), REST)?))
    }

    fn watched(&self) -> Vec<Watched> {
        let services = self.stack.http_services();
        let watched = services.iter().map(|service| Watched {
            name: service.name().to_owned(),
            pid: service.pid(),
            internal: Some(service.internal_url().to_owned()).filter(|url| !url.is_empty()),
        });
        watched.collect()
    }

    fn end(self) -> Result<ExitCode> {
        drop(self.echo);
        let mut progress = Progress::new("ended after");
        self.stack.stop(&mut |event| progress.show(event))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// `host:port`.
fn host(service: &Service) -> String {
    service.url().trim_start_matches("http://").to_owned()
}

fn start(place: Place, broker: BrokerKind) -> Result<Stack> {
    let catalogue = place.data.join("bench.json");
    fs::write(&catalogue, large_catalogue())?;
    let mut builder = Stack::builder(place);
    builder.broker = broker;
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
