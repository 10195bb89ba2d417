//! A consumer group member on a thread of its own: librdkafka's poll → a bounded channel of [`KafkaEvent`].
//!
//! A thread with `BaseConsumer`, not `StreamConsumer`: that one's async receive blocks its executor during a rebalance.
//! When the channel stays full the partitions pause and polling goes on: a member that does not poll for `max.poll.interval.ms` loses
//! its partitions.
//! Knows nothing of what the records say.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::OwnedMessage;
use rdkafka::{ClientConfig, ClientContext, Offset, TopicPartitionList};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

/// How long one poll waits for a record. A stop is noticed between two polls.
const POLL_WAIT: Duration = Duration::from_millis(100);
/// The same while partitions are paused: between two polls the loop looks for room in the channel.
const PAUSED_POLL_WAIT: Duration = Duration::from_millis(2);
/// How often a full channel is looked at. Its sender can't block until there is room: it must notice a stop, and a deadline.
const ROOM_POLL: Duration = Duration::from_millis(1);
/// How long the group waits for a member that has to give partitions away, before it goes on without it. Commands take milliseconds, or
/// as long as the database is away: then they come again to the next owner, who finds out by the order's revision.
const REVOKE_WAIT: Duration = Duration::from_secs(10);

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

/// All that can happen to a group member.
#[derive(Debug)]
pub enum KafkaEvent {
    /// A record, in its partition's order, and when it was polled.
    Record(OwnedMessage, Instant),
    /// These partitions are ours from now on.
    Assigned(Vec<i32>),
    /// These partitions are being taken away; the group waits until `acknowledge` is used or dropped, or `REVOKE_WAIT` is over.
    Revoked {
        /// The partitions that go.
        partitions: Vec<i32>,
        /// To be used once their records are finished and committed.
        acknowledge: SyncSender<()>,
    },
}

/// The running member. Dropping it without [`stop`](Self::stop) leaves the thread to end with the process.
pub struct PollLoop {
    consumer: Arc<BaseConsumer<GroupContext>>,
    topic: String,
    stopping: Arc<AtomicBool>,
    thread: thread::JoinHandle<()>,
}

impl PollLoop {
    /// Joins the group that `config` names and reads `topic`.
    ///
    /// # Errors
    /// When librdkafka refuses the settings, or the thread can't be started.
    pub fn start(
        config: &ClientConfig,
        topic: &str,
        backlog: Backlog,
    ) -> Result<(Self, mpsc::Receiver<KafkaEvent>), KafkaError> {
        let (events_tx, events_rx) = mpsc::channel(backlog.records);
        let context = GroupContext {
            events: events_tx.clone(),
        };
        let consumer: Arc<BaseConsumer<GroupContext>> =
            Arc::new(config.create_with_context(context)?);
        consumer.subscribe(&[topic])?;
        let stopping = Arc::new(AtomicBool::new(false));
        let poller = Poller {
            consumer: Arc::clone(&consumer),
            events: events_tx,
            full_for: backlog.full_for,
            stopping: Arc::clone(&stopping),
        };
        let thread = thread::Builder::new()
            .name(format!("kafka-poll-{topic}"))
            .spawn(move || poller.run())
            .map_err(|error| KafkaError::ClientCreation(error.to_string()))?;
        Ok((
            Self {
                consumer,
                topic: topic.to_owned(),
                stopping,
                thread,
            },
            events_rx,
        ))
    }

    /// Commits the offsets, each the first that a successor must read; `CommitMode::Async` returns before the broker has answered.
    ///
    /// # Errors
    /// When the group no longer grants it, or no broker answers a synchronous commit.
    pub fn commit(&self, offsets: &[(i32, i64)], mode: CommitMode) -> KafkaResult<()> {
        let mut list = TopicPartitionList::with_capacity(offsets.len());
        for (partition, offset) in offsets {
            list.add_partition_offset(&self.topic, *partition, Offset::Offset(*offset))?;
        }
        self.consumer.commit(&list, mode)
    }

    /// Ends the thread and leaves the group. The receiver must have been dropped before. Blocks until the group was told.
    pub fn stop(self) {
        self.stopping.store(true, Ordering::Release);
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
}

impl Poller {
    fn run(self) {
        while !self.is_over() {
            if let Some(record) = self.poll(POLL_WAIT) {
                self.deliver(record, Instant::now());
            }
        }
    }

    fn is_over(&self) -> bool {
        self.stopping.load(Ordering::Acquire) || self.events.is_closed()
    }

    fn poll(&self, wait: Duration) -> Option<OwnedMessage> {
        match self.consumer.poll(wait)? {
            Ok(record) => Some(record.detach()),
            Err(error) => {
                log::warn!("polling failed: {error}");
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

/// Tells the channel of rebalances, and waits while the receiver finishes what it has of revoked partitions. librdkafka calls it on the
/// polling thread, within a poll, so the group waits as well.
struct GroupContext {
    events: mpsc::Sender<KafkaEvent>,
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
}

impl ClientContext for GroupContext {}

impl ConsumerContext for GroupContext {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Revoke(list) = rebalance {
            let (acknowledge, acknowledged) = sync_channel(1);
            let revoked = KafkaEvent::Revoked {
                partitions: partitions_of(list),
                acknowledge,
            };
            let deadline = Instant::now() + REVOKE_WAIT;
            if self.send_until(revoked, deadline) {
                // An error means that the receiver is gone or stuck: then there is no use in waiting.
                let _ =
                    acknowledged.recv_timeout(deadline.saturating_duration_since(Instant::now()));
            }
        }
    }

    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(list) => {
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
        .map(rdkafka::topic_partition_list::TopicPartitionListElem::partition)
        .collect()
}
