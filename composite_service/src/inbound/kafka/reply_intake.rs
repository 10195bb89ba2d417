//! Topic `composite` → the bridge. Each instance owns partitions of the topic and asks for its replies in one of them, its home.
//!
//! Two clients on one thread. The *member* belongs to the group only to own partitions; it fetches nothing. The *reader* reads what
//! the member owns, from what is committed on, but replies that were there before were meant for somebody else. A partition that is
//! taken away is read for a while longer, so that replies which are under way are not lost when instances come and go.
//!
//! The member is told how far the reader has read, and commits that by itself: its client repeats a commit that failed, and spares the
//! group one while it is changing, which would cost the member its partitions.
//!
//! A record that is no reply is set aside, and the partition goes on. Nothing is committed past it before the broker has the dead
//! letter, so that after a crash the partition's next owner finds it again: perhaps twice set aside, but never lost.

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use actix::Recipient;
use actix::prelude::SendError;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{Message, OwnedMessage};
use rdkafka::{Offset, TopicPartitionList};
use shared::budget;
use shared::kafka::config::KafkaSettings;
use shared::kafka::dead_letters::DeadLetters;
use shared::kafka::publisher::Publisher;
use shared::mailboxes::Mailbox;
use tokio::sync::watch;
use uuid::Uuid;

use super::decode::{NotAReply, decode};
use super::membership::MembershipContext;
use super::read_partition::ReadPartition;
use crate::actors::kafka_bridge::ReplyArrived;
use crate::domain::order::OrderReply;

/// The consumer group of all composites, spelt as the Spring composite spells it.
pub const GROUP: &str = "compsiteGroup";
const POLL_WAIT: Duration = Duration::from_millis(50);
const COMMIT_INTERVAL_MS: &str = "1000";
/// How often the membership is served while one reply follows another.
const MEMBERSHIP_INTERVAL: Duration = Duration::from_millis(10);
const HOUSEKEEPING_INTERVAL: Duration = Duration::from_millis(500);
/// What dead letters are called that are no replies.
const MALFORMED_REPLY: &str = "MalformedReply";
const OFFSETS_WAIT: Duration = Duration::from_secs(2);
/// How long the end waits for dead letters to be acknowledged.
const LAST_LETTERS_WAIT: Duration = Duration::from_secs(1);
/// How long a lost partition is still read: until the last command that named it is overdue.
const FAREWELL: Duration = Duration::from_secs(2 * budget::REPLY_WAIT.as_secs());
/// How long an instance that owns nothing any more, as when the group's broker is away, still asks for replies in its last home. Then the
/// last of them is overdue when its farewell is over.
const LAST_HOME_WAIT: Duration =
    Duration::from_secs(FAREWELL.as_secs() - budget::REPLY_WAIT.as_secs());

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
        bridge_mailbox: Mailbox,
        home_tx: watch::Sender<Option<i32>>,
    ) -> KafkaResult<Self> {
        let stopping = Arc::new(AtomicBool::new(false));
        let member: BaseConsumer<MembershipContext> = settings
            .consumer(GROUP)
            .set("enable.auto.commit", "true")
            .set("auto.commit.interval.ms", COMMIT_INTERVAL_MS)
            .create_with_context(MembershipContext::default())?;
        member.subscribe(&[&settings.composite.name])?;
        let dead_letters = Publisher::start(&settings.producer_without_timeout())?;
        let (settled_tx, settled_rx) = mpsc::channel();
        let worker = Worker {
            member,
            reader: settings.consumer(GROUP).create()?,
            topic: settings.composite.name.clone(),
            partitions: BTreeMap::new(),
            home_tx,
            bridge,
            bridge_mailbox,
            dead_letters: DeadLetters::new(Arc::new(dead_letters))?,
            settled_tx,
            settled_rx,
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
    bridge_mailbox: Mailbox,
    dead_letters: DeadLetters,
    /// Partition and offset of a record that need not be held any longer.
    settled_tx: Sender<(i32, i64)>,
    settled_rx: Receiver<(i32, i64)>,
    stopping: Arc<AtomicBool>,
}

impl Worker {
    fn run(mut self) {
        let mut tidied_at = Instant::now();
        let mut served_at = None;
        while !self.stopping.load(Ordering::Acquire) {
            let now = Instant::now();
            if served_at.is_none_or(|served_at| now - served_at >= MEMBERSHIP_INTERVAL) {
                self.serve_membership();
                served_at = Some(now);
            }
            match self.reader.poll(POLL_WAIT) {
                Some(Ok(record)) => {
                    let (partition, offset) = (record.partition(), record.offset());
                    match decode(&record) {
                        Ok((correlation_id, reply)) => {
                            drop(record);
                            self.deliver(partition, offset, correlation_id, reply);
                        }
                        Err(cause) => {
                            let owned = record.detach();
                            drop(record);
                            self.set_aside(&owned, &cause);
                        }
                    }
                    if let Some(read) = self.partitions.get_mut(&partition) {
                        read.read(offset);
                    }
                }
                Some(Err(error)) => log::warn!("reading replies failed: {error}"),
                None => {}
            }
            if now - tidied_at >= HOUSEKEEPING_INTERVAL {
                self.tell_offsets();
                self.leave_lost_home();
                self.forget_lost();
                tidied_at = now;
            }
        }
        self.home_tx.send_replace(None);
        if let Err(error) = self.dead_letters.flush(LAST_LETTERS_WAIT) {
            log::warn!("records are not set aside yet, and will be found again: {error}");
        }
        self.tell_offsets();
    }

    /// Keeps the membership alive, and follows what it owns.
    fn serve_membership(&mut self) {
        self.poll_member();
        let context = Arc::clone(self.member.context());
        if !context.has_changed.swap(false, Ordering::AcqRel) {
            return;
        }
        if let Err(error) = self.follow_membership() {
            log::warn!("could not follow the membership in {GROUP}, trying again: {error}");
            context.has_changed.store(true, Ordering::Release);
        }
    }

    fn poll_member(&self) {
        if let Some(Err(error)) = self.member.poll(Duration::ZERO) {
            log::warn!("the membership in {GROUP} is disturbed: {error}");
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
        let (kept, fresh): (Vec<i32>, Vec<i32>) = owned.iter().partition(|partition| {
            self.partitions
                .get(partition)
                .is_some_and(|known| !known.is_lost())
        });
        let found = self.found(&fresh)?;
        for partition in &kept {
            if let Some(known) = self.partitions.get_mut(partition) {
                known.keep();
            }
        }
        for (partition, found) in found {
            match self.partitions.entry(partition) {
                Entry::Occupied(mut known) => known.get_mut().regain(found),
                Entry::Vacant(place) => {
                    place.insert(found);
                }
            }
        }
        for (_, lost) in self
            .partitions
            .iter_mut()
            .filter(|(partition, _)| !owned.contains(partition))
        {
            lost.lose(Instant::now());
        }
        self.read_partitions()?;
        self.move_home(&owned);
        Ok(())
    }

    /// Partitions as their last owners have left them.
    fn found(&self, fresh: &[i32]) -> KafkaResult<Vec<(i32, ReadPartition)>> {
        if fresh.is_empty() {
            return Ok(Vec::new());
        }
        let mut asked = TopicPartitionList::with_capacity(fresh.len());
        for partition in fresh {
            asked.add_partition(&self.topic, *partition);
        }
        let committed = self.member.committed_offsets(asked, OFFSETS_WAIT)?;
        let found = committed.elements().into_iter().map(|element| {
            let partition = element.partition();
            let (low, end) = self
                .reader
                .fetch_watermarks(&self.topic, partition, OFFSETS_WAIT)?;
            let committed = match element.offset() {
                Offset::Offset(offset) => Some(offset),
                _ => None,
            };
            Ok((partition, ReadPartition::new(committed, low, end)))
        });
        found.collect()
    }

    fn read_partitions(&self) -> KafkaResult<()> {
        let mut list = TopicPartitionList::with_capacity(self.partitions.len());
        for (partition, read) in &self.partitions {
            list.add_partition_offset(&self.topic, *partition, Offset::Offset(read.next()))?;
        }
        self.reader.assign(&list)
    }

    /// Stays at home as long as home is owned, or nothing else is.
    fn move_home(&self, owned: &BTreeSet<i32>) {
        let last = *self.home_tx.borrow();
        let home = last
            .filter(|home| owned.contains(home))
            .or_else(|| owned.first().copied())
            .or(last);
        log::info!(
            "own partitions {owned:?} of {}, replies go to {home:?}",
            self.topic
        );
        self.home_tx.send_replace(home);
    }

    fn deliver(&self, partition: i32, offset: i64, correlation_id: Uuid, reply: OrderReply) {
        let read = self.partitions.get(&partition);
        if read.is_some_and(|read| read.is_ours(offset)) {
            self.hand_over(ReplyArrived {
                correlation_id,
                reply,
                ticket: self.bridge_mailbox.post("reply"),
            });
        } else {
            log::debug!("a reply for somebody else");
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

    /// Puts a record that is no reply with the dead letters. Waits while as many of them are under way as memory may hold; Kafka keeps
    /// the rest. What is left when the intake stops meanwhile stays uncommitted.
    fn set_aside(&mut self, record: &OwnedMessage, cause: &NotAReply) {
        let (partition, offset) = (record.partition(), record.offset());
        let Some(read) = self.partitions.get_mut(&partition) else {
            return;
        };
        if read.is_lost() {
            return log::debug!(
                "{partition}@{offset} is no reply, which is its new owner's business"
            );
        }
        if !read.hold(offset) {
            return;
        }
        while self.dead_letters.is_full() {
            if self.stopping.load(Ordering::Acquire) {
                return;
            }
            self.poll_member();
            thread::sleep(POLL_WAIT);
        }
        let settled_tx = self.settled_tx.clone();
        let on_settled = Box::new(move || {
            // An error means that the intake has ended.
            let _ = settled_tx.send((partition, offset));
        });
        self.dead_letters
            .set_aside(record, MALFORMED_REPLY, &cause.to_string(), on_settled);
    }

    /// Tells the member what to commit of the partitions that it owns.
    fn tell_offsets(&mut self) {
        for (partition, offset) in self.settled_rx.try_iter() {
            if let Some(read) = self.partitions.get_mut(&partition) {
                read.release(offset);
            }
        }
        for (partition, read) in &mut self.partitions {
            let Some(offset) = read.to_tell() else {
                continue;
            };
            let mut list = TopicPartitionList::with_capacity(1);
            let told = list
                .add_partition_offset(&self.topic, *partition, Offset::Offset(offset))
                .and_then(|()| self.member.store_offsets(&list));
            match told {
                Ok(()) => read.told(offset),
                // It was lost a moment ago, or the group is changing: next time.
                Err(error) => log::debug!("partition {partition} was not stored: {error}"),
            }
        }
    }

    /// Has no home any more when the last one was lost long ago.
    fn leave_lost_home(&self) {
        let now = Instant::now();
        let is_long_lost = |home| {
            let read = self.partitions.get(&home);
            read.is_none_or(|read| read.is_lost_for(LAST_HOME_WAIT, now))
        };
        let home = *self.home_tx.borrow();
        if home.is_some_and(is_long_lost) {
            log::warn!("own no partition of {}, and have no home", self.topic);
            self.home_tx.send_replace(None);
        }
    }

    fn forget_lost(&mut self) {
        let known = self.partitions.len();
        let now = Instant::now();
        self.partitions
            .retain(|_, read| !read.is_lost_for(FAREWELL, now));
        if self.partitions.len() < known
            && let Err(error) = self.read_partitions()
        {
            log::warn!("could not stop reading lost partitions: {error}");
        }
    }
}
