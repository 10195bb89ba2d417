//! Kafka events → commands for the registry, and finished records → committed offsets. The place of back-pressure: a record is taken
//! only with a permit, which travels with it to the reply. Knows nothing of what commands do.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant as ClockInstant};

use chrono::TimeDelta;
use chrono_tz::Tz;
use rdkafka::Message;
use rdkafka::consumer::CommitMode;
use rdkafka::message::OwnedMessage;
use shared::clock::Clock;
use shared::kafka::dead_letters::DeadLetters;
use shared::kafka::offset_ledger::{OffsetLedger, Position};
use shared::kafka::poll_loop::{KafkaEvent, PollLoop};
use shared::postbox::Postbox;
use shared::reason::Reason;
use shared::shutdown::leave_group;
use shared::trace::{Arrival, RecordPlace, Traces};
use shared::wire::headers::trace_context;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::actors::in_flight::InFlight;
use crate::actors::order_actor::ApplyCommand;
use crate::inbound::kafka::decode::{Decoded, Poison, Reading, decode};
use crate::metrics::IntakeMetrics;
use crate::ports::reply_sink::{CommandOutcome, ReplySink};
use crate::steps;

/// What dead letters are called that are no commands.
const MALFORMED_COMMAND: &str = "MalformedCommand";
const COMMIT_INTERVAL: Duration = Duration::from_millis(100);
/// The client does not tell what became of an asynchronous commit, and a group that is being joined refuses it. So all are repeated.
const RECOMMIT_INTERVAL: Duration = Duration::from_secs(2);
/// Records that are finished between two looks at anything else, at most.
const FINISHED_AT_ONCE: usize = 256;
/// How long a rebalance waits for the records in hand of the partitions that go. Those that take longer come again elsewhere.
const REVOKE_GRACE: Duration = Duration::from_secs(5);

/// Takes records in and lets go of them.
pub struct Intake {
    poll_loop: PollLoop,
    events: mpsc::Receiver<KafkaEvent>,
    handler: Handler,
    permits: Arc<Semaphore>,
    finished_rx: mpsc::UnboundedReceiver<Position>,
    ledger: OffsetLedger,
    /// Partitions that the group waits for.
    leaving: Vec<Leaving>,
}

/// What a record meets.
struct Handler {
    registry: Postbox<ApplyCommand>,
    replies: Arc<dyn ReplySink>,
    dead_letters: DeadLetters,
    clock: Arc<dyn Clock>,
    zone: Tz,
    unpaid_for: TimeDelta,
    finished_tx: mpsc::UnboundedSender<Position>,
    metrics: IntakeMetrics,
    traces: Arc<Traces>,
}

struct Leaving {
    partitions: Vec<i32>,
    deadline: Instant,
    acknowledge: SyncSender<()>,
}

/// What intake works with.
pub struct IntakeParts {
    /// The group member.
    pub poll_loop: PollLoop,
    /// Its events.
    pub events: mpsc::Receiver<KafkaEvent>,
    /// Commands in hand at most.
    pub max_in_flight: usize,
    /// Where commands go.
    pub registry: Postbox<ApplyCommand>,
    /// Where errors go.
    pub replies: Arc<dyn ReplySink>,
    /// When orders are placed.
    pub clock: Arc<dyn Clock>,
    /// The zone of order numbers that are made here.
    pub zone: Tz,
    /// Where records go that are no commands.
    pub dead_letters: DeadLetters,
    /// How long a pending order waits for its payment before it is reviewed.
    pub unpaid_for: TimeDelta,
    /// What is counted.
    pub metrics: IntakeMetrics,
    /// Where commands leave their trails.
    pub traces: Arc<Traces>,
}

impl Intake {
    /// Ready to run.
    #[must_use]
    pub fn new(parts: IntakeParts) -> Self {
        let (finished_tx, finished_rx) = mpsc::unbounded_channel();
        let IntakeParts {
            poll_loop,
            events,
            max_in_flight,
            registry,
            replies,
            clock,
            zone,
            dead_letters,
            unpaid_for,
            metrics,
            traces,
        } = parts;
        Self {
            poll_loop,
            events,
            handler: Handler {
                registry,
                replies,
                dead_letters,
                clock,
                zone,
                unpaid_for,
                finished_tx,
                metrics,
                traces,
            },
            permits: Arc::new(Semaphore::new(max_in_flight)),
            finished_rx,
            ledger: OffsetLedger::default(),
            leaving: Vec::new(),
        }
    }

    /// One for each command that may be in hand.
    #[must_use]
    pub fn permits(&self) -> Arc<Semaphore> {
        Arc::clone(&self.permits)
    }

    /// Runs until `stopping` turns true. Then takes no more, waits at most `grace` for what is in hand, commits and leaves the group.
    pub async fn run(mut self, mut stopping: watch::Receiver<bool>, grace: Duration) {
        let mut commit_tick = interval(COMMIT_INTERVAL);
        let mut recommit_tick = interval(RECOMMIT_INTERVAL);
        for tick in [&mut commit_tick, &mut recommit_tick] {
            tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        let mut permit_opt: Option<OwnedSemaphorePermit> = None;
        let mut finished = Vec::with_capacity(FINISHED_AT_ONCE);
        loop {
            let permits = Arc::clone(&self.permits);
            tokio::select! {
                _ = stopping.wait_for(|stop| *stop) => break,
                1.. = self.finished_rx.recv_many(&mut finished, FINISHED_AT_ONCE) => self.finish_all(&mut finished),
                _ = commit_tick.tick() => self.settle_offsets(),
                _ = recommit_tick.tick() => self.ledger.recommit(),
                Ok(permit) = permits.acquire_owned(), if permit_opt.is_none() => permit_opt = Some(permit),
                event = self.events.recv(), if self.has_room(&permit_opt) => match event {
                    Some(event) => self.handle_all(event, &mut permit_opt),
                    None => break,
                },
            }
        }
        self.shut_down(grace).await;
    }

    /// This event, and all that have come meanwhile, as long as there are permits.
    fn handle_all(&mut self, event: KafkaEvent, permit_opt: &mut Option<OwnedSemaphorePermit>) {
        self.handle(event, permit_opt);
        loop {
            if permit_opt.is_none() {
                *permit_opt = Arc::clone(&self.permits).try_acquire_owned().ok();
            }
            if !self.has_room(permit_opt) {
                return;
            }
            let Ok(event) = self.events.try_recv() else {
                return;
            };
            self.handle(event, permit_opt);
        }
    }

    /// Whether another record may be taken in hand.
    fn has_room(&self, permit_opt: &Option<OwnedSemaphorePermit>) -> bool {
        permit_opt.is_some() && !self.handler.dead_letters.is_full()
    }

    fn handle(&mut self, event: KafkaEvent, permit_opt: &mut Option<OwnedSemaphorePermit>) {
        match event {
            KafkaEvent::Record(record, polled_at) => {
                let position = self.ledger.track(record.partition(), record.offset());
                if let (Some(position), Some(permit)) = (position, permit_opt.take()) {
                    self.handler.take(&record, polled_at, position, permit);
                }
            }
            KafkaEvent::Assigned(partitions) => {
                log::info!("assigned partitions {partitions:?}");
                partitions
                    .into_iter()
                    .for_each(|partition| self.ledger.assign(partition));
            }
            KafkaEvent::Revoked {
                partitions,
                acknowledge,
            } => {
                log::info!("partitions {partitions:?} are being revoked");
                self.leaving.push(Leaving {
                    partitions,
                    deadline: Instant::now() + REVOKE_GRACE,
                    acknowledge,
                });
                self.settle_offsets();
            }
        }
    }

    fn finish_all(&mut self, finished: &mut Vec<Position>) {
        for position in finished.drain(..) {
            self.ledger.finish(position);
        }
        if self.leaving.iter().any(|leaving| self.is_done(leaving)) {
            self.settle_offsets();
        }
    }

    fn is_done(&self, leaving: &Leaving) -> bool {
        leaving
            .partitions
            .iter()
            .all(|partition| self.ledger.in_flight(*partition) == 0)
    }

    /// Commits what has been finished, and lets those partitions go of which nothing is in hand.
    fn settle_offsets(&mut self) {
        let now = Instant::now();
        let (gone, staying): (Vec<_>, Vec<_>) = std::mem::take(&mut self.leaving)
            .into_iter()
            .partition(|leaving| now >= leaving.deadline || self.is_done(leaving));
        self.leaving = staying;
        // Whoever gets the partitions begins at what is committed, so it must be there before they go.
        self.commit(if gone.is_empty() {
            CommitMode::Async
        } else {
            CommitMode::Sync
        });
        for Leaving {
            partitions,
            acknowledge,
            ..
        } in gone
        {
            partitions
                .iter()
                .for_each(|partition| self.ledger.revoke(*partition));
            // An error means that the group has not waited.
            let _ = acknowledge.send(());
        }
    }

    /// A synchronous commit is of everything, whatever became of those before it.
    fn commit(&mut self, mode: CommitMode) {
        if matches!(mode, CommitMode::Sync) {
            self.ledger.recommit();
        }
        let commits = self.ledger.take_commits();
        if commits.is_empty() {
            return;
        }
        if let Err(error) = self.poll_loop.commit(&commits, mode) {
            log::warn!("offsets were not committed, so their records may come again: {error}");
            self.ledger.recommit();
        }
    }

    async fn shut_down(mut self, grace: Duration) {
        self.events.close();
        let drained = timeout(grace, async {
            while self.ledger.total_in_flight() > 0 {
                let Some(position) = self.finished_rx.recv().await else {
                    break;
                };
                self.ledger.finish(position);
            }
        });
        if drained.await.is_err() {
            log::warn!(
                "{} commands are unfinished and will come again",
                self.ledger.total_in_flight()
            );
        }
        self.commit(CommitMode::Sync);
        let Self {
            poll_loop,
            events,
            leaving,
            ..
        } = self;
        drop((events, leaving));
        leave_group(move || poll_loop.stop()).await;
    }
}

impl Handler {
    fn take(
        &self,
        record: &OwnedMessage,
        polled_at: ClockInstant,
        position: Position,
        permit: OwnedSemaphorePermit,
    ) {
        self.metrics.taken.inc();
        let in_flight = InFlight::new(position, self.finished_tx.clone(), permit)
            .measured_by(self.metrics.processed.clone());
        let reading = Reading::new(self.clock.now(), self.zone, self.unpaid_for);
        match decode(record, reading) {
            Ok(Decoded { command, requester }) => {
                let arrival = arrival(record, polled_at, command.name());
                let trail = self.traces.begin(command.number(), arrival);
                trail.mark(steps::TAKEN);
                let message = ApplyCommand {
                    command,
                    requester,
                    received_at: reading.now,
                    in_flight,
                    trail,
                };
                if let Err(error) = self.registry.try_send(message) {
                    log::error!(
                        "the registry did not take a command, which will come again: {error}"
                    );
                }
            }
            Err(poison) => self.set_aside(record, *poison, in_flight),
        }
    }

    /// Puts a record that is no command with the dead letters, answers its sender where that can be done, and goes on. Its offset stays
    /// uncommitted, and its permit in use, until the dead letters have it.
    fn set_aside(&self, record: &OwnedMessage, poison: Poison, in_flight: InFlight) {
        self.metrics.set_aside.inc();
        let cause = poison.cause.to_string();
        let replies = Arc::clone(&self.replies);
        let on_settled = Box::new(move || answer_poison(&*replies, poison, in_flight));
        self.dead_letters
            .set_aside(record, MALFORMED_COMMAND, &cause, on_settled);
    }
}

fn arrival(record: &OwnedMessage, polled_at: ClockInstant, name: &'static str) -> Arrival {
    Arrival {
        name,
        step: steps::POLLED,
        at: polled_at,
        caller: trace_context(record.headers()),
        record: Some(RecordPlace {
            partition: record.partition(),
            offset: record.offset(),
        }),
    }
}

fn answer_poison(replies: &dyn ReplySink, poison: Poison, in_flight: InFlight) {
    let outcome = CommandOutcome {
        number: poison.number,
        order: None,
        refusal: Some(Reason::MalformedCommand),
    };
    match poison.requester {
        Some(requester) => {
            replies.reply(
                &requester,
                &outcome,
                None,
                Box::new(move || in_flight.finish()),
            );
        }
        None => in_flight.finish(),
    }
}
