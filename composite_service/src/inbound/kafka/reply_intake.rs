//! Topic `composite` → the bridge. Each instance owns partitions of the topic and asks for its replies in one of them, its home.
//!
//! Two clients on one thread. The *member* belongs to the group only to own partitions; it fetches nothing. The *reader* reads what
//! the member owns, from the end on: what was there before was meant for somebody else. A partition that is taken away is read for
//! a while longer, so that replies which are under way are not lost when instances come and go.
//!
//! The member is told how far the reader has read, and commits that by itself: its client repeats a commit that failed, and spares the
//! group one while it is changing, which would cost the member its partitions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use actix::Recipient;
use actix::prelude::SendError;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{ClientContext, Offset, TopicPartitionList};
use shared::budget;
use shared::kafka::config::KafkaSettings;
use tokio::sync::watch;

use super::decode::{NotAReply, decode};
use crate::actors::kafka_bridge::ReplyArrived;

/// The consumer group of all composites, spelt as the Spring composite spells it.
const GROUP: &str = "compsiteGroup";
const POLL_WAIT: Duration = Duration::from_millis(50);
const COMMIT_INTERVAL_MS: &str = "1000";
const HOUSEKEEPING_INTERVAL: Duration = Duration::from_millis(500);
const WATERMARK_WAIT: Duration = Duration::from_secs(2);
/// How long a lost partition is still read: until the last command that named it is overdue.
const FAREWELL: Duration = Duration::from_secs(2 * budget::REPLY_WAIT.as_secs());

/// The running intake.
pub struct ReplyIntake {
    stopping: Arc<AtomicBool>,
    thread: thread::JoinHandle<()>,
}

impl ReplyIntake {
    /// Joins the group. The receiver tells this instance's home partition, `None` while it has none.
    ///
    /// # Errors
    /// When librdkafka refuses the settings, or the thread can't be started.
    pub fn start(
        settings: &KafkaSettings,
        bridge: Recipient<ReplyArrived>,
        home_tx: watch::Sender<Option<i32>>,
    ) -> KafkaResult<Self> {
        let stopping = Arc::new(AtomicBool::new(false));
        let member: BaseConsumer<MembershipContext> = settings
            .consumer(GROUP)
            .set("enable.auto.commit", "true")
            .set("auto.commit.interval.ms", COMMIT_INTERVAL_MS)
            .create_with_context(MembershipContext::default())?;
        member.subscribe(&[&settings.composite.name])?;
        let worker = Worker {
            member,
            reader: settings.consumer(GROUP).create()?,
            topic: settings.composite.name.clone(),
            partitions: BTreeMap::new(),
            home_tx,
            bridge,
            stopping: Arc::clone(&stopping),
        };
        let thread = thread::Builder::new()
            .name("kafka-replies".to_owned())
            .spawn(move || worker.run())
            .map_err(|error| KafkaError::ClientCreation(error.to_string()))?;
        Ok(Self { stopping, thread })
    }

    /// Commits and leaves the group. Blocks until the group was told.
    pub fn stop(self) {
        self.stopping.store(true, Ordering::Release);
        if self.thread.join().is_err() {
            log::error!("the reply thread panicked");
        }
    }
}

struct Worker {
    member: BaseConsumer<MembershipContext>,
    reader: BaseConsumer,
    topic: String,
    partitions: BTreeMap<i32, ReadPartition>,
    home_tx: watch::Sender<Option<i32>>,
    bridge: Recipient<ReplyArrived>,
    stopping: Arc<AtomicBool>,
}

struct ReadPartition {
    /// The offset to read next.
    next: i64,
    /// What the member was last told of it.
    told: Option<i64>,
    /// When the partition was taken away.
    lost_at: Option<Instant>,
}

impl Worker {
    fn run(mut self) {
        let mut tidied_at = Instant::now();
        while !self.stopping.load(Ordering::Acquire) {
            self.serve_membership();
            match self.reader.poll(POLL_WAIT) {
                Some(Ok(record)) => {
                    let position = (record.partition(), record.offset() + 1);
                    self.deliver(&record);
                    drop(record);
                    self.advance(position);
                }
                Some(Err(error)) => log::warn!("reading replies failed: {error}"),
                None => {}
            }
            if tidied_at.elapsed() >= HOUSEKEEPING_INTERVAL {
                self.tell_offsets();
                self.forget_lost();
                tidied_at = Instant::now();
            }
        }
        self.home_tx.send_replace(None);
        self.tell_offsets();
    }

    /// Keeps the membership alive, and follows what it owns.
    fn serve_membership(&mut self) {
        if let Some(Err(error)) = self.member.poll(Duration::ZERO) {
            log::warn!("the membership in {GROUP} is disturbed: {error}");
        }
        let context = Arc::clone(self.member.context());
        if !context.has_changed.swap(false, Ordering::AcqRel) {
            return;
        }
        if let Err(error) = self.follow_membership() {
            log::warn!("could not follow the membership in {GROUP}, trying again: {error}");
            context.has_changed.store(true, Ordering::Release);
        }
    }

    fn follow_membership(&mut self) -> KafkaResult<()> {
        let assignment = self.member.assignment()?;
        self.member.pause(&assignment)?;
        let owned: BTreeSet<i32> = assignment
            .elements()
            .iter()
            .map(|element| element.partition())
            .collect();
        for partition in &owned {
            if let Some(known) = self.partitions.get_mut(partition) {
                known.lost_at = None;
                known.told = None;
            } else {
                let (_, end) =
                    self.reader
                        .fetch_watermarks(&self.topic, *partition, WATERMARK_WAIT)?;
                self.partitions.insert(
                    *partition,
                    ReadPartition {
                        next: end,
                        told: None,
                        lost_at: None,
                    },
                );
            }
        }
        for (_, lost) in self
            .partitions
            .iter_mut()
            .filter(|(partition, _)| !owned.contains(partition))
        {
            lost.lost_at.get_or_insert_with(Instant::now);
        }
        self.read_partitions()?;
        self.move_home(&owned);
        Ok(())
    }

    fn read_partitions(&self) -> KafkaResult<()> {
        let mut list = TopicPartitionList::with_capacity(self.partitions.len());
        for (partition, read) in &self.partitions {
            list.add_partition_offset(&self.topic, *partition, Offset::Offset(read.next))?;
        }
        self.reader.assign(&list)
    }

    /// Stays at home as long as home is owned.
    fn move_home(&self, owned: &BTreeSet<i32>) {
        let home = self
            .home_tx
            .borrow()
            .filter(|home| owned.contains(home))
            .or_else(|| owned.first().copied());
        log::info!(
            "own partitions {owned:?} of {}, replies go to {home:?}",
            self.topic
        );
        self.home_tx.send_replace(home);
    }

    fn deliver(&self, record: &BorrowedMessage<'_>) {
        match decode(record) {
            Ok((correlation_id, reply)) => self.hand_over(ReplyArrived {
                correlation_id,
                reply,
            }),
            Err(NotAReply::Foreign) => log::debug!("a reply for somebody else"),
            Err(error) => log::error!(
                "{}-{}@{}: {error}",
                record.topic(),
                record.partition(),
                record.offset()
            ),
        }
    }

    /// Waits while the bridge has more to do than its mailbox holds; Kafka keeps the rest.
    fn hand_over(&self, mut message: ReplyArrived) {
        while !self.stopping.load(Ordering::Acquire) {
            match self.bridge.try_send(message) {
                Ok(()) => return,
                Err(SendError::Full(refused)) => message = refused,
                Err(SendError::Closed(_)) => return log::warn!("the bridge is gone"),
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn advance(&mut self, (partition, next): (i32, i64)) {
        if let Some(read) = self.partitions.get_mut(&partition) {
            read.next = next;
        }
    }

    /// Tells the member what to commit of the partitions that it owns.
    fn tell_offsets(&mut self) {
        for (partition, read) in &mut self.partitions {
            if read.lost_at.is_some() || read.told == Some(read.next) {
                continue;
            }
            let mut list = TopicPartitionList::with_capacity(1);
            let told = list
                .add_partition_offset(&self.topic, *partition, Offset::Offset(read.next))
                .and_then(|()| self.member.store_offsets(&list));
            match told {
                Ok(()) => read.told = Some(read.next),
                // It was lost a moment ago, or the group is changing: next time.
                Err(error) => log::debug!("partition {partition} was not stored: {error}"),
            }
        }
    }

    fn forget_lost(&mut self) {
        let known = self.partitions.len();
        self.partitions.retain(|_, read| {
            read.lost_at
                .is_none_or(|lost_at| lost_at.elapsed() < FAREWELL)
        });
        if self.partitions.len() < known
            && let Err(error) = self.read_partitions()
        {
            log::warn!("could not stop reading lost partitions: {error}");
        }
    }
}

/// Notes that the member's partitions have changed.
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
