//! Reads the records of reply partitions. Not a member of the group: partitions and offsets are assigned explicitly.

use std::time::Duration;

use chrono_tz::Tz;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaResult;
use rdkafka::message::{Message, OwnedMessage};
use rdkafka::{Offset, TopicPartitionList};
use shared::kafka::config::KafkaSettings;
use shared::kafka::health_board::HealthBoard;
use shared::kafka::positions::positions;
use shared::kafka::rights::{Account, reading_failure};

use super::decode::{NotAReply, Read, decode};
use super::membership::GROUP;
use crate::actors::kafka_bridge::ReplyArrived;

/// How long the thread may block for the bounds of a partition. Meanwhile it reads no replies.
const BOUNDS_WAIT: Duration = Duration::from_secs(2);

/// The client that fetches.
pub(super) struct ReplyReader {
    consumer: BaseConsumer,
    account: Account,
    topic: String,
    zone: Tz,
    health: HealthBoard,
}

/// A record with its partition and offset.
pub(super) struct ReadRecord {
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) content: Content,
}

/// The content of a record.
#[expect(
    clippy::large_enum_variant,
    reason = "one record at a time, and nearly all are replies: a box for each would cost more"
)]
pub(super) enum Content {
    /// A reply to a command of a composite.
    Reply(ReplyArrived),
    /// A record for somebody else.
    Foreign,
    /// An invalid record and the cause.
    Poison(OwnedMessage, NotAReply),
}

impl ReplyReader {
    /// A reader without partitions. Dates without an offset are in `zone`.
    pub(super) fn new(
        settings: &KafkaSettings,
        zone: Tz,
        health: &HealthBoard,
    ) -> KafkaResult<Self> {
        Ok(Self {
            // librdkafka requires a group id, but a consumer with explicitly assigned partitions never joins the group.
            consumer: settings.consumer(GROUP).create()?,
            account: Account::of(&settings.client()),
            topic: settings.composite.name.clone(),
            zone,
            health: health.clone(),
        })
    }

    /// The next record, if one arrives within `wait`.
    pub(super) fn next(&self, wait: Duration) -> Option<ReadRecord> {
        let record = match self.consumer.poll(wait)? {
            Ok(record) => record,
            Err(error) => {
                // Only logged: the client reconnects by itself, and an invalid offset is replaced according to `auto.offset.reset`.
                let failure = reading_failure(&error, &self.account, &self.topic, GROUP);
                log::warn!("reading replies failed: {failure}");
                self.health.failed(&error);
                return None;
            }
        };
        self.health.works();
        let content = match decode(&record, self.zone) {
            Ok(Read::Reply(correlation_id, reply, by)) => Content::Reply(ReplyArrived {
                correlation_id,
                reply,
                by,
            }),
            Ok(Read::Foreign) => Content::Foreign,
            Err(cause) => Content::Poison(record.detach(), cause),
        };
        Some(ReadRecord {
            partition: record.partition(),
            offset: record.offset(),
            content,
        })
    }

    /// The first offset of a partition, and the one after its last.
    pub(super) fn bounds(&self, partition: i32) -> KafkaResult<(i64, i64)> {
        self.consumer
            .fetch_watermarks(&self.topic, partition, BOUNDS_WAIT)
    }

    /// Up to where each partition was read.
    pub(super) fn positions(&self) -> KafkaResult<Vec<(i32, i64)>> {
        positions(&self.consumer)
    }

    /// From now on reads exactly these partitions, each from its offset. A record that was fetched before may still be returned.
    pub(super) fn read(&self, partitions: impl Iterator<Item = (i32, i64)>) -> KafkaResult<()> {
        let mut list = TopicPartitionList::new();
        for (partition, offset) in partitions {
            list.add_partition_offset(&self.topic, partition, Offset::Offset(offset))?;
        }
        self.consumer.assign(&list)
    }
}
