//! One order: its commands are handled one at a time, each loaded, decided, stored and replied to before the next begins.
//! Decides nothing itself, and stores nothing itself.

use std::sync::Arc;

use actix::{
    Actor, ActorContext, ActorFutureExt, Addr, AtomicResponse, Context, Handler, Message,
    Recipient, WrapFuture,
};
use backon::Retryable;
use chrono::{DateTime, Utc};
use shared::mailboxes::{Mailbox, Ticket};
use shared::order_number::OrderNumber;
use shared::trace::Trail;
use tokio::sync::oneshot;

use crate::actors::actor_mailboxes::ActorMailboxes;
use crate::actors::command_run::{CommandRun, Known, Step};
use crate::actors::in_flight::InFlight;
use crate::actors::journal::{Commit, Journal};
use crate::actors::order_registry::{ActorEnded, CommandFinished};
use crate::actors::store_threads::StoreReader;
use crate::actors::store_worker::store_backoff;
use crate::domain::command::OrderCommand;
use crate::domain::decide::Transition;
use crate::domain::order::Order;
use crate::ports::order_store::{StoreError, StoreOutcome};
use crate::ports::reply_sink::{CommandOutcome, ReplySink, Requester};
use crate::steps;

/// What every order actor works with.
pub struct Colleagues {
    /// Stores transitions.
    pub journal_addr: Addr<Journal>,
    /// Loads orders.
    pub reader: StoreReader,
    /// Replies.
    pub replies: Arc<dyn ReplySink>,
    /// Where to post what is sent.
    pub mailboxes: ActorMailboxes,
}

/// The actor of one order.
pub struct OrderActor {
    number: OrderNumber,
    known: Known,
    /// The assignment of its partition that it knows this from: between two, another owner may have changed the order.
    known_in_epoch: u64,
    colleagues: Arc<Colleagues>,
    finished: Recipient<CommandFinished>,
    ended: Recipient<ActorEnded>,
}

impl OrderActor {
    /// The actor of this order, knowing nothing of it yet. It reports to the registry by `finished` and `ended`.
    #[must_use]
    pub fn new(
        number: OrderNumber,
        colleagues: Arc<Colleagues>,
        finished: Recipient<CommandFinished>,
        ended: Recipient<ActorEnded>,
    ) -> Self {
        Self {
            number,
            known: Known::Unknown,
            known_in_epoch: 0,
            colleagues,
            finished,
            ended,
        }
    }

    fn report(&self, is_done: bool) {
        let report = CommandFinished {
            number: self.number.clone(),
            is_done,
            ticket: self.colleagues.mailboxes.registry.post("CommandFinished"),
        };
        if let Err(error) = self.finished.try_send(report) {
            log::error!(
                "order={} the registry did not take a report: {error}",
                self.number
            );
        }
    }
}

impl Actor for OrderActor {
    type Context = Context<Self>;

    fn stopped(&mut self, _: &mut Self::Context) {
        let ended = ActorEnded {
            number: self.number.clone(),
            ticket: self.colleagues.mailboxes.registry.post("ActorEnded"),
        };
        if let Err(error) = self.ended.try_send(ended) {
            log::error!(
                "order={} the registry did not hear of the actor's end: {error}",
                self.number
            );
        }
    }
}

/// Command: do this to the order. Sent by the registry, in the order of the records.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct ApplyCommand {
    /// What to do.
    pub command: OrderCommand,
    /// Who gets the reply, if anybody.
    pub requester: Option<Requester>,
    /// When it was taken in.
    pub received_at: DateTime<Utc>,
    /// The record in hand.
    pub in_flight: InFlight,
    /// Where its steps are entered.
    pub trail: Trail,
    /// Its place in the mailbox that it is on its way to.
    pub ticket: Ticket,
}

impl ApplyCommand {
    /// Posts it to the next mailbox.
    pub fn post(&mut self, mailbox: &Mailbox) {
        self.ticket = mailbox.post(self.command.name());
    }
}

impl Handler<ApplyCommand> for OrderActor {
    type Result = AtomicResponse<Self, ()>;

    fn handle(&mut self, message: ApplyCommand, _: &mut Self::Context) -> Self::Result {
        let in_hand = message.ticket.begin();
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
        AtomicResponse::new(Box::pin(performed.map(move |performed, actor, _| {
            let _in_hand = in_hand;
            let Some((known, outcome)) = performed else {
                // The process is going down. The record stays unfinished and comes again.
                actor.known = Known::Unknown;
                return actor.report(true);
            };
            let is_done = known.is_done();
            actor.known = known;
            reply(
                &*actor.colleagues.replies,
                message.requester,
                &outcome,
                message.trail,
                message.in_flight,
            );
            actor.report(is_done);
        })))
    }
}

/// Command: end. Sent by the registry when no command is outstanding.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Retire(pub Ticket);

impl Handler<Retire> for OrderActor {
    type Result = ();

    fn handle(&mut self, Retire(ticket): Retire, ctx: &mut Self::Context) {
        let _in_hand = ticket.begin();
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

/// Does what the command needs until it is done. `None` when the journal is gone.
async fn perform(
    known: Known,
    command: OrderCommand,
    now: DateTime<Utc>,
    trail: Trail,
    colleagues: Arc<Colleagues>,
) -> Option<(Known, CommandOutcome)> {
    let run = CommandRun::new(command, now);
    let mut step = run.begin(known);
    loop {
        let answered = match step {
            Step::Load => load(&trail, &colleagues)
                .await
                .map(|order| run.loaded(order)),
            Step::Store(transition) => {
                commit(transition, &trail, &colleagues)
                    .await?
                    .map(|outcome| {
                        if let StoreOutcome::Conflict(_) = outcome {
                            log::debug!("{trail} has changed behind its actor, deciding again");
                        }
                        run.stored(outcome)
                    })
            }
            Step::Done(known, outcome) => return Some((known, outcome)),
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
) -> Option<Result<StoreOutcome, StoreError>> {
    trail.mark(steps::DECIDED);
    let (reply_tx, reply_rx) = oneshot::channel();
    if let Err(error) = colleagues.journal_addr.try_send(Commit {
        transition,
        reply_tx,
        trail: trail.clone(),
        ticket: colleagues.mailboxes.journal.post("Commit"),
    }) {
        log::error!("{trail} the journal did not take its transition: {error}");
        return None;
    }
    reply_rx.await.ok()
}
