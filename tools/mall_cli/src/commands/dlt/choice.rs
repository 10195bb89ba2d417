//! Flags that several of these commands have: which brokers are asked, and which dead letters are meant.

use crate::home::Home;
use anyhow::{Context, Result, bail};
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, value_parser};
use dead_letters::{Reader, Survey};
use std::time::Duration;

/// The topics of the dead letters under their usual names.
const TOPICS: [&str; 2] = ["orders-dlt", "composite-dlt"];

/// Which brokers are asked, and how patiently
#[derive(Args)]
pub(super) struct Brokers {
    /// Brokers to ask first, `host:port`, comma-separated; by default those of the running `up`
    #[arg(long, value_name = "SERVERS", env = "KAFKA_BOOTSTRAP_SERVERS")]
    bootstrap_servers: Option<String>,
    /// How long each request to the brokers may take: reading a partition, or writing a record
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = value_parser!(u16).range(1..))]
    time_limit: u16,
    #[command(flatten)]
    home: Home,
}

/// Which dead letters are meant
#[derive(Args)]
pub(super) struct Among {
    /// Only this topic's; by default those of orders-dlt and composite-dlt
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    topic: Option<String>,
}

impl Brokers {
    pub(super) fn servers(&self) -> Result<String> {
        if let Some(servers) = &self.bootstrap_servers
            && !servers.is_empty()
        {
            return Ok(servers.clone());
        }
        let running = self.home.running()?;
        let of_up = running.and_then(|run| run.broker_address().map(str::to_owned));
        of_up.context("no mall runs here: start one with `mall up`, or pass --bootstrap-servers")
    }

    pub(super) fn limit(&self) -> Duration {
        Duration::from_secs(self.time_limit.into())
    }
}

impl Among {
    /// The records of these topics; of the usual ones those that exist.
    pub(super) fn survey(&self, reader: &Reader) -> Result<Survey> {
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
