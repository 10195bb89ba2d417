//! Group commit: while one transaction is in flight, the transitions of other orders gather; the next takes them all, up to a
//! maximum. An idle journal writes at once; what goes when is [`BatchQueue`]'s to say.
//!
//! No batch waits for a row that somebody else holds. Transitions that need one go aside: to a second writer, which stands in the
//! queues of rows, because two services that sell one item take turns there; and from it, or when the row is an order's own, behind
//! the row as [`StuckRows`] says. So do, each behind its own order, transitions that the store fails with although it answers: they are
//! tried again by the second writer, one by one, so that they fail alone. Knows neither the store nor what the transitions say.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{
    Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, Context, Handler, MailboxError,
    SyncArbiter, WrapFuture,
};
use shared::metrics::IntCounter;
use shared::postbox::{Mail, Posted};
use shared::trace::Trail;
use tokio::sync::oneshot;

use crate::actors::batch_queue::BatchQueue;
use crate::actors::store_worker::{StoreWriter, WriteAlone, WriteBatch, WriteInTurn, Written};
use crate::actors::stuck_rows::StuckRows;
use crate::actors::write_progress::WriteProgress;
use crate::config::ActorSettings;
use crate::domain::decide::Transition;
use crate::ports::order_store::{OrderStore, StoreError, StoreOutcome, StoreRow};
use crate::steps;

/// Gathers transitions into batches.
pub struct Journal {
    writers: Writers,
    queue: BatchQueue<Entry>,
    in_turn: BatchQueue<Entry>,
    alone: BatchQueue<Entry>,
    stuck: StuckRows<Entry>,
    progress: WriteProgress,
    failing: IntCounter,
    mailbox_capacity: usize,
}

/// Who writes. Two threads, so that who waits for a row holds nobody up.
pub struct Writers {
    /// Writes what is free.
    pub at_once: Addr<StoreWriter>,
    /// Waits for what is not.
    pub in_turn: Addr<StoreWriter>,
}

/// How many threads write.
pub const WRITERS: u32 = 2;

impl Writers {
    /// Starts the threads.
    #[must_use]
    pub fn start(store: &Arc<dyn OrderStore>) -> Self {
        let writer = || {
            let store = Arc::clone(store);
            SyncArbiter::start(1, move || StoreWriter {
                store: Arc::clone(&store),
            })
        };
        Self {
            at_once: writer(),
            in_turn: writer(),
        }
    }
}

/// A transition on its way.
struct Entry {
    transition: Transition,
    asker: Asker,
}

struct Asker {
    reply_tx: oneshot::Sender<Result<StoreOutcome, StoreError>>,
    /// The row that the transition tries for all who wait behind it.
    tries: Option<StoreRow>,
    /// Whether the store has failed with it, so that it must not be in a batch with others.
    is_failing: bool,
    trail: Trail,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lane {
    AtOnce,
    InTurn,
    Alone,
}

impl Journal {
    /// A journal that writes at most `max_batch` transitions in a transaction; `max_in_flight` bounds what can be sent to it. It tells
    /// `progress` how it gets on, and counts by `failing` the transitions that the store goes on failing with.
    #[must_use]
    pub fn new(
        writers: Writers,
        settings: ActorSettings,
        progress: WriteProgress,
        failing: IntCounter,
    ) -> Self {
        Self {
            writers,
            queue: BatchQueue::new(settings.max_batch),
            in_turn: BatchQueue::new(settings.max_batch),
            alone: BatchQueue::new(1),
            stuck: StuckRows::default(),
            progress,
            failing,
            mailbox_capacity: settings.max_in_flight,
        }
    }

    fn write_next(&mut self, ctx: &mut Context<Self>) {
        if let Some((batch, askers)) = self.queue.next_batch().map(split) {
            log::trace!(target: "journal", "writing a batch of {}", batch.len());
            let written = self.writers.at_once.send(WriteBatch(batch));
            self.await_written(Lane::AtOnce, askers, written, ctx);
        }
        if let Some((batch, askers)) = self.in_turn.next_batch().map(split) {
            let written = self.writers.in_turn.send(WriteInTurn(batch));
            self.await_written(Lane::InTurn, askers, written, ctx);
        }
        if let Some((batch, askers)) = self.alone.next_batch().map(split) {
            let written = self.writers.in_turn.send(WriteAlone(batch));
            self.await_written(Lane::Alone, askers, written, ctx);
        }
    }

    fn await_written(
        &self,
        lane: Lane,
        askers: Vec<Asker>,
        written: impl Future<Output = Result<Vec<Written>, MailboxError>> + 'static,
        ctx: &mut Context<Self>,
    ) {
        ctx.spawn(written.into_actor(self).map(move |written, journal, ctx| {
            journal.take(lane, askers, written, ctx);
        }));
    }

    fn take(
        &mut self,
        lane: Lane,
        askers: Vec<Asker>,
        written: Result<Vec<Written>, MailboxError>,
        ctx: &mut Context<Self>,
    ) {
        match written {
            Ok(written) => {
                let is_done = |written: &&Written| matches!(written, Written::Done(_));
                let done = written.iter().filter(is_done).count();
                self.progress.done(done, tokio::time::Instant::now());
                for (asker, written) in askers.into_iter().zip(written) {
                    self.take_one(lane, asker, written, ctx);
                }
                match lane {
                    Lane::AtOnce => self.queue.written(),
                    Lane::InTurn => self.in_turn.written(),
                    Lane::Alone => self.alone.written(),
                }
                self.write_next(ctx);
            }
            Err(error) => {
                log::error!("the store's writer is gone: {error}");
                ctx.stop();
            }
        }
    }

    fn take_one(&mut self, lane: Lane, asker: Asker, written: Written, ctx: &mut Context<Self>) {
        let entry = |transition: Box<Transition>, asker| Entry {
            transition: *transition,
            asker,
        };
        match written {
            Written::Done(outcome) => {
                asker.trail.mark(steps::BATCH_COMMITTED);
                if let Some(row) = asker.tries {
                    self.release(&row);
                }
                // An error means that the order's actor is gone with its record unfinished, which will come again.
                let _ = asker.reply_tx.send(outcome);
            }
            // Who must try alone has no other line to wait in.
            Written::Held(_, transition) if asker.is_failing => {
                self.wait_behind_its_order(lane, entry(transition, asker), ctx);
            }
            Written::Held(row, transition) => {
                asker.trail.mark(steps::ROW_HELD);
                self.wait_behind(lane, row, entry(transition, asker), ctx);
            }
            Written::Failing(cause, transition) => {
                asker.trail.mark(steps::STORE_FAILED);
                let mut entry = entry(transition, asker);
                if !entry.asker.is_failing {
                    entry.asker.is_failing = true;
                    self.failing.inc();
                    log::error!(
                        "{} waits behind all others, the store answers but fails with it: {cause}",
                        entry.asker.trail
                    );
                }
                self.wait_behind_its_order(lane, entry, ctx);
            }
        }
    }

    fn wait_behind_its_order(&mut self, lane: Lane, entry: Entry, ctx: &mut Context<Self>) {
        let row = StoreRow::Order(entry.transition.number().clone());
        self.wait_behind(lane, row, entry, ctx);
    }

    fn wait_behind(
        &mut self,
        lane: Lane,
        row: StoreRow,
        mut entry: Entry,
        ctx: &mut Context<Self>,
    ) {
        let tried = entry.asker.tries.take();
        if tried.as_ref() == Some(&row) {
            let delay = self.stuck.come_back(&row, entry);
            return Self::try_later(row, delay, ctx);
        }
        if let Some(tried) = tried {
            self.release(&tried);
        }
        self.set_aside(lane, row, entry, ctx);
    }

    /// Only one service has an order's actor, so nobody takes turns at an order's row.
    fn set_aside(&mut self, lane: Lane, row: StoreRow, entry: Entry, ctx: &mut Context<Self>) {
        let takes_turns = match row {
            StoreRow::Item(_) | StoreRow::Coupon(_) => !self.stuck.contains(&row),
            StoreRow::Order(_) => false,
        };
        if lane == Lane::AtOnce && takes_turns {
            return self.in_turn.push(entry);
        }
        let is_held = !entry.asker.is_failing;
        let delay = self.stuck.join(&row, entry);
        if is_held && delay.is_some() {
            log::warn!("{row} is held by somebody else: who needs it waits");
        }
        Self::try_later(row, delay, ctx);
    }

    fn try_later(row: StoreRow, delay: Option<Duration>, ctx: &mut Context<Self>) {
        let Some(delay) = delay else {
            return;
        };
        ctx.run_later(delay, move |journal, ctx| {
            if let Some(mut entry) = journal.stuck.next_to_try(&row) {
                entry.asker.tries = Some(row);
                let queue = if entry.asker.is_failing {
                    &mut journal.alone
                } else {
                    &mut journal.queue
                };
                queue.push(entry);
                journal.write_next(ctx);
            }
        });
    }

    fn release(&mut self, row: &StoreRow) {
        let waiting = self.stuck.release(row);
        log::info!(
            "{row} is in nobody's way any more: {} more go on",
            waiting.len()
        );
        waiting.into_iter().for_each(|entry| self.queue.push(entry));
    }
}

fn split(entries: Vec<Entry>) -> (Vec<Transition>, Vec<Asker>) {
    let (now, size) = (Instant::now(), entries.len());
    for entry in &entries {
        let trail = &entry.asker.trail;
        trail.mark_batch(steps::BATCH_BEGUN, now, size);
    }
    entries
        .into_iter()
        .map(|entry| (entry.transition, entry.asker))
        .unzip()
}

impl Actor for Journal {
    type Context = Context<Self>;

    /// The mailbox has its size before anybody can send.
    fn start(self) -> Addr<Self> {
        Self::create(|ctx| {
            ctx.set_mailbox_capacity(self.mailbox_capacity);
            self
        })
    }
}

/// Command: store a transition. Sent by an order's actor, which awaits the answer on `reply_tx` before anything else.
#[derive(Debug)]
pub struct Commit {
    /// What is to be stored.
    pub transition: Transition,
    /// Where the outcome goes. Not the message's own result: actix polls all of an actor's pending results at each wake.
    pub reply_tx: oneshot::Sender<Result<StoreOutcome, StoreError>>,
    /// Where its steps are entered.
    pub trail: Trail,
}

impl Mail for Commit {
    fn label(&self) -> &'static str {
        "Commit"
    }
}

impl Handler<Posted<Commit>> for Journal {
    type Result = ();

    fn handle(&mut self, posted: Posted<Commit>, ctx: &mut Self::Context) {
        let (commit, _in_hand) = posted.begin();
        self.progress.came(tokio::time::Instant::now());
        self.queue.push(Entry {
            transition: commit.transition,
            asker: Asker {
                reply_tx: commit.reply_tx,
                tries: None,
                is_failing: false,
                trail: commit.trail,
            },
        });
        self.write_next(ctx);
    }
}
