//! `mall dlt`: the dead letters, to be looked at and put back. Must not know what a service makes of them.

mod list;
mod redrive;
mod show;

use crate::dead_letters::reader::Reader;
use crate::dead_letters::survey::Survey;
use crate::home::Home;
use anyhow::{Result, bail};
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand, value_parser};
use std::process::ExitCode;
use std::time::Duration;

const DEFAULT_SERVERS: &str = "127.0.0.1:9092";

/// The topics of the dead letters under their usual names.
const TOPICS: [&str; 2] = ["orders-dlt", "composite-dlt"];

/// The records that a service could not handle: list them, show one, put them back
///
/// A service sets such a record aside: in the topic's dead letters, `<topic>-dlt`, with headers that say where it came from and why.
///
/// The brokers are those of --bootstrap-servers, else of KAFKA_BOOTSTRAP_SERVERS, else of the running `up`, else 127.0.0.1:9092.
#[derive(Args)]
pub(crate) struct Dlt {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    List(list::List),
    Show(show::Show),
    Redrive(redrive::Redrive),
}

/// Which brokers are asked, and how patiently
#[derive(Args)]
struct Brokers {
    /// Brokers to ask first, `host:port`, comma-separated; by default those of the running `up`, else 127.0.0.1:9092
    #[arg(long, value_name = "SERVERS", env = "KAFKA_BOOTSTRAP_SERVERS")]
    bootstrap_servers: Option<String>,
    /// How long each step with the brokers may take: a topic's partition, a record
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = value_parser!(u16).range(1..))]
    time_limit: u16,
    #[command(flatten)]
    home: Home,
}

/// Which dead letters are meant
#[derive(Args)]
struct Among {
    /// Only this topic's; by default those of orders-dlt and composite-dlt
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    topic: Option<String>,
}

impl Dlt {
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self.command {
            Command::List(list) => list.run(),
            Command::Show(show) => show.run(),
            Command::Redrive(redrive) => redrive.run(),
        }
    }
}

impl Brokers {
    fn servers(&self) -> Result<String> {
        if let Some(servers) = &self.bootstrap_servers
            && !servers.is_empty()
        {
            return Ok(servers.clone());
        }
        let running = self.home.running()?;
        let of_up = running.and_then(|run| run.broker_address().map(str::to_owned));
        Ok(of_up.unwrap_or_else(|| DEFAULT_SERVERS.to_owned()))
    }

    fn limit(&self) -> Duration {
        Duration::from_secs(self.time_limit.into())
    }
}

impl Among {
    /// The records of these topics; of the usual ones those that exist.
    fn survey(&self, reader: &Reader) -> Result<Survey> {
        let there = reader.topics()?;
        if let Some(topic) = &self.topic
            && !there.contains_key(topic)
        {
            bail!("there is no topic {topic}")
        }
        let mut survey = Survey::default();
        for (topic, partitions) in there {
            if self.includes(&topic) {
                for partition in 0..partitions {
                    reader.scan(&topic, partition, |record| survey.add(record))?;
                }
            }
        }
        Ok(survey)
    }

    fn includes(&self, topic: &str) -> bool {
        match &self.topic {
            Some(wanted) => wanted == topic,
            None => TOPICS.contains(&topic),
        }
    }
}
