//! `mall check`: buys under faults and proves the mall consistent from outside. Must not know how.

use crate::needs::Need;
use crate::signals;
use anyhow::Result;
use check::{FaultKind, Folder, IssuerKind, Outcome, Settings, Signals, choose, run};
use clap::error::ErrorKind;
use clap::{Args, ValueEnum};
use stack::{BrokerKind, Flavour, KafkaVersion, Part};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use terminal::{complain, mention, tell};

/// Exit status: an invariant does not hold, or activity does not stop.
const VIOLATED: u8 = 1;
/// Exit status: the check could not run.
const COULD_NOT_RUN: u8 = 2;

/// Buy under faults, and prove from outside that the mall stays consistent
///
/// Starts its own mall beside any that runs, lets buyers buy by a seeded plan while faults strike, waits until all activity has stopped
/// after each round, and compares the shoppers' answers with database, payment ledger and Kafka.
///
/// Exit status: 0 every invariant holds, 1 one does not or activity does not stop, 2 the check could not run.
#[derive(Args)]
pub(crate) struct Check {
    /// Repeats the plan of a run with this seed; random by default, and always printed
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// How many rounds; the faults are spread over them evenly
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rounds: u32,
    /// How many buyers at once
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    buyers: u32,
    /// How long the buyers of a round buy at least; they go on until its faults are over
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
    /// Which faults, comma-separated: all, none, or names that --list-faults prints
    #[arg(
        long = "fault",
        visible_alias = "faults",
        value_name = "FAULTS",
        value_delimiter = ',',
        default_value = "all"
    )]
    faults: Vec<String>,
    /// List the faults and exit
    #[arg(long)]
    list_faults: bool,
    /// How many order services
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=8))]
    orders: u8,
    /// How many composites
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=8))]
    composites: u8,
    /// Use the embedded broker instead of a real Kafka; then no fault can strike the broker
    #[arg(long, conflicts_with = "cluster")]
    embedded: bool,
    /// Use three Kafka nodes instead of one
    #[arg(long)]
    cluster: bool,
    /// Use that version of Kafka, such as 4.4.0, instead of the usual one
    #[arg(long, value_name = "VERSION", conflicts_with = "embedded")]
    kafka_version: Option<KafkaVersion>,
    /// Use a real MySQL instead of MariaDB
    #[arg(long)]
    mysql: bool,
    /// How members prove who they are. With `jwt` most buyers are members with tokens, the others are guests, and some are dishonest
    #[arg(long, value_name = "HOW", value_enum, default_value_t = Auth::Open)]
    auth: Auth,
    /// Whose tokens they are: Keycloak takes a minute to start; the workspace's own issuer is there at once, but can't rotate its key
    #[arg(long, value_name = "ISSUER", value_enum, default_value_t = IssuerName::Keycloak)]
    issuer: IssuerName,
    /// Keep data and logs even if every invariant holds
    #[arg(long)]
    keep: bool,
    /// The folder of data and logs: emptied at the start, kept if an invariant does not hold
    #[arg(long, value_name = "FOLDER", default_value_os_t = stack::root().join(".mall/check"))]
    data_dir: PathBuf,
}

/// How members prove who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Auth {
    /// Not at all.
    Open,
    /// By tokens.
    Jwt,
}

/// Which issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum IssuerName {
    Keycloak,
    /// The workspace's own.
    Development,
}

impl Check {
    pub(crate) fn run(self) -> Result<ExitCode> {
        if self.list_faults {
            for fault in FaultKind::ALL {
                tell(format!("{:<26}{}", fault.name(), fault.meaning()));
            }
            return Ok(ExitCode::SUCCESS);
        }
        let checked = self.checked();
        Ok(checked.unwrap_or_else(|error| {
            complain(&error);
            ExitCode::from(COULD_NOT_RUN)
        }))
    }

    /// An error when the settings are wrong.
    pub(crate) fn needs(&self) -> Result<Vec<Need>, clap::Error> {
        if self.list_faults {
            return Ok(Vec::new());
        }
        self.settings()
            .map_err(|error| clap::Error::raw(ErrorKind::InvalidValue, format!("{error:#}\n")))?;
        let mut needs = vec![Need::Part(Part::MariaDb), Need::Services];
        if !self.embedded {
            needs.extend([
                Need::Part(Part::Kafka(self.kafka_version.unwrap_or_default())),
                Need::Part(Part::Toxiproxy),
            ]);
        }
        needs.extend(self.mysql.then_some(Need::Part(Part::MySql)));
        let is_keycloak = self.issuer() == Some(IssuerKind::Keycloak);
        needs.extend(is_keycloak.then_some(Need::Part(Part::Keycloak)));
        Ok(needs)
    }

    fn checked(&self) -> Result<ExitCode> {
        let signals = signals::listen()?;
        let settings = self.settings()?;
        let folder = Folder::prepare(&self.data_dir)?;
        tell(format!("seed {}", settings.seed));
        let outcome = run(&settings, folder.place()?, &Signals(&signals));
        let repeat = format!(
            "--seed {} repeats the plan; the logs are in {}",
            settings.seed,
            folder.logs().display()
        );
        match outcome {
            Ok(Outcome::Sound) => {
                if !self.keep {
                    folder.remove()?;
                }
                Ok(ExitCode::SUCCESS)
            }
            Ok(Outcome::Violated) => {
                tell(format!("NOT SOUND: {repeat}"));
                Ok(ExitCode::from(VIOLATED))
            }
            Err(error) => {
                mention(repeat);
                Err(error)
            }
        }
    }

    fn issuer(&self) -> Option<IssuerKind> {
        let issuer = match self.issuer {
            IssuerName::Keycloak => IssuerKind::Keycloak,
            IssuerName::Development => IssuerKind::Development,
        };
        (self.auth == Auth::Jwt).then_some(issuer)
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
            faults: choose(&self.faults, broker, self.issuer())?,
            order_services: self.orders.into(),
            composites: self.composites.into(),
            broker,
            kafka_version: self.kafka_version.unwrap_or_default(),
            database: if self.mysql {
                Flavour::MySql
            } else {
                Flavour::MariaDb
            },
            issuer: self.issuer(),
        })
    }
}
