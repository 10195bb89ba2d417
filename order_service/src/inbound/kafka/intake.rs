//! The loop between a group member's events, the records that end, and the offsets that are committed. What a record means is
//! [`CommandReader`]'s to say, and what is committed when is [`Settlement`]'s.
//!
//! The place of back-pressure: a record is read only with a permit, which travels with it to its reply. Without one no event is taken,
//! the channel fills, and the poll loop pauses the partitions. All queues behind the intake hold as many as there are permits.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use rdkafka::Message;
use rdkafka::consumer::CommitMode;
use shared::crash::crash;
use shared::kafka::offset_ledger::Position;
use shared::kafka::poll_loop::{KafkaEvent, PollLoop};
use shared::shutdown::leave_group;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::actors::in_flight::InFlight;
use crate::inbound::kafka::command_reader::CommandReader;
use crate::inbound::kafka::settlement::{Due, Released, Settlement};

const COMMIT_INTERVAL: Duration = Duration::from_millis(100);
/// The client does not tell what became of an asynchronous commit, and a group that is being joined refuses it. So all are repeated.
pub const RECOMMIT_INTERVAL: Duration = Duration::from_secs(2);
/// Records that are finished between two looks at anything else, at most.
const FINISHED_AT_ONCE: usize = 256;

/// Takes records in and lets go of them.
pub struct Intake {
    poll_loop: PollLoop,
    events: mpsc::Receiver<KafkaEvent>,
    reader: CommandReader,
    permits: Arc<Semaphore>,
    /// A permit for the next record, as soon as there is one.
    next_permit: Option<OwnedSemaphorePermit>,
    finished_tx: mpsc::UnboundedSender<Position>,
    finished_rx: mpsc::UnboundedReceiver<Position>,
    settlement: Settlement<SyncSender<()>>,
    started_at: Instant,
}

impl Intake {
    /// Takes the `events` of the group member `poll_loop`, and has at most `max_in_flight` records read by `reader` and not finished.
    #[must_use]
    pub fn new(
        poll_loop: PollLoop,
        events: mpsc::Receiver<KafkaEvent>,
        max_in_flight: usize,
        reader: CommandReader,
    ) -> Self {
        let (finished_tx, finished_rx) = mpsc::unbounded_channel();
        Self {
            poll_loop,
            events,
            reader,
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

    /// Runs until `stopping` turns true. Then takes no more, waits at most `grace` for what is unfinished, commits and leaves the group.
    pub async fn run(mut self, mut stopping: watch::Receiver<bool>, grace: Duration) {
        let mut commit_tick = interval(COMMIT_INTERVAL);
        let mut recommit_tick = interval(RECOMMIT_INTERVAL);
        for tick in [&mut commit_tick, &mut recommit_tick] {
            tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        let mut finished = Vec::with_capacity(FINISHED_AT_ONCE);
        loop {
            let permits = Arc::clone(&self.permits);
            tokio::select! {
                _ = stopping.wait_for(|stop| *stop) => break,
                1.. = self.finished_rx.recv_many(&mut finished, FINISHED_AT_ONCE) => self.finish_all(&mut finished),
                _ = commit_tick.tick() => self.settle(),
                _ = recommit_tick.tick() => self.settlement.recommit(),
                Ok(permit) = permits.acquire_owned(), if self.next_permit.is_none() => self.next_permit = Some(permit),
                event = self.events.recv(), if self.has_room() => match event {
                    Some(event) => self.handle_all(event),
                    // The poll loop keeps a sender until it is told to stop, which `shut_down` does.
                    None => crash("the poll loop has ended by itself"),
                },
            }
        }
        self.shut_down(grace).await;
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
            let Ok(event) = self.events.try_recv() else {
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

    fn settle(&mut self) {
        let Due { commits, released } = self.settlement.settle(self.started_at.elapsed());
        // Whoever gets the partitions begins at what is committed, so it must have arrived before they go. The poll loop's thread waits
        // meanwhile, and so may this one.
        let mode = if released.is_empty() {
            CommitMode::Async
        } else {
            CommitMode::Sync
        };
        self.commit(&commits, mode);
        for Released { acknowledge, .. } in released {
            // An error means that the group has not waited.
            let _ = acknowledge.send(());
        }
    }

    fn commit(&mut self, commits: &[(i32, i64)], mode: CommitMode) {
        if commits.is_empty() {
            return;
        }
        if let Err(error) = self.poll_loop.commit(commits, mode) {
            log::warn!("offsets were not committed, so their records may come again: {error}");
            self.settlement.recommit();
        }
    }

    async fn shut_down(mut self, grace: Duration) {
        self.events.close();
        let drained = timeout(grace, async {
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
        let commits = self.settlement.settle_all();
        self.commit(&commits, CommitMode::Sync);
        let Self {
            poll_loop,
            events,
            settlement,
            ..
        } = self;
        // With the settlement go the acknowledgements of partitions that leave, for which the poll loop's thread would wait.
        drop((events, settlement));
        leave_group(move || poll_loop.stop()).await;
    }
}
