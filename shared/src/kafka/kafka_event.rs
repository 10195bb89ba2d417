//! What a group member tells the service that it reads for.

use std::sync::mpsc::SyncSender;
use std::time::Instant;

use rdkafka::message::OwnedMessage;

/// All that can happen to a group member.
#[derive(Debug)]
pub enum KafkaEvent {
    /// A record, in its partition's order, and when it was polled.
    Record(OwnedMessage, Instant),
    /// These partitions are read up to these offsets, and what lies between the last record and there is no record: the marks of
    /// transactions. Comes after all records before it.
    Passed(Vec<(i32, i64)>),
    /// These partitions are ours from now on.
    Assigned(Vec<i32>),
    /// These partitions are being taken away; the group waits until `acknowledge` is used or dropped, but not for long.
    Revoked {
        /// The partitions that go.
        partitions: Vec<i32>,
        /// To be used once their records are finished and committed.
        acknowledge: SyncSender<()>,
    },
}
