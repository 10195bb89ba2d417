//! Topic `composite` → the bridge. Each instance owns partitions of the topic and asks for its replies in one of them, its home; the rules
//! are in `domain/ownership.rs`.
//!
//! Two clients on one thread. The *member* belongs to the group only to own partitions; it fetches nothing. The *reader* reads what
//! the member owns, from what is committed on, but replies that were there before were meant for another instance. A partition that is
//! taken away is read for a while longer, so that replies which are under way are not lost when instances come and go.
//!
//! A record that is no reply is set aside, and the partition goes on. Nothing is committed past it before the broker has the dead
//! letter, so that after a crash the partition's next owner finds it again: perhaps twice set aside, but never lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use actix::prelude::SendError;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::OwnedMessage;
use shared::kafka::config::KafkaSettings;
use shared::kafka::dead_letters::DeadLetters;
use shared::kafka::publisher::Publisher;
use shared::postbox::Postbox;
use tokio::sync::watch;

use super::decode::NotAReply;
pub use super::membership::GROUP;
use super::membership::Membership;
use super::read_partition::ReadPartition;
use super::reply_offsets::ReplyOffsets;
use super::reply_reader::{Content, ReadRecord, ReplyReader};
use crate::actors::kafka_bridge::{ReplyArrived, bridge_is_gone};
use crate::domain::ownership::Ownership;

const POLL_WAIT: Duration = Duration::from_millis(50);
/// How often the membership is served while one reply follows another.
const MEMBERSHIP_INTERVAL: Duration = Duration::from_millis(10);
/// How often offsets are settled and lost partitions looked at.
const HOUSEKEEPING_INTERVAL: Duration = Duration::from_millis(500);
/// How soon a full mailbox is tried again.
const ROOM_WAIT: Duration = Duration::from_millis(1);
/// How long the end waits for dead letters to be acknowledged.
const LAST_LETTERS_WAIT: Duration = Duration::from_secs(1);
/// What dead letters are called that are no replies.
const MALFORMED_REPLY: &str = "MalformedReply";

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
        bridge: Postbox<ReplyArrived>,
        home_tx: watch::Sender<Option<i32>>,
    ) -> KafkaResult<Self> {
        let stopping = Arc::new(AtomicBool::new(false));
        let dead_letters = Publisher::start(&settings.producer_without_timeout())?;
        let worker = Worker {
            member: Membership::join(settings)?,
            reader: ReplyReader::new(settings)?,
            ownership: Ownership::default(),
            offsets: ReplyOffsets::new(),
            started_at: Instant::now(),
            home_tx,
            bridge,
            dead_letters: DeadLetters::new(Arc::new(dead_letters))?,
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
            // Only in a build that unwinds: elsewhere a panic ends the process where it happens.
            log::error!("the reply thread panicked");
        }
    }
}

struct Worker {
    member: Membership,
    reader: ReplyReader,
    ownership: Ownership,
    offsets: ReplyOffsets,
    started_at: Instant,
    home_tx: watch::Sender<Option<i32>>,
    bridge: Postbox<ReplyArrived>,
    dead_letters: DeadLetters,
    stopping: Arc<AtomicBool>,
}

impl Worker {
    fn run(mut self) {
        let (mut served_at, mut tidied_at) = (None, Instant::now());
        while !self.is_stopping() {
            let now = Instant::now();
            if served_at.is_none_or(|served_at| now - served_at >= MEMBERSHIP_INTERVAL) {
                self.serve_membership();
                served_at = Some(now);
            }
            if let Some(record) = self.reader.next(POLL_WAIT) {
                self.handle(record);
            }
            if now - tidied_at >= HOUSEKEEPING_INTERVAL {
                self.offsets.settle(&self.ownership, &self.member);
                self.pass_time();
                tidied_at = now;
            }
        }
        self.home_tx.send_replace(None);
        if let Err(error) = self.dead_letters.flush(LAST_LETTERS_WAIT) {
            log::warn!("records are not set aside yet, and will be found again: {error}");
        }
        self.offsets.settle(&self.ownership, &self.member);
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    fn serve_membership(&mut self) {
        self.member.poll();
        if !self.member.take_change() {
            return;
        }
        if let Err(error) = self.follow_membership() {
            log::warn!("could not follow the membership in {GROUP}, trying again: {error}");
            self.member.put_change_back();
        }
    }

    /// What is new is read before it is named to anybody. When the brokers don't answer, nothing is named differently yet.
    fn follow_membership(&mut self) -> KafkaResult<()> {
        let owned = self.member.owned()?;
        let gained = self.ownership.gained(&owned);
        let found = self.look_into(&gained)?;
        self.offsets.group_has_changed();
        for (partition, found) in found {
            self.offsets.gain(partition, found);
        }
        self.reader.read(self.offsets.next())?;
        self.ownership.follow(&owned, self.started_at.elapsed());
        log::info!(
            "own partitions {owned:?}, replies go to {:?}",
            self.ownership.home()
        );
        self.home_tx.send_replace(self.ownership.home());
        Ok(())
    }

    /// Partitions as their last owners have left them.
    fn look_into(&self, partitions: &[i32]) -> KafkaResult<Vec<(i32, ReadPartition)>> {
        let committed = self.member.committed(partitions)?.into_iter();
        let found = committed.map(|(partition, committed)| {
            let (low, end) = self.reader.bounds(partition)?;
            Ok((partition, ReadPartition::new(committed, low, end)))
        });
        found.collect()
    }

    fn pass_time(&mut self) {
        let had_home = self.ownership.home().is_some();
        let forgotten = self.ownership.pass(self.started_at.elapsed());
        if had_home && self.ownership.home().is_none() {
            log::warn!("own no partition any more, so nothing can be asked for");
            self.home_tx.send_replace(None);
        }
        if forgotten.is_empty() {
            return;
        }
        self.offsets.forget(&forgotten);
        if let Err(error) = self.reader.read(self.offsets.next()) {
            // It costs only the reading: replies there are handed to nobody.
            log::warn!("could not stop reading lost partitions: {error}");
        }
    }

    fn handle(&mut self, record: ReadRecord) {
        let ReadRecord {
            partition,
            offset,
            content,
        } = record;
        match content {
            Content::Reply(correlation_id, reply) if self.offsets.is_ours(partition, offset) => {
                self.hand_over(ReplyArrived {
                    correlation_id,
                    reply,
                });
            }
            Content::Reply(..) => log::debug!("a reply for another instance"),
            Content::Poison(record, cause) => self.set_aside(partition, offset, &record, &cause),
        }
        self.offsets.read(partition, offset);
    }

    /// Waits while the bridge has more to do than its mailbox holds; Kafka keeps the rest.
    fn hand_over(&self, mut message: ReplyArrived) {
        while !self.is_stopping() {
            match self.bridge.try_send(message) {
                Ok(()) => return,
                Err(SendError::Full(refused)) => message = refused,
                // The bridge lives longer than this thread: the replies stop first.
                Err(SendError::Closed(_)) => bridge_is_gone(),
            }
            thread::sleep(ROOM_WAIT);
        }
    }

    /// Puts a record that is no reply with the dead letters. Waits while as many of them are under way as memory may hold; Kafka keeps
    /// the rest. What is left when the intake stops meanwhile stays uncommitted.
    fn set_aside(&mut self, partition: i32, offset: i64, record: &OwnedMessage, cause: &NotAReply) {
        if !self.ownership.owns(partition) {
            return log::debug!(
                "{partition}@{offset} is no reply, and its new owner's to set aside"
            );
        }
        let Some(on_settled) = self.offsets.hold(partition, offset) else {
            return;
        };
        while self.dead_letters.is_full() {
            if self.is_stopping() {
                return;
            }
            self.member.poll();
            thread::sleep(POLL_WAIT);
        }
        let cause = cause.to_string();
        self.dead_letters
            .set_aside(record, MALFORMED_REPLY, &cause, on_settled);
    }
}
