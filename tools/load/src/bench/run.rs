//! The whole of `mall bench`: malls of its own, and round after round of raw limits and benchmarks. Must not know how a request is sent.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use shared::clock::SystemClock;
use stack::{BrokerKind, Place, Service, Stack, StackBuilder, Topic};
use terminal::{Progress, mention};

use super::echo::{ECHO_TOPICS, Echo};
use super::growth::{grow, settle};
use super::overload::{self, Overload};
use super::plan::{Benchmark, GROWN, Measured, SUITE, large_catalogue};
use super::raw_database::{DatabaseSpeed, measure_database};
use super::table::{at_rest, markdown, overload_in_words, raw_database};
use crate::{Assortment, Load, LoadResult, Measurement, Pace, Watched, observe};

/// How many requests are under way when the raw limit is measured.
const RAW_IN_FLIGHT: usize = 64;
const RAW_TIME: Duration = Duration::from_secs(3);
const WARM_UP: Duration = Duration::from_secs(2);
/// As many as a small mall sells in a year.
const GROWN_ORDERS: u32 = 1_000_000;
/// How long the mall is watched while it has nothing to do.
const REST: Duration = Duration::from_secs(10);
/// An order's actor retires when nobody has asked for it for a minute.
const ACTORS_RETIRE: Duration = Duration::from_secs(65);

/// What is measured, and how often.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How often everything is measured; the median counts.
    pub rounds: u32,
    /// How many seconds of each measurement count.
    pub seconds: u64,
    /// Only benchmarks whose name contains this.
    pub only: String,
    /// What serves Kafka.
    pub broker: BrokerKind,
    /// Whether pending orders are measured once more after a million orders have been stored.
    pub growth: bool,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Report {
    /// A table in Markdown, and what does not fit into it.
    pub text: String,
    /// Every measurement, in the order in which they were made.
    pub results: Vec<LoadResult>,
}

/// Measures all that is wanted. `folder` is for the data and logs of the malls.
///
/// # Errors
/// When a mall does not start or stop, or a measurement can't be made.
pub fn run(settings: &Settings, folder: &Path) -> Result<Report> {
    let mut report = Report::default();
    let wanted: Vec<&Benchmark> = SUITE
        .iter()
        .filter(|benchmark| settings.wants(benchmark.name))
        .collect();
    if !wanted.is_empty() || settings.growth {
        let mut bench = Bench::start(settings, Place::under(&folder.join("suite"))?)?;
        bench.run(settings, &wanted)?;
        bench.end(&mut report)?;
    }
    if settings.wants(overload::NAME) {
        let place = Place::under(&folder.join(overload::NAME))?;
        let measured = measure_overload(settings, place)?;
        report.add(&overload_in_words(&measured));
    }
    Ok(report)
}

impl Settings {
    fn wants(&self, name: &str) -> bool {
        name.contains(&self.only)
    }
}

impl Report {
    fn add(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push_str("\n\n");
        }
        self.text.push_str(text.trim_end());
    }
}

/// The mall that is measured, and what came of it so far.
struct Bench {
    stack: Stack,
    echo: Echo,
    assortment: Assortment,
    seconds: u64,
    measured: Vec<Measured>,
    raw_database: Vec<DatabaseSpeed>,
    rest: Vec<String>,
}

impl Bench {
    fn start(settings: &Settings, place: Place) -> Result<Self> {
        let stack = start(wanted(settings, place)?)?;
        Ok(Self {
            echo: Echo::start(stack.bootstrap_servers())?,
            assortment: Assortment::of_mall(&host(&stack.composites[0]))?,
            seconds: settings.seconds,
            measured: Vec::new(),
            raw_database: Vec::new(),
            rest: Vec::new(),
            stack,
        })
    }

    fn run(&mut self, settings: &Settings, wanted: &[&Benchmark]) -> Result<()> {
        self.watch_rest("after the start")?;
        self.warm_up()?;
        for round in 1..=settings.rounds {
            self.measure_database(&format!("round {round}"))?;
            for benchmark in wanted {
                self.measure(benchmark, &format!("round {round}"))?;
            }
        }
        if settings.growth {
            self.grow()?;
            for round in 1..=settings.rounds {
                self.measure(&GROWN, &format!("grown, round {round}"))?;
            }
            mention("waiting until the actors have retired");
            thread::sleep(ACTORS_RETIRE);
            self.watch_rest("after all of it")?;
        }
        Ok(())
    }

    /// Lets Kafka's compiler see both kinds of load, so that the first round does not measure a cold broker.
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

    fn grow(&self) -> Result<()> {
        grow(&self.stack.database, GROWN_ORDERS, |stored| {
            mention(format!("{stored} of {GROWN_ORDERS} old orders stored"));
        })?;
        mention("waiting until the database has written them back");
        settle(&self.stack.database)
    }

    fn measurement(&self, benchmark: &Benchmark) -> Measurement {
        Measurement {
            label: format!("{} by {}", benchmark.name, benchmark.shoppers),
            plan: Load {
                hosts: self.stack.composites.iter().map(host).collect(),
                scenario: benchmark.scenario,
                assortment: self.assortment.clone(),
                shoppers: benchmark.shoppers,
                tokens: Vec::new(),
                pace: Pace::Answered,
                duration: WARM_UP + Duration::from_secs(self.seconds),
                threads: 1,
                seed: rand::random(),
            },
            warm_up: WARM_UP,
            watched: self.watched(),
        }
    }

    fn watch_rest(&mut self, when: &str) -> Result<()> {
        self.rest
            .push(at_rest(when, &observe(&self.watched(), REST)?));
        Ok(())
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

    fn end(self, report: &mut Report) -> Result<()> {
        report.add(&markdown(&self.measured));
        report.add(&raw_database(&self.raw_database));
        report.add(&self.rest.join("\n"));
        let results = self.measured.into_iter().map(|measured| measured.result);
        report.results.extend(results);
        // The echo holds connections to the broker that is stopped next.
        drop(self.echo);
        stop(self.stack)
    }
}

/// A mall of its own, since it must have little room.
fn measure_overload(settings: &Settings, place: Place) -> Result<Vec<Overload>> {
    let mut builder = wanted(settings, place)?;
    (builder.composite_env, builder.order_env) = overload::little_room();
    let stack = start(builder)?;
    let host = host(&stack.composites[0]);
    let assortment = Assortment::of_mall(&host)?;
    let time = Duration::from_secs(settings.seconds);
    overload::measure(&host, &assortment, WARM_UP)?;
    let mut measured = Vec::new();
    for round in 1..=settings.rounds {
        let overload = overload::measure(&host, &assortment, time)?;
        mention(format!(
            "round {round}: {:<22} a purchase takes {:.1} ms, at capacity {:.1} ms; a refusal {:.1} ms",
            overload::NAME,
            overload.beyond.bought_p50,
            overload.at_capacity.bought_p50,
            overload.beyond.refused_p50,
        ));
        measured.push(overload);
    }
    stop(stack)?;
    Ok(measured)
}

/// `host:port`.
fn host(service: &Service) -> String {
    service.url().trim_start_matches("http://").to_owned()
}

fn wanted(settings: &Settings, place: Place) -> Result<StackBuilder> {
    let catalogue = place.data.join("bench.json");
    fs::write(&catalogue, large_catalogue())?;
    let topic = |name: &str| Topic {
        name: name.to_owned(),
        partitions: 1,
    };
    Ok(StackBuilder {
        broker: settings.broker,
        catalogue: Some(catalogue),
        extra_topics: ECHO_TOPICS.map(topic).to_vec(),
        ..Stack::builder(place)
    })
}

fn start(builder: StackBuilder) -> Result<Stack> {
    let mut progress = Progress::new("ready after");
    builder.start_telling(&mut |event| progress.show(event))
}

fn stop(stack: Stack) -> Result<()> {
    let mut progress = Progress::new("ended after");
    stack.stop(&mut |event| progress.show(event))
}
