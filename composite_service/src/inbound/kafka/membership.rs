//! The member of the consumer group. It owns partitions and commits offsets, but fetches nothing. Independent of what is read.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::KafkaResult;
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{ClientContext, Offset, TopicPartitionList};
use shared::kafka::config::KafkaSettings;

/// The consumer group of all composites. The spelling is that of the Spring composite.
pub const GROUP: &str = "compsiteGroup";
const COMMIT_INTERVAL_MS: &str = "1000";
/// How long the thread may block for committed offsets. Meanwhile it reads no replies.
const COMMITTED_WAIT: Duration = Duration::from_secs(2);

/// A membership in the group.
pub(super) struct Membership {
    member: BaseConsumer<MembershipContext>,
    topic: String,
}

impl Membership {
    /// Joins the group.
    pub(super) fn join(settings: &KafkaSettings) -> KafkaResult<Self> {
        // The client commits stored offsets by itself. It repeats a failed commit, and makes none during a rebalance; a commit then would
        // cost the member its partitions.
        let member: BaseConsumer<MembershipContext> = settings
            .consumer(GROUP)
            .set("enable.auto.commit", "true")
            .set("auto.commit.interval.ms", COMMIT_INTERVAL_MS)
            .create_with_context(MembershipContext::default())?;
        member.subscribe(&[&settings.composite.name])?;
        Ok(Self {
            member,
            topic: settings.composite.name.clone(),
        })
    }

    /// Keeps the membership alive: a member that does not poll loses its partitions. Never blocks.
    pub(super) fn poll(&self) {
        if let Some(Err(error)) = self.member.poll(Duration::ZERO) {
            // Only logged: the client tries to rejoin by itself.
            log::warn!("the membership in {GROUP} is disturbed: {error}");
        }
        if let Some((code, reason)) = self.member.client().fatal_error() {
            // After a fatal error the client never rejoins. Without a partition this instance can't send commands; a restart helps.
            log::error!("the membership in {GROUP} has failed for good: {code}: {reason}");
            std::process::abort();
        }
    }

    /// Whether its partitions may have changed since the last call. Resets the flag, so a caller that fails must call
    /// [`put_change_back`](Self::put_change_back).
    pub(super) fn take_change(&self) -> bool {
        self.member
            .context()
            .has_changed
            .swap(false, Ordering::AcqRel)
    }

    /// A change could not be handled: reports it again.
    pub(super) fn put_change_back(&self) {
        self.member
            .context()
            .has_changed
            .store(true, Ordering::Release);
    }

    /// The partitions that are assigned now.
    pub(super) fn owned(&self) -> KafkaResult<BTreeSet<i32>> {
        let assignment = self.member.assignment()?;
        // Every rebalance resumes the assigned partitions, so they are paused again: this client must not fetch.
        self.member.pause(&assignment)?;
        Ok(partitions(&assignment).collect())
    }

    /// The committed offsets of these partitions; `None` for a partition without one.
    pub(super) fn committed(&self, asked: &[i32]) -> KafkaResult<Vec<(i32, Option<i64>)>> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let mut list = TopicPartitionList::with_capacity(asked.len());
        for partition in asked {
            list.add_partition(&self.topic, *partition);
        }
        let committed = self.member.committed_offsets(list, COMMITTED_WAIT)?;
        let offset = |element: &TopicPartitionListElem<'_>| match element.offset() {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        };
        let elements = committed.elements().into_iter();
        Ok(elements
            .map(|element| (element.partition(), offset(&element)))
            .collect())
    }

    /// Stores `offset` for the next commit: the first offset that the partition's next owner reads.
    pub(super) fn store(&self, partition: i32, offset: i64) -> KafkaResult<()> {
        let mut list = TopicPartitionList::with_capacity(1);
        list.add_partition_offset(&self.topic, partition, Offset::Offset(offset))?;
        self.member.store_offsets(&list)
    }
}

fn partitions(list: &TopicPartitionList) -> impl Iterator<Item = i32> {
    let elements = list.elements().into_iter();
    elements.map(|element| element.partition())
}

/// Notes that the assignment has changed. librdkafka calls back within `poll`, so only a flag is set here; the partitions are read later.
#[derive(Default)]
struct MembershipContext {
    has_changed: AtomicBool,
}

impl ClientContext for MembershipContext {}

impl ConsumerContext for MembershipContext {
    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Error(error) = rebalance {
            log::error!("rebalance failed: {error}");
        }
        self.has_changed.store(true, Ordering::Release);
    }
}
