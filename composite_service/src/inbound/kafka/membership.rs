//! The member of the consumer group. It owns partitions and commits offsets, but fetches nothing. Independent of what is read.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::KafkaResult;
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{ClientContext, Offset, TopicPartitionList};
use shared::kafka::committed;
use shared::kafka::config::KafkaSettings;
use shared::kafka::health_board::HealthBoard;
use shared::kafka::rights::{Account, reading_failure};
use shared::kafka::topic_state::TopicId;

/// The consumer group of all composites. The spelling is that of the Spring composite.
pub const GROUP: &str = "compsiteGroup";
const COMMIT_INTERVAL_MS: &str = "1000";
/// How long the thread may block for committed offsets. Meanwhile it reads no replies.
const COMMITTED_WAIT: Duration = Duration::from_secs(2);

/// A membership in the group.
pub(super) struct Membership {
    member: BaseConsumer<MembershipContext>,
    account: Account,
    topic: String,
    id: TopicId,
}

impl Membership {
    /// Joins the group, to read the making of the topic with this id.
    pub(super) fn join(
        settings: &KafkaSettings,
        id: TopicId,
        health: &HealthBoard,
    ) -> KafkaResult<Self> {
        health.begin(id.clone());
        // The client commits stored offsets by itself. It repeats a failed commit, and makes none during a rebalance; a commit then would
        // cost the member its partitions.
        let member: BaseConsumer<MembershipContext> = settings
            .member(GROUP)
            .set("enable.auto.commit", "true")
            .set("auto.commit.interval.ms", COMMIT_INTERVAL_MS)
            .create_with_context(MembershipContext {
                has_changed: AtomicBool::default(),
                health: health.clone(),
            })?;
        member.subscribe(&[&settings.composite.name])?;
        Ok(Self {
            member,
            account: Account::of(&settings.client()),
            topic: settings.composite.name.clone(),
            id,
        })
    }

    /// Which making of the topic it is a member for.
    pub(super) fn topic_id(&self) -> &TopicId {
        &self.id
    }

    /// Keeps the membership alive: a member that does not poll loses its partitions. Never blocks.
    pub(super) fn poll(&self) {
        if let Some(Err(error)) = self.member.poll(Duration::ZERO) {
            // Only logged: the client tries to rejoin by itself.
            let failure = reading_failure(&error, &self.account, &self.topic, GROUP);
            log::warn!("the membership in {GROUP} is disturbed: {failure}");
            self.member.context().health.failed(&error);
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

    /// The committed offsets of these partitions; `None` for a partition without one, or with one of an earlier topic of this name.
    pub(super) fn committed(&self, asked: &[i32]) -> KafkaResult<Vec<(i32, Option<i64>)>> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let mut list = TopicPartitionList::with_capacity(asked.len());
        for partition in asked {
            list.add_partition(&self.topic, *partition);
        }
        let found = self.member.committed_offsets(list, COMMITTED_WAIT)?;
        let offset = |element: &TopicPartitionListElem<'_>| match element.offset() {
            Offset::Offset(offset) if committed::is_of(element.metadata(), &self.id) => {
                Some(offset)
            }
            _ => None,
        };
        let elements = found.elements().into_iter();
        Ok(elements
            .map(|element| (element.partition(), offset(&element)))
            .collect())
    }

    /// Stores `offset` for the next commit: the first offset that the partition's next owner reads.
    pub(super) fn store(&self, partition: i32, offset: i64) -> KafkaResult<()> {
        let mut list = TopicPartitionList::with_capacity(1);
        let mut element = list.add_partition(&self.topic, partition);
        element.set_offset(Offset::Offset(offset))?;
        element.set_metadata(committed::mark(&self.id));
        self.member.store_offsets(&list)
    }
}

fn partitions(list: &TopicPartitionList) -> impl Iterator<Item = i32> {
    let elements = list.elements().into_iter();
    elements.map(|element| element.partition())
}

/// Notes that the assignment has changed. librdkafka calls back within `poll`, so only a flag is set here; the partitions are read later.
struct MembershipContext {
    has_changed: AtomicBool,
    health: HealthBoard,
}

impl ClientContext for MembershipContext {
    fn stats_raw(&self, statistics: &[u8]) {
        self.health.statistics(statistics);
    }
}

impl ConsumerContext for MembershipContext {
    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Error(error) = rebalance {
            log::error!("rebalance failed: {error}");
        }
        self.health.works();
        self.has_changed.store(true, Ordering::Release);
    }
}
