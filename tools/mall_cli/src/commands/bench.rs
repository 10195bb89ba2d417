//! `mall bench`: the mall beside the raw limits of its broker and its database. Must not know how it is measured.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use load::bench::{Settings, run};
use stack::{BrokerKind, KafkaVersion, Part};
use terminal::tell;

use crate::needs::Need;

/// Measure the mall beside the raw limits of its broker and its database
///
/// Starts its own mall on real Kafka and MariaDB with a large catalogue. Each round measures the database's raw transactions, and then in
/// turns the broker's raw request and reply and a benchmark: a noisy machine disturbs all of them alike, so compare their ratios. A last
/// mall with little room is overloaded. Prints a Markdown table.
#[derive(Args)]
pub(crate) struct Bench {
    /// How often everything is measured; the median counts
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Measured seconds of each benchmark
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Only benchmarks whose name contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Use the embedded broker instead of Kafka
    #[arg(long)]
    embedded: bool,
    /// Then store a million orders, measure pending orders again, and report the memory that is left when their actors have retired
    #[arg(long)]
    growth: bool,
    /// Write all results as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl Bench {
    pub(crate) fn needs(&self) -> Vec<Need> {
        let kafka = (!self.embedded).then_some(Need::Part(Part::Kafka(KafkaVersion::default())));
        kafka
            .into_iter()
            .chain([Need::Part(Part::MariaDb), Need::Services])
            .collect()
    }

    pub(crate) fn run(self) -> Result<ExitCode> {
        let folder = tempfile::tempdir().context("no temporary folder")?;
        let settings = Settings {
            rounds: self.rounds,
            seconds: self.seconds,
            only: self.only.unwrap_or_default(),
            broker: if self.embedded {
                BrokerKind::Embedded
            } else {
                BrokerKind::Kafka
            },
            growth: self.growth,
        };
        let report = run(&settings, folder.path())?;
        tell(report.text);
        if let Some(file) = &self.json {
            fs::write(file, serde_json::to_string_pretty(&report.results)?)
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
