//! `mall load`: many shoppers at once, and what they saw. Must not know how a request is sent.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use load::{
    Assortment, Load as Plan, LoadResult, Measurement, Objectives, Pace, ResultSecond, Scenario,
    TrivialServer, Watched, compare, html, summary,
};
use shared::clock::SystemClock;
use url::Url;

use crate::home::Home;
use crate::run_file::RunFile;
use terminal::{mention, tell};

/// Exit code of a run whose objectives were missed.
const MISSED: u8 = 1;

/// Let many shoppers buy at once, and report latencies and errors
///
/// Without --url the mall of `mall up` is used, and the processor time, memory and mailboxes of its processes are reported. Latencies
/// count from when a request begins; with --rate from when it should have begun. An order that is refused because an item is sold out
/// is counted as refused, and is no error. Exits with 1 when an objective is missed.
#[derive(Args)]
pub(crate) struct Load {
    /// Composites to buy from; repeat it for several
    #[arg(long, value_name = "URL")]
    url: Vec<Url>,
    /// What the shoppers do
    #[arg(long, value_enum, default_value_t = Scenario::Pending)]
    scenario: Scenario,
    /// How many shoppers, each on its own connection
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    connections: u32,
    /// Requests a second, whether earlier ones are answered or not; by default each shopper waits for its answer
    #[arg(long, value_name = "PER_SECOND", value_parser = a_rate)]
    rate: Option<f64>,
    /// Time before measuring begins
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = humantime::parse_duration)]
    warm_up: Duration,
    /// Time that is measured
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = humantime::parse_duration)]
    duration: Duration,
    /// Threads of the load tool
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=256))]
    threads: u32,
    /// Repeats the requests of a run with this seed; random by default
    #[arg(long)]
    seed: Option<u64>,
    /// Bearer tokens of members, one in a line; shoppers have them in turn. Without it they come as guests
    #[arg(long, value_name = "FILE", conflicts_with = "ceiling")]
    tokens: Option<PathBuf>,
    /// The run's name in its results
    #[arg(long)]
    label: Option<String>,
    /// Write an HTML page with charts
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Write the result as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Compare two results that --json wrote, instead of running anything
    #[arg(long, num_args = 2, value_names = ["A.json", "B.json"])]
    compare: Vec<PathBuf>,
    /// Run against a server that does nothing: the highest rate that this tool can measure here
    #[arg(long, conflicts_with = "url")]
    ceiling: bool,
    #[command(flatten)]
    wanted: Wanted,
    #[command(flatten)]
    home: Home,
}

/// Objectives
#[derive(Args)]
#[command(next_help_heading = "Objectives")]
struct Wanted {
    /// The median is at most this
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    p50: Option<Duration>,
    /// 95 of 100 answers come within this
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    p95: Option<Duration>,
    /// 99 of 100 answers come within this
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    p99: Option<Duration>,
    /// At most so many refused orders: an item is sold out
    #[arg(long, value_name = "N")]
    refused: Option<u64>,
    /// At most so many errors: unexpected answers, and requests without an answer
    #[arg(long, value_name = "N")]
    errors: Option<u64>,
    /// At least so many answers a second
    #[arg(long, value_name = "PER_SECOND")]
    min_rate: Option<f64>,
}

/// The composites to buy from, and the processes to watch.
struct Target {
    hosts: Vec<String>,
    watched: Vec<Watched>,
}

impl Load {
    pub(crate) fn run(self) -> Result<ExitCode> {
        if let [first, second] = &self.compare[..] {
            tell(compare(&read(first)?, &read(second)?).trim_end());
            return Ok(ExitCode::SUCCESS);
        }
        ensure!(
            self.duration >= Duration::from_secs(1),
            "--duration must be at least one second"
        );
        let tokens = self.tokens.as_deref().map_or(Ok(Vec::new()), tokens)?;
        let target = self.target()?;
        let assortment = self.assortment(&target)?;
        let result = self.load(target, assortment, tokens)?;
        let missed = self.objectives().missed_by(&result);
        self.hand_over(&result, &missed)
    }

    fn target(&self) -> Result<Target> {
        if self.ceiling {
            let address = TrivialServer::start()?.address;
            return Ok(Target {
                hosts: vec![address.to_string()],
                watched: Vec::new(),
            });
        }
        if self.url.is_empty() {
            let running = self.home.running()?;
            return running
                .as_ref()
                .and_then(Target::running)
                .context("no mall runs here: start one with `mall up`, or pass --url");
        }
        Ok(Target {
            hosts: self.url.iter().map(host).collect::<Result<_>>()?,
            watched: Vec::new(),
        })
    }

    fn assortment(&self, target: &Target) -> Result<Assortment> {
        if self.ceiling {
            let page = r#"[{"itemList":[{"itemId":1,"price":{"amount":12000}}]}]"#;
            return Assortment::read(page.as_bytes());
        }
        Assortment::of_mall(&target.hosts[0])
    }

    fn load(
        &self,
        target: Target,
        assortment: Assortment,
        tokens: Vec<String>,
    ) -> Result<LoadResult> {
        let seed = self.seed.unwrap_or_else(rand::random);
        let shoppers = usize::try_from(self.connections)?;
        let plan = Plan {
            hosts: target.hosts,
            scenario: self.scenario,
            assortment,
            shoppers,
            pace: self.rate.map_or(Pace::Answered, Pace::PerSecond),
            duration: self.warm_up + self.duration,
            threads: usize::try_from(self.threads)?.min(shoppers),
            seed,
            tokens,
        };
        mention(format!(
            "{}, {}, seed {seed}",
            self.scenario,
            plan.pace_in_words()
        ));
        let measurement = Measurement {
            label: self
                .label
                .clone()
                .unwrap_or_else(|| self.scenario.to_string()),
            plan,
            warm_up: self.warm_up,
            watched: target.watched,
        };
        measurement.run(&SystemClock, show)
    }

    fn objectives(&self) -> Objectives {
        Objectives {
            p50: self.wanted.p50,
            p95: self.wanted.p95,
            p99: self.wanted.p99,
            refused: self.wanted.refused,
            errors: self.wanted.errors,
            rate: self.wanted.min_rate,
        }
    }

    fn hand_over(&self, result: &LoadResult, missed: &[String]) -> Result<ExitCode> {
        tell(summary(result));
        if let Some(file) = &self.json {
            write(file, &serde_json::to_string_pretty(result)?)?;
        }
        if let Some(file) = &self.report {
            write(file, &html(result, missed)?)?;
        }
        for what in missed {
            mention(format!("missed: {what}"));
        }
        Ok(if missed.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(MISSED)
        })
    }
}

impl Target {
    fn running(run: &RunFile) -> Option<Self> {
        let composites = run
            .parts
            .iter()
            .filter(|part| part.name.starts_with("composite"));
        let hosts: Vec<String> = composites
            .filter_map(|part| host(&Url::parse(&part.address).ok()?).ok())
            .collect();
        let watched = run.parts.iter().map(|part| Watched {
            name: part.name.clone(),
            pid: part.pid,
            internal: part.internal.clone(),
        });
        (!hosts.is_empty()).then(|| Self {
            hosts,
            watched: watched.collect(),
        })
    }
}

fn show(second: &ResultSecond, is_warm: bool) {
    mention(format!(
        "{:>4} s {:>8}/s   p50 {:>8.1} ms   p99 {:>8.1} ms   refused {:>6}   errors {:>6}{}",
        second.second,
        second.answers,
        second.latency.p50,
        second.latency.p99,
        second.refused,
        second.errors,
        if is_warm { "" } else { "   (warm-up)" },
    ));
}

fn host(url: &Url) -> Result<String> {
    if url.scheme() != "http" {
        bail!("{url}: only plain http URLs can be loaded");
    }
    let host = url
        .host_str()
        .with_context(|| format!("{url} has no host"))?;
    let port = url.port_or_known_default().context("no port")?;
    Ok(format!("{host}:{port}"))
}

fn a_rate(text: &str) -> Result<f64> {
    let rate: f64 = text.parse()?;
    ensure!(
        (0.1..=1e6).contains(&rate),
        "a rate must be between 0.1 and 1000000"
    );
    Ok(rate)
}

/// The file's lines; the tokens themselves are never told.
fn tokens(file: &Path) -> Result<Vec<String>> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let tokens: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    ensure!(
        !tokens.is_empty(),
        "{} has no token: `mall token MEMBER` prints one",
        file.display()
    );
    Ok(tokens)
}

fn read(file: &Path) -> Result<LoadResult> {
    let text = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_slice(&text)
        .with_context(|| format!("{} is not a result of `mall load`", file.display()))
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}
