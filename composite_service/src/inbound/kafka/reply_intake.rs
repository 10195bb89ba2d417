//! Topic `composite` → the bridge. Each instance owns partitions of the topic, and names one of them, its home, in its commands. The rules
//! are in `domain/ownership.rs`.
//!
//! There are two clients on one thread. The *member* is in the consumer group only to own partitions; it fetches nothing. The *reader* reads
//! these partitions from their committed offsets; replies from before the assignment are for another instance. A revoked partition is read
//! for a while longer, so that no reply is lost during a rebalance.
//!
//! A record that answers no command of this mall is dropped and counted, since the topic may be shared. An invalid reply goes to the dead letters, and the partition continues. Nothing is committed past it before the broker has acknowledged
//! the dead letter. So after a crash the next owner finds the record again: there may be two dead letters, but never none.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use actix::prelude::SendError;
use chrono_tz::Tz;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::OwnedMessage;
use shared::crash::crash;
use shared::kafka::config::KafkaSettings;
use shared::kafka::dead_letters::DeadLetters;
use shared::kafka::health_board::HealthBoard;
use shared::kafka::publisher::Publisher;
use shared::kafka::topic_state::{TopicId, TopicState};
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
use crate::metrics::ReplyMetrics;

/// How long a poll waits for a record. Also the longest delay of a stop.
const POLL_WAIT: Duration = Duration::from_millis(50);
/// How often the member is polled while records arrive without a break. Polling it for every record would slow the thread down.
const MEMBERSHIP_INTERVAL: Duration = Duration::from_millis(10);
/// How often offsets are stored for commit and revoked partitions are checked.
const HOUSEKEEPING_INTERVAL: Duration = Duration::from_millis(500);
/// The delay before a message is sent to a full mailbox again.
const ROOM_WAIT: Duration = Duration::from_millis(1);
/// How long a stop waits for the acknowledgements of dead letters.
const LAST_LETTERS_WAIT: Duration = Duration::from_secs(1);
/// The exception name in dead letters of invalid replies.
const MALFORMED_REPLY: &str = "MalformedReply";

/// The running intake.
pub struct ReplyIntake {
    stopping: Arc<AtomicBool>,
    thread: thread::JoinHandle<()>,
}

/// What tells whether the topic of replies is there, and where it is noted how its member does.
pub struct ReplyTopic {
    /// Whether it is there, and which making of it.
    pub state: watch::Receiver<TopicState>,
    /// How the member does.
    pub health: HealthBoard,
}

impl ReplyIntake {
    /// Joins the group as soon as the topic is there. `home_tx` publishes this instance's home partition, `None` while it has none. Dates
    /// without an offset are in `zone`.
    ///
    /// # Errors
    /// When librdkafka refuses the settings, or the thread can't be started.
    pub fn start(
        settings: &KafkaSettings,
        topic: ReplyTopic,
        bridge: Postbox<ReplyArrived>,
        home_tx: watch::Sender<Option<i32>>,
        zone: Tz,
        metrics: ReplyMetrics,
    ) -> KafkaResult<Self> {
        let stopping = Arc::new(AtomicBool::new(false));
        let dead_letters = Publisher::start(&settings.producer_without_timeout())?;
        let desk = Desk {
            settings: settings.clone(),
            topic,
            started_at: Instant::now(),
            home_tx,
            bridge,
            zone,
            metrics,
            dead_letters: DeadLetters::new(Arc::new(dead_letters))?,
            stopping: Arc::clone(&stopping),
        };
        let thread = thread::Builder::new()
            .name("kafka-replies".to_owned())
            .spawn(move || desk.run())
            .map_err(|error| KafkaError::ClientCreation(error.to_string()))?;
        Ok(Self { stopping, thread })
    }

    /// Commits and leaves the group. Blocks until it has left.
    pub fn stop(self) {
        self.stopping.store(true, Ordering::Release);
        if self.thread.join().is_err() {
            // Only possible in a build that unwinds. With `panic = "abort"` the process has ended already.
            log::error!("the reply thread panicked");
        }
    }
}

/// What all members of this instance have in common: one comes after the other, one for each making of the topic.
struct Desk {
    settings: KafkaSettings,
    topic: ReplyTopic,
    started_at: Instant,
    home_tx: watch::Sender<Option<i32>>,
    bridge: Postbox<ReplyArrived>,
    zone: Tz,
    metrics: ReplyMetrics,
    dead_letters: DeadLetters,
    stopping: Arc<AtomicBool>,
}

impl Desk {
    fn run(self) {
        let mut is_first = true;
        while !self.is_stopping() {
            let state = self.topic_state();
            let TopicState::There(id) = state else {
                thread::sleep(POLL_WAIT);
                continue;
            };
            match Worker::join(&self, id, is_first) {
                Ok(worker) => worker.run(),
                // The settings are the same as ever, so the machine is short of something.
                Err(error) => crash(format_args!("the group {GROUP} can't be joined: {error}")),
            }
            is_first = false;
        }
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    fn topic_state(&self) -> TopicState {
        let state = self.topic.state.borrow().clone();
        self.topic.health.topic(state.clone());
        state
    }
}

/// The member and the reader of one making of the topic.
struct Worker<'a> {
    desk: &'a Desk,
    member: Membership,
    reader: ReplyReader,
    ownership: Ownership,
    offsets: ReplyOffsets,
    /// Where the reader was at the last look, unless it was sent elsewhere since.
    positions: Vec<(i32, i64)>,
    /// Whether replies that are in the topic already may be for this instance: it has waited while the topic was made again.
    is_first: bool,
}

impl<'a> Worker<'a> {
    fn join(desk: &'a Desk, id: TopicId, is_first: bool) -> KafkaResult<Self> {
        let health = &desk.topic.health;
        Ok(Self {
            desk,
            member: Membership::join(&desk.settings, id, health)?,
            reader: ReplyReader::new(&desk.settings, desk.zone, health)?,
            ownership: Ownership::default(),
            offsets: ReplyOffsets::new(),
            positions: Vec::new(),
            is_first,
        })
    }

    /// Until the intake stops, or another member must take this one's place.
    fn run(mut self) {
        let (mut served_at, mut tidied_at) = (None, Instant::now());
        while !self.desk.is_stopping() {
            let now = Instant::now();
            if served_at.is_none_or(|served_at| now - served_at >= MEMBERSHIP_INTERVAL) {
                if self.is_outdated() {
                    break;
                }
                self.serve_membership();
                self.tell_home();
                served_at = Some(now);
            }
            if let Some(record) = self.reader.next(POLL_WAIT) {
                self.handle(record);
            }
            if now - tidied_at >= HOUSEKEEPING_INTERVAL {
                self.pass_marks();
                self.offsets.settle(&self.ownership, &self.member);
                self.pass_time();
                tidied_at = now;
            }
        }
        // First of all: from now on no command may name a partition that is not read any more.
        self.desk.home_tx.send_replace(None);
        if self.desk.is_stopping() {
            self.end();
        } else {
            self.give_way();
        }
    }

    fn end(mut self) {
        if let Err(error) = self.desk.dead_letters.flush(LAST_LETTERS_WAIT) {
            log::warn!(
                "dead letters are not acknowledged; the next owner writes them again: {error}"
            );
        }
        // After the flush, so that acknowledged dead letters are committed. Dropping the member commits and leaves the group.
        self.offsets.settle(&self.ownership, &self.member);
    }

    /// Leaves the group without waiting for it: that takes long while the coordinator is away, and replies are waited for. What is
    /// committed on the way is marked as the earlier topic's.
    fn give_way(self) {
        log::info!("leaving {GROUP}, to join it anew");
        let (member, reader) = (self.member, self.reader);
        let leaving = thread::Builder::new().name("leaving".to_owned());
        if let Err(error) = leaving.spawn(move || drop((reader, member))) {
            log::error!("no thread to leave the group by: {error}");
        }
    }

    fn is_outdated(&self) -> bool {
        match self.desk.topic_state() {
            TopicState::There(id) => {
                id != *self.member.topic_id() || self.desk.topic.health.is_to_be_renewed()
            }
            TopicState::Missing | TopicState::Refusing | TopicState::Unknown => false,
        }
    }

    /// While the topic is missing, or refuses records, no reply can come, so commands must not be sent.
    fn tell_home(&self) {
        let is_there = matches!(self.desk.topic_state(), TopicState::There(_));
        let home = self.ownership.home().filter(|_| is_there);
        self.desk.home_tx.send_if_modified(|told| {
            let is_news = *told != home;
            *told = home;
            is_news
        });
    }

    /// Commits past the marks of transactions. Only where the reader stands still: for a moment after it was sent elsewhere, it shows the
    /// position that it had before.
    fn pass_marks(&mut self) {
        let positions = self.reader.positions().unwrap_or_default();
        for (partition, offset) in positions.iter().filter(|at| self.positions.contains(at)) {
            self.offsets.pass(*partition, *offset);
        }
        self.positions = positions;
    }

    fn serve_membership(&mut self) {
        self.member.poll();
        if !self.member.take_change() {
            return;
        }
        if let Err(error) = self.follow_membership() {
            log::warn!("could not handle a rebalance of {GROUP}, trying again: {error}");
            self.member.put_change_back();
        }
    }

    /// Starts to read new partitions before one of them is named as home. If a call of the broker fails, the home stays as it is.
    fn follow_membership(&mut self) -> KafkaResult<()> {
        let owned = self.member.owned()?;
        let gained = self.ownership.gained(&owned);
        let found = self.look_into(&gained)?;
        self.offsets.group_has_changed();
        for (partition, found) in found {
            self.offsets.gain(partition, found);
        }
        self.positions.clear();
        self.reader.read(self.offsets.next())?;
        self.ownership
            .follow(&owned, self.desk.started_at.elapsed());
        log::info!(
            "own partitions {owned:?}, home is {:?}",
            self.ownership.home()
        );
        Ok(())
    }

    /// These partitions, as they are when they are assigned.
    fn look_into(&self, partitions: &[i32]) -> KafkaResult<Vec<(i32, ReadPartition)>> {
        let committed = self.member.committed(partitions)?.into_iter();
        let found = committed.map(|(partition, committed)| {
            let (low, end) = self.reader.bounds(partition)?;
            let ours_from = if self.is_first { end } else { low };
            Ok((partition, ReadPartition::new(committed, low, ours_from)))
        });
        found.collect()
    }

    fn pass_time(&mut self) {
        let had_home = self.ownership.home().is_some();
        let forgotten = self.ownership.pass(self.desk.started_at.elapsed());
        if had_home && self.ownership.home().is_none() {
            log::warn!("own no partition any more, so commands can't be sent");
            self.tell_home();
        }
        if forgotten.is_empty() {
            return;
        }
        self.offsets.forget(&forgotten);
        self.positions.clear();
        if let Err(error) = self.reader.read(self.offsets.next()) {
            // Only logged: until the next assignment these partitions are still read, and their replies are ignored.
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
            Content::Reply(reply) if self.offsets.is_ours(partition, offset) => {
                self.hand_over(reply);
            }
            Content::Reply(_) => log::debug!("a reply for another instance"),
            Content::Foreign => self.desk.metrics.foreign.inc(),
            Content::Poison(record, cause) => self.set_aside(partition, offset, &record, &cause),
        }
        self.offsets.read(partition, offset);
    }

    /// Delivers a reply to the bridge. Blocks while its mailbox is full; meanwhile the replies stay in Kafka.
    fn hand_over(&self, mut message: ReplyArrived) {
        while !self.desk.is_stopping() {
            match self.desk.bridge.try_send(message) {
                Ok(()) => return,
                Err(SendError::Full(refused)) => message = refused,
                // Not a normal shutdown: there this thread ends before the bridge.
                Err(SendError::Closed(_)) => bridge_is_gone(),
            }
            thread::sleep(ROOM_WAIT);
        }
    }

    /// Writes an invalid record to the dead letters. Blocks while the memory limit of unacknowledged dead letters is reached. If the intake
    /// stops meanwhile, the record stays uncommitted.
    fn set_aside(&mut self, partition: i32, offset: i64, record: &OwnedMessage, cause: &NotAReply) {
        if !self.ownership.owns(partition) {
            return log::debug!(
                "{partition}@{offset} is not a reply; the new owner writes its dead letter"
            );
        }
        let Some(on_settled) = self.offsets.hold(partition, offset) else {
            return;
        };
        while self.desk.dead_letters.is_full() {
            if self.desk.is_stopping() {
                return;
            }
            // The broker may be unavailable for long; without polling, the group would revoke the partitions.
            self.member.poll();
            thread::sleep(POLL_WAIT);
        }
        let cause = cause.to_string();
        self.desk
            .dead_letters
            .set_aside(record, MALFORMED_REPLY, &cause, on_settled);
    }
}
