//! The actor of one order: handles its commands one at a time, each to its end before the next begins. What is to be done is
//! [`CommandRun`]'s to say; this loads, has the journal store, and replies.

use std::sync::Arc;

use actix::prelude::SendError;
use actix::{Actor, ActorContext, ActorFutureExt, AtomicResponse, Context, Handler, WrapFuture};
use backon::Retryable;
use chrono::{DateTime, Utc};
use shared::crash::crash;
use shared::mailboxes::ActorType;
use shared::order_number::OrderNumber;
use shared::postbox::{Mail, Postbox, Posted};
use shared::trace::Trail;
use tokio::sync::oneshot;

use crate::actors::command_run::{CommandRun, Known, Step};
use crate::actors::in_flight::InFlight;
use crate::actors::journal::Commit;
use crate::actors::store_backoff::store_backoff;
use crate::actors::store_threads::StoreReader;
use crate::domain::command::OrderCommand;
use crate::domain::decide::Transition;
use crate::domain::order::Order;
use crate::domain::stored_orders::StoreOutcome;
use crate::ports::order_store::StoreError;
use crate::ports::reply_sink::{CommandOutcome, ReplySink, Requester};
use crate::steps;

/// What every order actor works with.
pub struct Colleagues {
    /// Stores transitions.
    pub journal: Postbox<Commit>,
    /// Loads orders.
    pub reader: StoreReader,
    /// Replies.
    pub replies: Arc<dyn ReplySink>,
    /// Where the mailboxes of order actors are shown.
    pub order_mailboxes: ActorType,
}

/// The actor of one order.
pub struct OrderActor {
    number: OrderNumber,
    known: Known,
    /// Under which assignment of its partition it came to know that. In between, another owner may have changed the order.
    known_in_epoch: u64,
    colleagues: Arc<Colleagues>,
    registry: Postbox<Report>,
}

impl OrderActor {
    /// The actor of this order, knowing nothing of it yet. It reports to `registry`.
    #[must_use]
    pub fn new(
        number: OrderNumber,
        colleagues: Arc<Colleagues>,
        registry: Postbox<Report>,
    ) -> Self {
        Self {
            number,
            known: Known::Unknown,
            known_in_epoch: 0,
            colleagues,
            registry,
        }
    }

    fn report(&self, event: ReportEvent) {
        let report = Report {
            number: self.number.clone(),
            event,
        };
        match self.registry.try_send(report) {
            Ok(()) => {}
            // At the end of the process the runtime drops its actors in any order. Nothing is routed any more.
            Err(SendError::Closed(_)) if event == ReportEvent::ActorEnded => {}
            // Its mailbox has room for all reports, and it lives as long as this actor runs. Without the report the order's actor
            // would never retire, or commands would wait for its end for ever.
            Err(error) => crash(format_args!(
                "order={} the registry did not take {event:?}: {error}",
                self.number
            )),
        }
    }
}

/// What an order's actor reports to the registry.
#[derive(Debug)]
pub struct Report {
    /// The order.
    pub number: OrderNumber,
    /// What has happened.
    pub event: ReportEvent,
}

/// What has happened to an order's actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportEvent {
    /// It has finished a command, as it reports after each.
    CommandFinished {
        /// Whether the order is final or does not exist, so that the actor is no longer needed.
        is_done: bool,
    },
    /// It has ended: its last report.
    ActorEnded,
}

impl Mail for Report {
    fn label(&self) -> &'static str {
        match self.event {
            ReportEvent::CommandFinished { .. } => "CommandFinished",
            ReportEvent::ActorEnded => "ActorEnded",
        }
    }
}

impl Actor for OrderActor {
    type Context = Context<Self>;

    fn stopped(&mut self, _: &mut Self::Context) {
        self.report(ReportEvent::ActorEnded);
    }
}

/// Command: do this to the order. Passed from the intake to the registry and from there to the order's actor, in the order of the records.
#[derive(Debug)]
pub struct ApplyCommand {
    /// What to do.
    pub command: OrderCommand,
    /// Who gets the reply, if anyone asked for one.
    pub requester: Option<Requester>,
    /// When its record was read.
    pub received_at: DateTime<Utc>,
    /// Its record, to be finished once the reply is acknowledged.
    pub in_flight: InFlight,
    /// Where its steps are marked.
    pub trail: Trail,
}

impl Mail for ApplyCommand {
    fn label(&self) -> &'static str {
        self.command.name()
    }
}

impl Handler<Posted<ApplyCommand>> for OrderActor {
    type Result = AtomicResponse<Self, ()>;

    fn handle(&mut self, posted: Posted<ApplyCommand>, _: &mut Self::Context) -> Self::Result {
        let (message, in_hand) = posted.begin();
        message.trail.mark(steps::BEGUN);
        let epoch = message.in_flight.epoch();
        if epoch != self.known_in_epoch {
            self.known = Known::Unknown;
            self.known_in_epoch = epoch;
        }
        let performed = perform(
            self.known.clone(),
            message.command,
            message.received_at,
            message.trail.clone(),
            Arc::clone(&self.colleagues),
        )
        .into_actor(self);
        // Atomic: the next message, a command or `Retire`, is not handled before this one is finished.
        AtomicResponse::new(Box::pin(performed.map(move |performed, actor, _| {
            let _in_hand = in_hand;
            let (known, outcome) = performed;
            let is_done = known.is_done();
            actor.known = known;
            reply(
                &*actor.colleagues.replies,
                message.requester,
                &outcome,
                message.trail,
                message.in_flight,
            );
            actor.report(ReportEvent::CommandFinished { is_done });
        })))
    }
}

/// Command: end. Sent by the registry to an actor that has finished all of its commands.
#[derive(Debug)]
pub struct Retire;

impl Mail for Retire {
    fn label(&self) -> &'static str {
        "Retire"
    }
}

impl Handler<Posted<Retire>> for OrderActor {
    type Result = ();

    fn handle(&mut self, posted: Posted<Retire>, ctx: &mut Self::Context) {
        let (Retire, _in_hand) = posted.begin();
        ctx.stop();
    }
}

fn reply(
    replies: &dyn ReplySink,
    requester: Option<Requester>,
    outcome: &CommandOutcome,
    trail: Trail,
    in_flight: InFlight,
) {
    let Some(requester) = requester else {
        return in_flight.finish();
    };
    trail.mark(steps::REPLIED);
    let context = trail.reply_context();
    let on_replied = Box::new(move || {
        trail.mark(steps::ACKNOWLEDGED);
        in_flight.finish();
    });
    replies.reply(&requester, outcome, context, on_replied);
}

/// Does what the command needs, until it is done.
async fn perform(
    known: Known,
    command: OrderCommand,
    now: DateTime<Utc>,
    trail: Trail,
    colleagues: Arc<Colleagues>,
) -> (Known, CommandOutcome) {
    let run = CommandRun::new(command, now);
    let mut step = run.begin(known);
    loop {
        let answered = match step {
            Step::Load => load(&trail, &colleagues)
                .await
                .map(|order| run.loaded(order)),
            Step::Store(transition) => {
                commit(transition, &trail, &colleagues)
                    .await
                    .map(|outcome| {
                        if let StoreOutcome::Stale(_) = outcome {
                            log::debug!("{trail} has changed behind its actor, deciding again");
                        }
                        run.stored(outcome)
                    })
            }
            Step::Done(known, outcome) => return (known, outcome),
        };
        step = answered.unwrap_or_else(|error| {
            log::error!("{trail} command failed: {error}");
            run.failed()
        });
    }
}

async fn load(trail: &Trail, colleagues: &Colleagues) -> Result<Option<Arc<Order>>, StoreError> {
    let loaded = (|| {
        let number = trail.number().clone();
        colleagues
            .reader
            .run(move |ports| ports.orders.load(&number))
    })
    .retry(store_backoff())
    .when(StoreError::is_passing)
    .notify(|error, delay| log::warn!("{trail} loading waits {delay:?}: {error}"))
    .await;
    trail.mark(steps::LOADED);
    loaded.map(|order| order.map(Arc::new))
}

async fn commit(
    transition: Transition,
    trail: &Trail,
    colleagues: &Colleagues,
) -> Result<StoreOutcome, StoreError> {
    trail.mark(steps::DECIDED);
    let (reply_tx, reply_rx) = oneshot::channel();
    let sent = colleagues.journal.try_send(Commit {
        transition,
        reply_tx,
        trail: trail.clone(),
    });
    if let Err(error) = sent {
        // Its mailbox has room for every permit, and it ends with the runtime.
        crash(format_args!(
            "{trail} the journal did not take a transition: {error}"
        ));
    }
    // The journal keeps each transition until it has an outcome, and this is not polled any more when the runtime ends.
    reply_rx
        .await
        .unwrap_or_else(|_| crash(format_args!("{trail} the journal dropped a transition")))
}
