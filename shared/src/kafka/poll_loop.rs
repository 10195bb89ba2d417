//! A consumer group member on a thread of its own: librdkafka's poll → a bounded channel of [`KafkaEvent`].
//!
//! A thread with `BaseConsumer`, not `StreamConsumer`: that one's async receive blocks its executor during a rebalance.
//! When the channel stays full the partitions pause and polling goes on: a member that does not poll for `max.poll.interval.ms` loses
//! its partitions.
//! Knows nothing of what the records say.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Message, OwnedMessage};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::kafka::committer::Committer;
pub use crate::kafka::committer::OnCommitted;
use crate::kafka::group_context::{GroupContext, ROOM_POLL};
use crate::kafka::health_board::HealthBoard;
pub use crate::kafka::kafka_event::KafkaEvent;
use crate::kafka::positions::positions;
use crate::kafka::rights::{Account, reading_failure};
use crate::kafka::topic_state::TopicId;

/// How long one poll waits for a record. A stop is noticed between two polls.
const POLL_WAIT: Duration = Duration::from_millis(100);
/// The same while partitions are paused: between two polls the loop looks for room in the channel.
const PAUSED_POLL_WAIT: Duration = Duration::from_millis(2);
/// How often the member looks whether it has read past its last records.
const POSITIONS_INTERVAL: Duration = Duration::from_secs(1);

/// How much may wait in the channel.
#[derive(Debug, Clone, Copy)]
pub struct Backlog {
    /// Records.
    pub records: usize,
    /// How long the channel may be full before the partitions pause. While the thread waits for room, a rebalance waits for it.
    pub full_for: Duration,
}

impl Backlog {
    /// At most so many records.
    #[must_use]
    pub fn of(records: usize) -> Self {
        Self {
            records,
            full_for: Duration::from_millis(500),
        }
    }
}

/// One making of a topic. A member reads only this one; when the topic is made again, another member must take its place.
#[derive(Debug, Clone)]
pub struct ReadTopic {
    /// Its name.
    pub name: String,
    /// Which making.
    pub id: TopicId,
}

/// The running member. Dropping it without [`stop`](Self::stop) leaves the thread to end with the process.
pub struct PollLoop {
    consumer: Arc<BaseConsumer<GroupContext>>,
    committer: Committer,
    topic: String,
    stopping: Arc<AtomicBool>,
    thread: thread::JoinHandle<()>,
}

impl PollLoop {
    /// Joins the group that `config` names and reads `topic`. How that goes is noted on the board.
    ///
    /// # Errors
    /// When librdkafka refuses the settings, or a thread can't be started.
    pub fn start(
        config: &ClientConfig,
        topic: &ReadTopic,
        backlog: Backlog,
        health: &HealthBoard,
    ) -> Result<(Self, mpsc::Receiver<KafkaEvent>), KafkaError> {
        let (events_tx, events_rx) = mpsc::channel(backlog.records);
        health.begin(topic.id.clone());
        let context = GroupContext {
            events: events_tx.clone(),
            topic: topic.id.clone(),
            health: health.clone(),
            rebalances: AtomicU64::new(0),
        };
        let consumer: Arc<BaseConsumer<GroupContext>> =
            Arc::new(config.create_with_context(context)?);
        consumer.subscribe(&[&topic.name])?;
        let committer = Committer::start(Arc::clone(&consumer), &topic.name, &topic.id)?;
        let stopping = Arc::new(AtomicBool::new(false));
        let poller = Poller {
            consumer: Arc::clone(&consumer),
            events: events_tx,
            full_for: backlog.full_for,
            stopping: Arc::clone(&stopping),
            health: health.clone(),
            account: Account::of(config),
            topic: topic.name.clone(),
            group: config.get("group.id").unwrap_or_default().to_owned(),
            told: BTreeMap::new(),
            last_look: Look::default(),
            looked_at: Instant::now(),
        };
        let thread = thread::Builder::new()
            .name(format!("kafka-poll-{}", topic.name))
            .spawn(move || poller.run())
            .map_err(|error| KafkaError::ClientCreation(error.to_string()))?;
        Ok((
            Self {
                consumer,
                committer,
                topic: topic.name.clone(),
                stopping,
                thread,
            },
            events_rx,
        ))
    }

    /// Has the offsets committed, each the first that a successor must read, after all that was to be committed before. Never blocks.
    pub fn commit(&self, offsets: Vec<(i32, i64)>, on_committed: OnCommitted) {
        self.committer.commit(offsets, on_committed);
    }

    /// Ends the thread and leaves the group. The receiver must have been dropped before. Blocks until the group was told, which has no end
    /// while its coordinator is away.
    pub fn stop(self) {
        self.stopping.store(true, Ordering::Release);
        self.committer.end();
        if self.thread.join().is_err() {
            log::error!("the poll thread of {} panicked", self.topic);
        }
        drop(self.consumer);
    }
}

struct Poller {
    consumer: Arc<BaseConsumer<GroupContext>>,
    events: mpsc::Sender<KafkaEvent>,
    full_for: Duration,
    stopping: Arc<AtomicBool>,
    health: HealthBoard,
    account: Account,
    topic: String,
    group: String,
    /// The offset after the last record or mark that was told of each partition.
    told: BTreeMap<i32, i64>,
    last_look: Look,
    looked_at: Instant,
}

/// Where each partition was read up to, after so many rebalances.
#[derive(Default)]
struct Look {
    rebalances: u64,
    positions: BTreeMap<i32, i64>,
}

impl Poller {
    fn run(mut self) {
        while !self.is_over() {
            if let Some(record) = self.poll(POLL_WAIT) {
                self.told.insert(record.partition(), record.offset() + 1);
                self.deliver(record, Instant::now());
            }
            if self.looked_at.elapsed() >= POSITIONS_INTERVAL {
                self.looked_at = Instant::now();
                self.tell_positions();
            }
        }
    }

    /// Tells of partitions that were read past their last record: the marks of transactions have offsets, too. A group that does not commit
    /// past them would look as if it were behind for ever. The client's position moves only when this thread takes something from its
    /// queue, so all records before it were told before.
    fn tell_positions(&mut self) {
        let look = self.look();
        let last = std::mem::replace(&mut self.last_look, look);
        if last.rebalances != self.last_look.rebalances {
            return;
        }
        let passed: Vec<(i32, i64)> = self
            .last_look
            .positions
            .iter()
            // Seen twice: for a moment after a rebalance the client shows the position that the partition had before.
            .filter(|(partition, offset)| last.positions.get(partition) == Some(offset))
            .filter(|(partition, offset)| self.told.get(partition) != Some(offset))
            .map(|(partition, offset)| (*partition, *offset))
            .collect();
        // Without room it is told the next time.
        if !passed.is_empty()
            && self
                .events
                .try_send(KafkaEvent::Passed(passed.clone()))
                .is_ok()
        {
            self.told.extend(passed);
        }
    }

    fn look(&self) -> Look {
        let rebalances = self.consumer.context().rebalances.load(Ordering::Relaxed);
        let positions = match positions(&self.consumer) {
            Ok(positions) => positions.into_iter().collect(),
            Err(error) => {
                log::debug!("the positions are not known: {error}");
                BTreeMap::new()
            }
        };
        Look {
            rebalances,
            positions,
        }
    }

    fn is_over(&self) -> bool {
        self.stopping.load(Ordering::Acquire) || self.events.is_closed()
    }

    fn poll(&self, wait: Duration) -> Option<OwnedMessage> {
        match self.consumer.poll(wait)? {
            Ok(record) => {
                self.health.works();
                Some(record.detach())
            }
            Err(error) => {
                let failure = reading_failure(&error, &self.account, &self.topic, &self.group);
                log::warn!("polling failed: {failure}");
                self.health.failed(&error);
                None
            }
        }
    }

    /// When the channel is full, waits for room, and pauses only when that takes long: librdkafka throws away what it has fetched of
    /// paused partitions, and takes up to a second to fetch again after they are resumed.
    fn deliver(&self, mut record: OwnedMessage, polled_at: Instant) {
        let deadline = polled_at + self.full_for;
        while let Err(TrySendError::Full(KafkaEvent::Record(refused, _))) =
            self.events.try_send(KafkaEvent::Record(record, polled_at))
        {
            if Instant::now() >= deadline || self.is_over() {
                return self.deliver_paused(refused, polled_at);
            }
            record = refused;
            thread::sleep(ROOM_POLL);
        }
    }

    /// The channel stays full: stops fetching, and goes on polling for the group's sake until half of the channel is free. Half, so that
    /// partitions do not pause and resume for every record: what librdkafka has fetched of a paused partition is lost each time.
    fn deliver_paused(&self, record: OwnedMessage, polled_at: Instant) {
        let mut held = VecDeque::from([(record, polled_at)]);
        let is_half_free = || self.events.capacity() >= self.events.max_capacity() / 2;
        self.switch_fetching(false);
        while !self.is_over() && (!held.is_empty() || !is_half_free()) {
            while let Ok(permit) = self.events.try_reserve() {
                let Some((record, polled_at)) = held.pop_front() else {
                    break;
                };
                permit.send(KafkaEvent::Record(record, polled_at));
            }
            if let Some(record) = self.poll(PAUSED_POLL_WAIT) {
                held.push_back((record, Instant::now()));
                // It came from a partition that was assigned meanwhile, and new partitions are not paused.
                self.switch_fetching(false);
            }
        }
        self.switch_fetching(true);
    }

    fn switch_fetching(&self, is_on: bool) {
        let switched = self.consumer.assignment().and_then(|partitions| {
            if is_on {
                self.consumer.resume(&partitions)
            } else {
                self.consumer.pause(&partitions)
            }
        });
        if let Err(error) = switched {
            log::warn!(
                "could not {} fetching: {error}",
                if is_on { "resume" } else { "pause" }
            );
        }
    }
}
