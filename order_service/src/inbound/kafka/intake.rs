//! The loop between a group member's events, the records that end, and the offsets that are committed. What a record means is
//! [`CommandReader`]'s to say, and what is committed when is [`Settlement`]'s.
//!
//! The place of back-pressure: a record is read only with a permit, which travels with it to its reply. Without one no event is taken,
//! the channel fills, and the poll loop pauses the partitions. All queues behind the intake hold as many as there are permits.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::Duration;

use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, Message};
use shared::crash::crash;
use shared::kafka::health_board::HealthBoard;
use shared::kafka::offset_ledger::Position;
use shared::kafka::poll_loop::{Backlog, KafkaEvent, PollLoop, ReadTopic};
use shared::kafka::topic_state::{TopicId, TopicState};
use shared::shutdown::{Parting, leave_within};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout, timeout_at};

use crate::actors::in_flight::InFlight;
use crate::inbound::kafka::command_reader::CommandReader;
use crate::inbound::kafka::settlement::{Due, Released, Settlement};

/// The consumer group of all order services, old and new.
pub const GROUP: &str = "orderGroup";
const COMMIT_INTERVAL: Duration = Duration::from_millis(100);
/// A commit of several partitions is told to have succeeded even if some of them were refused. So all are repeated.
pub const RECOMMIT_INTERVAL: Duration = Duration::from_secs(2);
/// Records that are finished between two looks at anything else, at most.
const FINISHED_AT_ONCE: usize = 256;

/// The place of a member in the group: one after the other takes it, one for each making of the topic.
pub struct Seat {
    /// The member's settings.
    pub config: ClientConfig,
    /// The topic of commands.
    pub topic: String,
    /// Whether it is there, and which making of it.
    pub state: watch::Receiver<TopicState>,
    /// Where it is noted how the member does.
    pub health: HealthBoard,
}

/// The member that has the seat.
struct Member {
    poll_loop: PollLoop,
    events: mpsc::Receiver<KafkaEvent>,
    reads: TopicId,
    /// What became of its commits. Unbounded, but the committer has few orders at a time.
    committed_tx: mpsc::UnboundedSender<Result<(), KafkaError>>,
    committed_rx: mpsc::UnboundedReceiver<Result<(), KafkaError>>,
    commits_under_way: usize,
}

/// Takes records in and lets go of them.
pub struct Intake {
    seat: Seat,
    /// `None` until the topic is there.
    member: Option<Member>,
    reader: CommandReader,
    max_in_flight: usize,
    permits: Arc<Semaphore>,
    /// A permit for the next record, as soon as there is one.
    next_permit: Option<OwnedSemaphorePermit>,
    finished_tx: mpsc::UnboundedSender<Position>,
    finished_rx: mpsc::UnboundedReceiver<Position>,
    settlement: Settlement<SyncSender<()>>,
    started_at: Instant,
}

impl Seat {
    fn take(&self, id: TopicId, backlog: Backlog) -> Result<Member, KafkaError> {
        let topic = ReadTopic {
            name: self.topic.clone(),
            id: id.clone(),
        };
        let (poll_loop, events) = PollLoop::start(&self.config, &topic, backlog, &self.health)?;
        let (committed_tx, committed_rx) = mpsc::unbounded_channel();
        Ok(Member {
            poll_loop,
            events,
            reads: id,
            committed_tx,
            committed_rx,
            commits_under_way: 0,
        })
    }
}

impl Member {
    /// Has the offsets committed, and tells the group that it need not wait for these partitions any more once that is done.
    fn commit(&mut self, commits: Vec<(i32, i64)>, released: Vec<Released<SyncSender<()>>>) {
        self.commits_under_way += 1;
        let committed_tx = self.committed_tx.clone();
        let on_committed = Box::new(move |outcome| {
            for Released { acknowledge, .. } in released {
                // An error means that the group has not waited.
                let _ = acknowledge.send(());
            }
            // An error means that another member has the seat.
            let _ = committed_tx.send(outcome);
        });
        self.poll_loop.commit(commits, on_committed);
    }

    /// Leaves the group. Blocks while its coordinator is away.
    fn leave(self) {
        // First: the poll loop would wait for room.
        drop(self.events);
        self.poll_loop.stop();
    }
}

/// What the member has to tell.
enum Told {
    Event(KafkaEvent),
    Committed(Result<(), KafkaError>),
}

impl Intake {
    /// Takes commands by members on this `seat`, and has at most `max_in_flight` records read by `reader` and not finished.
    #[must_use]
    pub fn new(seat: Seat, max_in_flight: usize, reader: CommandReader) -> Self {
        let (finished_tx, finished_rx) = mpsc::unbounded_channel();
        Self {
            seat,
            member: None,
            reader,
            max_in_flight,
            permits: Arc::new(Semaphore::new(max_in_flight)),
            next_permit: None,
            finished_tx,
            finished_rx,
            settlement: Settlement::default(),
            started_at: Instant::now(),
        }
    }

    /// One for each record that may be unfinished.
    #[must_use]
    pub fn permits(&self) -> Arc<Semaphore> {
        Arc::clone(&self.permits)
    }

    /// Runs until `stopping` turns true. Then takes no more, waits for what is unfinished, commits and leaves the group, all within `grace`.
    pub async fn run(mut self, mut stopping: watch::Receiver<bool>, grace: Duration) {
        let mut commit_tick = interval(COMMIT_INTERVAL);
        let mut recommit_tick = interval(RECOMMIT_INTERVAL);
        for tick in [&mut commit_tick, &mut recommit_tick] {
            tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        let mut finished = Vec::with_capacity(FINISHED_AT_ONCE);
        self.follow_topic();
        loop {
            let permits = Arc::clone(&self.permits);
            let has_room = self.has_room();
            tokio::select! {
                _ = stopping.wait_for(|stop| *stop) => break,
                Ok(()) = self.seat.state.changed() => self.follow_topic(),
                1.. = self.finished_rx.recv_many(&mut finished, FINISHED_AT_ONCE) => self.finish_all(&mut finished),
                _ = commit_tick.tick() => self.settle(),
                _ = recommit_tick.tick() => self.check(),
                Ok(permit) = permits.acquire_owned(), if self.next_permit.is_none() => self.next_permit = Some(permit),
                told = next(&mut self.member, has_room) => match told {
                    Some(Told::Event(event)) => self.handle_all(event),
                    Some(Told::Committed(outcome)) => self.committed(outcome),
                    // The poll loop keeps a sender until it is told to stop, which only `leave` does.
                    None => crash("the poll loop has ended by itself"),
                },
            }
        }
        self.shut_down(Parting::within(grace)).await;
    }

    /// Has another member take the seat when the topic was made again: its offsets begin anew, and nothing that was read of the earlier
    /// topic may be committed to it. While the topic is missing the member stays, for the topic may come back as it was.
    fn follow_topic(&mut self) {
        let state = self.seat.state.borrow_and_update().clone();
        self.seat.health.topic(state.clone());
        let TopicState::There(id) = state else {
            return;
        };
        if self.member.as_ref().is_none_or(|member| member.reads != id) {
            self.seat_another(id);
        }
    }

    /// Commands of the last member go on, but their offsets count for nothing: those that are still in the topic come again, and are
    /// answered with what is stored.
    fn seat_another(&mut self, id: TopicId) {
        if let Some(last) = self.member.take() {
            log::info!("leaving the group, to join it anew");
            self.settlement.start_over();
            // It may take long, and nothing waits for it.
            let leaving = thread::Builder::new().name("leaving".to_owned());
            if let Err(error) = leaving.spawn(move || last.leave()) {
                log::error!("no thread to leave the group by: {error}");
            }
        }
        match self.seat.take(id, Backlog::of(self.max_in_flight)) {
            Ok(member) => self.member = Some(member),
            // The settings are the same as ever, so the machine is short of something.
            Err(error) => crash(format_args!("the group can't be joined: {error}")),
        }
    }

    /// Repeats the commits, and replaces a member that does not recover.
    fn check(&mut self) {
        self.settlement.recommit();
        if self.seat.health.is_to_be_renewed()
            && let Some(id) = self.member.as_ref().map(|member| member.reads.clone())
        {
            self.seat_another(id);
        }
    }

    /// This event, and all that have come meanwhile, as long as there are permits.
    fn handle_all(&mut self, event: KafkaEvent) {
        self.handle(event);
        loop {
            if self.next_permit.is_none() {
                self.next_permit = Arc::clone(&self.permits).try_acquire_owned().ok();
            }
            if !self.has_room() {
                return;
            }
            let member = self.member.as_mut();
            let Some(event) = member.and_then(|member| member.events.try_recv().ok()) else {
                return;
            };
            self.handle(event);
        }
    }

    /// Whether another event may be taken: it may be a record.
    fn has_room(&self) -> bool {
        self.next_permit.is_some() && self.reader.has_room()
    }

    fn handle(&mut self, event: KafkaEvent) {
        match event {
            KafkaEvent::Record(record, polled_at) => {
                let Some(position) = self.settlement.track(record.partition(), record.offset())
                else {
                    return;
                };
                let Some(permit) = self.next_permit.take() else {
                    // `has_room` was asked before the event was taken. The record's offset would never be committed.
                    crash("a record was taken without a permit");
                };
                let in_flight = InFlight::new(position, self.finished_tx.clone(), permit);
                self.reader.read(&record, polled_at, in_flight);
            }
            KafkaEvent::Passed(positions) => {
                for (partition, offset) in positions {
                    self.settlement.pass(partition, offset);
                }
            }
            KafkaEvent::Assigned(partitions) => {
                log::info!("assigned partitions {partitions:?}");
                for partition in partitions {
                    self.settlement.assign(partition);
                }
            }
            KafkaEvent::Revoked {
                partitions,
                acknowledge,
            } => {
                log::info!("partitions {partitions:?} are being revoked");
                let now = self.started_at.elapsed();
                self.settlement.leave(partitions, now, acknowledge);
                self.settle();
            }
        }
    }

    fn finish_all(&mut self, finished: &mut Vec<Position>) {
        for position in finished.drain(..) {
            self.settlement.finish(position);
        }
        if self.settlement.can_release() {
            self.settle();
        }
    }

    /// One commit at a time, except for partitions that the group waits for. Whoever gets those begins at what is committed, so the
    /// commit must have arrived before they go.
    fn settle(&mut self) {
        let Some(member) = &mut self.member else {
            return;
        };
        if member.commits_under_way > 0 && !self.settlement.is_leaving() {
            return;
        }
        let Due { commits, released } = self.settlement.settle(self.started_at.elapsed());
        if !commits.is_empty() || !released.is_empty() {
            member.commit(commits, released);
        }
    }

    fn committed(&mut self, outcome: Result<(), KafkaError>) {
        if let Some(member) = &mut self.member {
            member.commits_under_way -= 1;
        }
        if let Err(error) = outcome {
            log::warn!("offsets were not committed, so their records may come again: {error}");
            self.settlement.recommit();
        }
    }

    async fn shut_down(mut self, parting: Parting) {
        let Some(mut member) = self.member.take() else {
            return;
        };
        member.events.close();
        let drained = timeout(parting.finish, async {
            while self.settlement.unfinished() > 0 {
                let Some(position) = self.finished_rx.recv().await else {
                    break;
                };
                self.settlement.finish(position);
            }
        });
        if drained.await.is_err() {
            log::warn!(
                "{} commands are unfinished: the next owner of their partitions handles them again",
                self.settlement.unfinished()
            );
        }
        let deadline = Instant::now() + parting.leave;
        member.commit(self.settlement.settle_all(), Vec::new());
        // With the settlement go the acknowledgements of partitions that leave, for which the poll loop's thread would wait.
        drop(self.settlement);
        let last_commit = timeout_at(deadline, last_commit(&mut member));
        match last_commit.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => log::warn!("the last offsets were not committed: {error}"),
            Err(_) => log::warn!("the last offsets were not committed in time"),
        }
        let left = deadline.saturating_duration_since(Instant::now());
        leave_within(left, move || member.leave()).await;
    }
}

/// The outcome of the last commit that is under way.
async fn last_commit(member: &mut Member) -> Result<(), KafkaError> {
    let mut last = Ok(());
    while member.commits_under_way > 0 {
        last = member.committed_rx.recv().await.unwrap_or(Ok(()));
        member.commits_under_way -= 1;
    }
    last
}

/// What the member tells next. An event only when it may be taken. `None` when the member has ended.
async fn next(member: &mut Option<Member>, has_room: bool) -> Option<Told> {
    let Some(member) = member else {
        return std::future::pending().await;
    };
    tokio::select! {
        Some(outcome) = member.committed_rx.recv() => Some(Told::Committed(outcome)),
        event = member.events.recv(), if has_room => event.map(Told::Event),
    }
}
