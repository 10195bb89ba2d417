//! The actor that has transitions stored. The pure [`WritePlan`] decides which transitions go into which transaction, and what follows
//! from the store's answers. The journal does what the plan says: it passes batches to the writer threads, returns their results to the
//! plan, sets its timers, and sends each outcome to the order's actor that awaits it.

use std::time::{Duration, Instant};

use actix::{Actor, ActorFutureExt, Addr, AsyncContext, Context, Handler, WrapFuture};
use shared::crash::crash;
use shared::metrics::IntCounter;
use shared::postbox::{Mail, Posted};
use shared::trace::Trail;
use tokio::sync::oneshot;

use crate::actors::store_writers::StoreWriters;
use crate::actors::write_plan::WritePlan;
use crate::actors::write_plan::step::{self, Alarm, Lane, News, SetAside, Step, Written};
use crate::actors::write_progress::WriteProgress;
use crate::config::ActorSettings;
use crate::domain::decide::Transition;
use crate::domain::stored_orders::StoreOutcome;
use crate::ports::order_store::StoreError;
use crate::steps;

/// The actor that has transitions stored.
pub struct Journal {
    plan: WritePlan<Asker>,
    writers: StoreWriters,
    progress: WriteProgress,
    failing: IntCounter,
    mailbox_capacity: usize,
}

/// An order's actor that awaits the outcome of its transition.
struct Asker {
    reply_tx: oneshot::Sender<Result<StoreOutcome, StoreError>>,
    trail: Trail,
}

impl step::Asker for Asker {
    fn set_aside(&self, cause: SetAside) {
        self.trail.mark(match cause {
            SetAside::RowHeld => steps::ROW_HELD,
            SetAside::StoreFails => steps::STORE_FAILED,
        });
    }
}

impl Asker {
    fn answer(self, outcome: Result<StoreOutcome, StoreError>) {
        self.trail.mark(steps::BATCH_COMMITTED);
        if self.reply_tx.send(outcome).is_err() {
            // An order's actor ends only between commands. At the end of the process the runtime drops all actors, but the journal's
            // messages and futures are not polled any more then. So the actor was lost in the middle of a command, whose record would
            // never be finished.
            crash(format_args!(
                "{} its actor did not take an outcome",
                self.trail
            ));
        }
    }
}

impl Journal {
    /// A journal that writes through `writers`, with at most `max_batch` transitions in a transaction. Its mailbox has room for
    /// `max_in_flight` transitions. `seed` sets the jitter of retries. `progress` learns what has been written, and `failing` counts
    /// the transitions that fail although the store answers a ping.
    #[must_use]
    pub fn new(
        writers: StoreWriters,
        settings: ActorSettings,
        seed: u64,
        progress: WriteProgress,
        failing: IntCounter,
    ) -> Self {
        Self {
            plan: WritePlan::new(settings.max_batch, seed),
            writers,
            progress,
            failing,
            mailbox_capacity: settings.max_in_flight,
        }
    }

    /// Does every step that the plan has ready.
    fn follow_plan(&mut self, ctx: &mut Context<Self>) {
        let mut answered = 0;
        while let Some(step) = self.plan.next_step() {
            match step {
                Step::Write {
                    lane,
                    transitions,
                    on_held_row,
                    is_retry,
                } => {
                    if !is_retry {
                        self.mark_begun(lane, transitions.len());
                    }
                    let written = self.writers.write(lane, transitions, on_held_row);
                    let written = written.into_actor(self);
                    ctx.spawn(written.map(move |written, journal, ctx| {
                        journal.written(lane, written, ctx);
                    }));
                }
                Step::Wake { alarm, after } => Self::wake_later(alarm, after, ctx),
                Step::Answer { asker, outcome } => {
                    answered += 1;
                    asker.answer(outcome);
                }
                Step::Report(news) => self.report(&news),
            }
        }
        self.progress.done(answered, tokio::time::Instant::now());
    }

    fn written(&mut self, lane: Lane, written: Written, ctx: &mut Context<Self>) {
        self.plan.written(lane, written);
        self.follow_plan(ctx);
    }

    fn wake_later(alarm: Alarm, after: Duration, ctx: &mut Context<Self>) {
        ctx.run_later(after, move |journal, ctx| {
            journal.plan.wake(alarm);
            journal.follow_plan(ctx);
        });
    }

    fn mark_begun(&self, lane: Lane, size: usize) {
        log::trace!(target: "journal", "writing a batch of {size}");
        // The clock is read once for the whole batch, because this code runs for every order.
        let now = Instant::now();
        for asker in self.plan.askers(lane) {
            asker.trail.mark_batch(steps::BATCH_BEGUN, now, size);
        }
    }

    fn report(&self, news: &News) {
        match news {
            News::RowReleased { .. } => log::info!("{news}"),
            News::BatchWaits { .. } | News::RowStuck(_) => log::warn!("{news}"),
            News::TransitionFails { .. } => {
                self.failing.inc();
                log::error!("{news}");
            }
        }
    }
}

impl Actor for Journal {
    type Context = Context<Self>;

    // The capacity is set before the address exists. In `started` it would be too late: messages may have been sent by then, and a
    // sender beyond actix's default of 16 would fail.
    fn start(self) -> Addr<Self> {
        Self::create(|ctx| {
            ctx.set_mailbox_capacity(self.mailbox_capacity);
            self
        })
    }
}

/// Command: store a transition. Sent by an order's actor, which handles nothing else until the outcome arrives on `reply_tx`.
#[derive(Debug)]
pub struct Commit {
    /// The transition to store.
    pub transition: Transition,
    /// Where the outcome goes. It is not the message's result, because an actor polls all of its pending results each time it wakes.
    pub reply_tx: oneshot::Sender<Result<StoreOutcome, StoreError>>,
    /// Where its steps are marked.
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
        let (reply_tx, trail) = (commit.reply_tx, commit.trail);
        let asker = Asker { reply_tx, trail };
        self.plan.submit(commit.transition, asker);
        self.follow_plan(ctx);
    }
}
