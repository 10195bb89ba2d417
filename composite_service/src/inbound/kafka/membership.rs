//! The member of the group of composites: it owns partitions, fetches nothing, and commits what it is told. Must not know what is read.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::KafkaResult;
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{ClientContext, Offset, TopicPartitionList};
use shared::kafka::config::KafkaSettings;

/// The consumer group of all composites, spelt as the Spring composite spells it.
pub const GROUP: &str = "compsiteGroup";
const COMMIT_INTERVAL_MS: &str = "1000";
const COMMITTED_WAIT: Duration = Duration::from_secs(2);

/// A place in the group.
pub(super) struct Membership {
    member: BaseConsumer<MembershipContext>,
    topic: String,
}

impl Membership {
    /// Joins the group.
    pub(super) fn join(settings: &KafkaSettings) -> KafkaResult<Self> {
        // It commits what is stored by itself: its client repeats a commit that failed, and makes none while the group is changing,
        // which would cost the member its partitions.
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

    /// Keeps the place: a member that is silent for longer than the session time-out loses its partitions. Never waits.
    pub(super) fn poll(&self) {
        if let Some(Err(error)) = self.member.poll(Duration::ZERO) {
            // The client goes on trying to join.
            log::warn!("the membership in {GROUP} is disturbed: {error}");
        }
        if let Some((code, reason)) = self.member.client().fatal_error() {
            // A client with a fatal error never joins again. Without partitions this instance could not ask for anything.
            log::error!("the membership in {GROUP} has failed for good: {code}: {reason}");
            std::process::abort();
        }
    }

    /// Whether what it owns may have changed since this was asked last.
    pub(super) fn take_change(&self) -> bool {
        self.member
            .context()
            .has_changed
            .swap(false, Ordering::AcqRel)
    }

    /// A change could not be followed: it is to be told once more.
    pub(super) fn put_change_back(&self) {
        self.member
            .context()
            .has_changed
            .store(true, Ordering::Release);
    }

    /// The partitions that it owns now.
    pub(super) fn owned(&self) -> KafkaResult<BTreeSet<i32>> {
        let assignment = self.member.assignment()?;
        // Each rebalance resumes what it assigns, and this client is not to fetch.
        self.member.pause(&assignment)?;
        Ok(partitions(&assignment).collect())
    }

    /// What the group has committed of these partitions, where it has.
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

    /// Has `offset` committed some time soon, as the first that the partition's next owner reads.
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

/// Notes that the member's partitions have changed: a callback of librdkafka, which runs within `poll`.
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
