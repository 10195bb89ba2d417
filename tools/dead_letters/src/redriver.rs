//! Records to the brokers: a letter back to where it came from, and its marker. Must not know whether it may go.

use crate::letter::{Letter, marker_headers, redrive_headers};
use anyhow::{Context, Result, anyhow, bail};
use rdkafka::ClientConfig;
use rdkafka::message::{Message, OwnedMessage};
use shared::kafka::dead_letters::MAX_BYTES;
use shared::kafka::publisher::{OutboundRecord, Publisher};
use std::collections::BTreeMap;
use std::sync::mpsc::channel;
use std::time::Duration;

/// The producer gives up before its caller does.
const GRACE: Duration = Duration::from_secs(5);

/// Puts letters back.
pub struct Redriver {
    publisher: Publisher,
    topics: BTreeMap<String, i32>,
    limit: Duration,
}

/// Where a letter goes.
#[derive(Debug, PartialEq, Eq)]
pub struct Destination {
    /// The topic that it came from.
    pub topic: String,
    /// The partition that it came from; by the key's hash when the letter does not say.
    pub partition: Option<i32>,
    /// How often it has been put back then.
    pub redrives: i32,
}

impl Redriver {
    /// `topics` are those that exist, with their numbers of partitions: none is made by sending to it.
    pub fn new(servers: &str, topics: BTreeMap<String, i32>, limit: Duration) -> Result<Self> {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", servers)
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("message.max.bytes", MAX_BYTES.to_string())
            .set("message.timeout.ms", limit.as_millis().to_string())
            .set("reconnect.backoff.max.ms", "1000");
        Ok(Self {
            publisher: Publisher::start(&config).context("cannot make a Kafka producer")?,
            topics,
            limit,
        })
    }

    /// Publishes the record of a letter there, with `value` in its own value's place when there is one, and then
    /// the marker. After a crash between the two the letter is back but still listed: twice is better than never.
    pub fn redrive(
        &self,
        letter: &Letter,
        record: &OwnedMessage,
        to: &Destination,
        value: Option<&[u8]>,
    ) -> Result<()> {
        self.publish(OutboundRecord {
            topic: &to.topic,
            partition: to.partition,
            key: record.key(),
            payload: value.or(record.payload()),
            headers: redrive_headers(record.headers(), to.redrives),
        })
        .with_context(|| format!("{} is perhaps not back in {}", letter.id, to.topic))?;
        self.publish(OutboundRecord {
            topic: &letter.id.topic,
            partition: Some(letter.id.partition),
            key: None,
            payload: None,
            headers: marker_headers(letter.id.offset),
        })
        .with_context(|| {
            format!(
                "{} is back in {}, but could not be marked, so it will still be listed",
                letter.id, to.topic
            )
        })
    }

    /// Where the letter goes; fails when that is unknown or not there.
    pub fn destination(&self, letter: &Letter) -> Result<Destination> {
        let origin = &letter.origin;
        let topic = origin
            .topic
            .clone()
            .context("its headers do not say which topic it came from")?;
        let Some(partitions) = self.topics.get(&topic) else {
            bail!("the topic {topic:?} that it came from does not exist")
        };
        if let Some(partition) = origin.partition
            && !(0..*partitions).contains(&partition)
        {
            bail!("the topic {topic} that it came from has no partition {partition}")
        }
        Ok(Destination {
            topic,
            partition: origin.partition,
            redrives: letter.redrives.saturating_add(1),
        })
    }

    /// Returns when the brokers have the record.
    fn publish(&self, record: OutboundRecord<'_>) -> Result<()> {
        let (told, outcome) = channel();
        let on_delivery = Box::new(move |delivered| {
            // the receiver is gone when the time limit has passed, which is an error already
            let _ = told.send(delivered);
        });
        self.publisher.publish(record, on_delivery)?;
        let delivered = outcome
            .recv_timeout(self.limit + GRACE)
            .map_err(|_| anyhow!("no acknowledgement within the time limit"))?;
        Ok(delivered?)
    }
}
