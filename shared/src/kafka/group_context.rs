//! What librdkafka calls back while a member is polled: rebalances, errors, and how the member does.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{ClientContext, Offset, TopicPartitionList};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::kafka::committed;
use crate::kafka::health_board::HealthBoard;
use crate::kafka::kafka_event::KafkaEvent;
use crate::kafka::topic_state::TopicId;

/// How often a full channel is looked at. Its sender can't block until there is room: it must notice a stop, and a deadline.
pub(super) const ROOM_POLL: Duration = Duration::from_millis(1);
/// How long the group waits for a member that has to give partitions away, before it goes on without it. Commands take milliseconds, or
/// as long as the database is away: then they come again to the next owner, who finds out by the order's revision.
const REVOKE_WAIT: Duration = Duration::from_secs(10);
/// How long a rebalance may wait for the committed offsets.
const COMMITTED_WAIT: Duration = Duration::from_secs(5);

/// Tells the channel of rebalances, and waits while the receiver finishes what it has of revoked partitions. librdkafka calls it on the
/// polling thread, within a poll, so the group waits as well.
pub(super) struct GroupContext {
    pub(super) events: mpsc::Sender<KafkaEvent>,
    /// The topic whose offsets count.
    pub(super) topic: TopicId,
    pub(super) health: HealthBoard,
    /// How many rebalances there were.
    pub(super) rebalances: AtomicU64,
}

impl GroupContext {
    /// Whether there was room in time. A receiver that is stuck must not keep the whole group from going on.
    fn send_until(&self, mut event: KafkaEvent, deadline: Instant) -> bool {
        loop {
            match self.events.try_send(event) {
                Ok(()) => return true,
                Err(TrySendError::Closed(_)) => return false,
                Err(TrySendError::Full(refused)) => event = refused,
            }
            if Instant::now() >= deadline {
                log::warn!("partitions are given away before their records are finished");
                return false;
            }
            thread::sleep(ROOM_POLL);
        }
    }

    /// Has the new partitions read from what was committed of this making of the topic, and from their beginning where that is nothing.
    fn begin(&self, consumer: &BaseConsumer<Self>, assigned: &TopicPartitionList) {
        let committed = match consumer.committed_offsets(assigned.clone(), COMMITTED_WAIT) {
            Ok(committed) => committed,
            // The client asks again by itself, for as long as it takes.
            Err(error) => return log::warn!("the committed offsets are not known yet: {error}"),
        };
        for mut partition in assigned.elements() {
            let Some(found) = committed.find_partition(partition.topic(), partition.partition())
            else {
                continue;
            };
            let offset = self.start(&found);
            if let Err(error) = partition.set_offset(offset) {
                log::error!("{offset:?} is no offset to begin at: {error}");
            }
        }
    }

    fn start(&self, committed: &TopicPartitionListElem<'_>) -> Offset {
        match committed.offset() {
            offset @ Offset::Offset(_) if committed::is_of(committed.metadata(), &self.topic) => {
                offset
            }
            Offset::Offset(offset) => {
                log::warn!(
                    "{}-{} is read from its beginning: {offset} was committed of an earlier topic with this name",
                    committed.topic(),
                    committed.partition()
                );
                Offset::Beginning
            }
            _ => Offset::Beginning,
        }
    }
}

impl ClientContext for GroupContext {
    fn stats_raw(&self, statistics: &[u8]) {
        self.health.statistics(statistics);
    }
}

impl ConsumerContext for GroupContext {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(list) => self.begin(consumer, list),
            Rebalance::Revoke(list) => {
                let (acknowledge, acknowledged) = sync_channel(1);
                let revoked = KafkaEvent::Revoked {
                    partitions: partitions_of(list),
                    acknowledge,
                };
                let deadline = Instant::now() + REVOKE_WAIT;
                if self.send_until(revoked, deadline) {
                    let left = deadline.saturating_duration_since(Instant::now());
                    // An error means that the receiver is gone or stuck: then there is no use in waiting.
                    let _ = acknowledged.recv_timeout(left);
                }
            }
            Rebalance::Error(_) => {}
        }
    }

    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        self.rebalances.fetch_add(1, Ordering::Relaxed);
        match rebalance {
            Rebalance::Assign(list) => {
                self.health.works();
                // Blocks while the channel is full: a member that has not heard of its partitions could not settle their records. An
                // error means that the receiver is gone, and this member is about to leave.
                let _ = self
                    .events
                    .blocking_send(KafkaEvent::Assigned(partitions_of(list)));
            }
            Rebalance::Revoke(_) => {}
            Rebalance::Error(error) => log::error!("rebalance failed: {error}"),
        }
    }
}

fn partitions_of(list: &TopicPartitionList) -> Vec<i32> {
    list.elements()
        .iter()
        .map(TopicPartitionListElem::partition)
        .collect()
}
