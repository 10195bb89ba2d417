//! `mall check`: buys under faults and proves the mall consistent from outside. Must not know how.

use crate::signals;
use anyhow::{Context, Result, bail};
use check::{FaultKind, Outcome, Settings, Signals, run};
use clap::Args;
use stack::{self, BrokerKind, Flavour, Place};
use std::fs::{self, File, TryLockError};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use terminal::{complain, mention, tell};

/// An invariant does not hold, or the mall does not come to rest.
const VIOLATED: u8 = 1;
/// Nothing can be said.
const COULD_NOT_RUN: u8 = 2;

/// In a folder that belongs to `check`, and may be emptied; whoever runs there has locked it.
const MARK: &str = "this-is-a-check";

/// Buy under faults, and prove the mall consistent from outside
///
/// Starts a mall of its own beside any that runs, lets buyers buy by a seeded plan while faults come and go, waits for quiet after each
/// round, and holds what shoppers were told against database, stock, payment ledger and Kafka.
///
/// Exit status: 0 every invariant holds, 1 one does not or the mall does not come to rest, 2 it could not be run.
#[derive(Args)]
pub(crate) struct Check {
    /// Repeats the plan of that run; by default one of chance, which is always told
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// How many rounds; the faults are dealt to them so that each comes equally often
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rounds: u32,
    /// How many buyers at once
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    buyers: u32,
    /// How long a round's buyers buy at least; they go on until its faults are over
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
    /// Which faults, comma-separated: all, none, or some of those that --list-faults tells
    #[arg(
        long = "fault",
        visible_alias = "faults",
        value_name = "FAULTS",
        value_delimiter = ',',
        default_value = "all"
    )]
    faults: Vec<String>,
    /// Tell the faults, and end
    #[arg(long)]
    list_faults: bool,
    /// How many order services
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=8))]
    orders: u8,
    /// How many composites
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=8))]
    composites: u8,
    /// The embedded broker instead of a real Kafka; it can't be struck itself
    #[arg(long, conflicts_with = "cluster")]
    embedded: bool,
    /// Three Kafkas instead of one
    #[arg(long)]
    cluster: bool,
    /// A real MySQL instead of MariaDB
    #[arg(long)]
    mysql: bool,
    /// Keep data and logs also when nothing is wrong
    #[arg(long)]
    keep: bool,
    /// The folder of data and logs: emptied at the start, kept when something is wrong
    #[arg(long, value_name = "FOLDER", default_value_os_t = stack::root().join(".mall/check"))]
    data_dir: PathBuf,
}

impl Check {
    pub(crate) fn run(self) -> Result<ExitCode> {
        if self.list_faults {
            for fault in FaultKind::ALL {
                tell(format!("{:<22}{}", fault.name(), fault.meaning()));
            }
            return Ok(ExitCode::SUCCESS);
        }
        let checked = self.checked();
        Ok(checked.unwrap_or_else(|error| {
            complain(&error);
            ExitCode::from(COULD_NOT_RUN)
        }))
    }

    fn checked(&self) -> Result<ExitCode> {
        let signals = signals::listen()?;
        let settings = self.settings()?;
        let (place, _lock) = self.fresh_place()?;
        tell(format!("seed {}", settings.seed));
        let outcome = run(&settings, place, &Signals(&signals));
        let repeat = format!("--seed {}", settings.seed);
        match outcome {
            Ok(Outcome::Sound) if self.keep => Ok(ExitCode::SUCCESS),
            Ok(Outcome::Sound) => {
                fs::remove_dir_all(&self.data_dir)
                    .with_context(|| format!("cannot remove {}", self.data_dir.display()))?;
                Ok(ExitCode::SUCCESS)
            }
            Ok(Outcome::Violated) => {
                tell(format!(
                    "NOT SOUND: {repeat} repeats the plan; the logs are in {}",
                    self.data_dir.join("logs").display()
                ));
                Ok(ExitCode::from(VIOLATED))
            }
            Err(error) => {
                mention(format!(
                    "{repeat} repeats the plan; the logs are in {}",
                    self.data_dir.join("logs").display()
                ));
                Err(error)
            }
        }
    }

    fn settings(&self) -> Result<Settings> {
        let broker = match (self.embedded, self.cluster) {
            (true, _) => BrokerKind::Embedded,
            (_, true) => BrokerKind::KafkaCluster,
            _ => BrokerKind::Kafka,
        };
        Ok(Settings {
            // a number that is easily typed
            seed: self
                .seed
                .unwrap_or_else(|| rand::random_range(1..1_000_000)),
            rounds: self.rounds,
            buyers: self.buyers,
            time: Duration::from_secs(self.seconds),
            faults: chosen(&self.faults, broker)?,
            order_services: self.orders.into(),
            composites: self.composites.into(),
            broker,
            database: if self.mysql {
                Flavour::MySql
            } else {
                Flavour::MariaDb
            },
        })
    }

    /// An empty folder, and its lock; one with anything else than an earlier check in it is refused.
    fn fresh_place(&self) -> Result<(Place, File)> {
        let folder = &self.data_dir;
        let failed = || format!("cannot prepare {}", folder.display());
        fs::create_dir_all(folder).with_context(failed)?;
        let is_empty = fs::read_dir(folder).with_context(failed)?.next().is_none();
        if !is_empty && !folder.join(MARK).exists() {
            bail!(
                "{} is not empty, and not of an earlier check",
                folder.display()
            );
        }
        let lock = File::create(folder.join(MARK)).with_context(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("a check runs in {} already", folder.display()),
            Err(TryLockError::Error(error)) => return Err(error).with_context(failed),
        }
        for part in ["data", "logs"].map(|part| folder.join(part)) {
            if part.exists() {
                fs::remove_dir_all(&part).with_context(failed)?;
            }
        }
        Ok((Place::under(folder)?, lock))
    }
}

/// The faults of these names that can come over such a mall.
fn chosen(names: &[String], broker: BrokerKind) -> Result<Vec<FaultKind>> {
    let possible = |fault: &FaultKind| fault.strikes(broker);
    let mut faults = Vec::new();
    for name in names {
        match name.as_str() {
            "none" => {}
            "all" => faults.extend(FaultKind::ALL.iter().copied().filter(possible)),
            name => {
                let fault = FaultKind::named(name);
                let fault = fault.with_context(|| {
                    format!("there is no fault '{name}': --list-faults tells them")
                })?;
                if !possible(&fault) {
                    bail!("{name} needs a real Kafka");
                }
                faults.push(fault);
            }
        }
    }
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn given_names_of_faults_then_they_are_found_and_others_are_refused() {
        let kafka = BrokerKind::Kafka;
        assert_eq!(chosen(&names(&["none"]), kafka).unwrap(), []);
        assert_eq!(chosen(&names(&["all"]), kafka).unwrap(), FaultKind::ALL);
        let two = chosen(&names(&["kill-order", "cut-db"]), kafka).unwrap();
        assert_eq!(two, [FaultKind::KillOrder, FaultKind::CutDb]);
        assert!(chosen(&names(&["flood"]), kafka).is_err());
    }

    #[test]
    fn given_the_embedded_broker_then_all_is_what_can_come_over_it() {
        let all = chosen(&names(&["all"]), BrokerKind::Embedded).unwrap();
        assert!(!all.contains(&FaultKind::KillBroker) && all.contains(&FaultKind::KillDb));
        assert!(chosen(&names(&["cut-db"]), BrokerKind::Embedded).is_err());
    }
}
