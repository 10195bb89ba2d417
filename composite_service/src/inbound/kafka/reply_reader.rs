//! Reads the records of reply partitions. In no group: which partitions it reads, and from where, it is told.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaResult;
use rdkafka::message::{Message, OwnedMessage};
use rdkafka::{Offset, TopicPartitionList};
use shared::kafka::config::KafkaSettings;
use uuid::Uuid;

use super::decode::{NotAReply, decode};
use super::membership::GROUP;
use crate::domain::order::OrderReply;

const BOUNDS_WAIT: Duration = Duration::from_secs(2);

/// The client that fetches.
pub(super) struct ReplyReader {
    consumer: BaseConsumer,
    topic: String,
}

/// A record, and where it was.
pub(super) struct ReadRecord {
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) content: Content,
}

/// What a record is.
pub(super) enum Content {
    /// A reply to the command of this correlation id.
    Reply(Uuid, OrderReply),
    /// No reply, for this cause.
    Poison(OwnedMessage, NotAReply),
}

impl ReplyReader {
    /// A reader of nothing yet.
    pub(super) fn new(settings: &KafkaSettings) -> KafkaResult<Self> {
        Ok(Self {
            // The client wants a group's name, and never joins it: it is given its partitions.
            consumer: settings.consumer(GROUP).create()?,
            topic: settings.composite.name.clone(),
        })
    }

    /// The next record, when one comes within `wait`.
    pub(super) fn next(&self, wait: Duration) -> Option<ReadRecord> {
        let record = match self.consumer.poll(wait)? {
            Ok(record) => record,
            Err(error) => {
                // The client connects and fetches again by itself; an offset that is gone is replaced as `auto.offset.reset` says.
                log::warn!("reading replies failed: {error}");
                return None;
            }
        };
        let content = match decode(&record) {
            Ok((correlation_id, reply)) => Content::Reply(correlation_id, reply),
            Err(cause) => Content::Poison(record.detach(), cause),
        };
        Some(ReadRecord {
            partition: record.partition(),
            offset: record.offset(),
            content,
        })
    }

    /// The first offset of a partition, and one past its last.
    pub(super) fn bounds(&self, partition: i32) -> KafkaResult<(i64, i64)> {
        self.consumer
            .fetch_watermarks(&self.topic, partition, BOUNDS_WAIT)
    }

    /// Reads these partitions from now on, each from its offset, and no others. A record that was fetched before may still come.
    pub(super) fn read(&self, partitions: impl Iterator<Item = (i32, i64)>) -> KafkaResult<()> {
        let mut list = TopicPartitionList::new();
        for (partition, offset) in partitions {
            list.add_partition_offset(&self.topic, partition, Offset::Offset(offset))?;
        }
        self.consumer.assign(&list)
    }
}
