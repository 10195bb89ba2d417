//! Records from the brokers: by assignment, as far as a partition reaches now. Must not know what is in them.

use crate::record_id::RecordId;
use anyhow::{Context, Result, bail};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message, OwnedMessage};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// A consumer that is in no group and commits nothing; librdkafka wants a name nevertheless.
const GROUP: &str = "mall-dlt";

/// Reads records. Each of its methods ends within the limit.
pub struct Reader {
    consumer: BaseConsumer,
    servers: String,
    limit: Duration,
}

impl Reader {
    /// A reader of these brokers. Asks them nothing yet.
    pub fn new(servers: &str, limit: Duration) -> Result<Self> {
        let consumer = ClientConfig::new()
            .set("bootstrap.servers", servers)
            .set("group.id", GROUP)
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", "earliest")
            .set("enable.partition.eof", "true")
            .set("fetch.wait.max.ms", "100")
            .set("reconnect.backoff.max.ms", "1000")
            .create()
            .context("cannot make a Kafka consumer")?;
        Ok(Self {
            consumer,
            servers: servers.to_owned(),
            limit,
        })
    }

    /// The topics that exist, each with its number of partitions.
    pub fn topics(&self) -> Result<BTreeMap<String, i32>> {
        let metadata = self.consumer.fetch_metadata(None, self.limit);
        let metadata =
            metadata.with_context(|| format!("no answer from the brokers at {}", self.servers))?;
        let topics = metadata.topics().iter().map(|topic| {
            let partitions = i32::try_from(topic.partitions().len())?;
            Ok((topic.name().to_owned(), partitions))
        });
        topics.collect()
    }

    /// Shows every record that the partition holds now.
    pub fn scan(
        &self,
        topic: &str,
        partition: i32,
        mut visit: impl FnMut(&BorrowedMessage<'_>),
    ) -> Result<()> {
        let deadline = Instant::now() + self.limit;
        let (low, high) = self.watermarks(topic, partition)?;
        if low >= high {
            return Ok(());
        }
        let name = RecordId {
            topic: topic.to_owned(),
            partition,
            offset: low,
        };
        self.read(&name, deadline, |record| {
            if record.offset() < high {
                visit(record);
            }
            if record.offset() + 1 < high {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })
    }

    /// The record of that name.
    pub fn record(&self, id: &RecordId) -> Result<OwnedMessage> {
        let deadline = Instant::now() + self.limit;
        let (low, high) = self.watermarks(&id.topic, id.partition)?;
        let mut found = None;
        if (low..high).contains(&id.offset) {
            self.read(id, deadline, |record| {
                found = Some(record.detach());
                ControlFlow::Break(())
            })?;
        }
        found
            .filter(|record| record.offset() == id.offset)
            .with_context(|| format!("there is no record {id}"))
    }

    fn watermarks(&self, topic: &str, partition: i32) -> Result<(i64, i64)> {
        self.consumer
            .fetch_watermarks(topic, partition, self.limit)
            .with_context(|| format!("cannot find partition {partition} of topic {topic}"))
    }

    /// Shows the records from `begin` on, until it is told to break or the partition ends.
    fn read(
        &self,
        begin: &RecordId,
        deadline: Instant,
        mut visit: impl FnMut(&BorrowedMessage<'_>) -> ControlFlow<()>,
    ) -> Result<()> {
        let (topic, partition) = (begin.topic.as_str(), begin.partition);
        let mut wanted = TopicPartitionList::new();
        wanted.add_partition_offset(topic, partition, Offset::Offset(begin.offset))?;
        self.consumer.assign(&wanted)?;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                bail!("{topic}/{partition} could not be read within the time limit");
            }
            match self.consumer.poll(left) {
                Some(Ok(record)) if record.topic() != topic || record.partition() != partition => {}
                Some(Ok(record)) => {
                    if visit(&record).is_break() {
                        return Ok(());
                    }
                }
                Some(Err(KafkaError::PartitionEOF(_))) => return Ok(()),
                Some(Err(error)) if !passes(&error) => {
                    return Err(error).with_context(|| format!("cannot read {topic}/{partition}"));
                }
                Some(Err(_)) | None => {}
            }
        }
    }
}

/// librdkafka reconnects by itself, so a lost connection is no failure before the time limit.
fn passes(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::BrokerTransportFailure
                | RDKafkaErrorCode::AllBrokersDown
                | RDKafkaErrorCode::OperationTimedOut
        )
    )
}
