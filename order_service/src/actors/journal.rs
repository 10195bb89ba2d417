//! Moves transitions between the orders' actors, the write plan and the threads that write. What is written when, and what follows from
//! the store's answers, is decided by the pure [`WritePlan`]; this hands its batches to the writers, feeds their answers back, sets its
//! alarms, and answers whoever waits. Knows neither the store nor what the transitions say.

use std::time::{Duration, Instant};

use actix::{Actor, ActorFutureExt, Addr, AsyncContext, Context, Handler, WrapFuture};
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

/// Has transitions stored.
pub struct Journal {
    plan: WritePlan<Asker>,
    writers: StoreWriters,
    progress: WriteProgress,
    failing: IntCounter,
    mailbox_capacity: usize,
}

/// An order's actor that waits for the outcome of its transition.
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
        // An error means that the order's actor has ended before its command, which happens only as the process ends. The record is not
        // finished: the partition's next owner gets it again, and finds its effect.
        let _ = self.reply_tx.send(outcome);
    }
}

impl Journal {
    /// A journal that writes by `writers`, at most `max_batch` transitions in a transaction; `max_in_flight` bounds what can be sent to
    /// it. `seed` makes the jitter of what is tried again. It reports to `progress`, and counts by `failing` the transitions that the
    /// store fails with although it answers.
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

    /// Does all that the plan asks for.
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
        // One look at the clock for the whole batch: it is on the way of every order.
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

    /// Sets the mailbox's capacity before anybody can send. In `started` it would come after the first messages.
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
        let (reply_tx, trail) = (commit.reply_tx, commit.trail);
        let asker = Asker { reply_tx, trail };
        self.plan.submit(commit.transition, asker);
        self.follow_plan(ctx);
    }
}
