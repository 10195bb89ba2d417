//! Passes each command to the actor of its order. A Kafka partition has one owner, an owner has one registry, and a registry has at most
//! one actor for an order: so an order's commands are handled one at a time. Knows nothing of what commands do.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, AsyncContext, Context, Handler};
use shared::crash::crash;
use shared::mailboxes::Mailbox;
use shared::order_number::OrderNumber;
use shared::postbox::{ActorPostbox, Postbox, Posted};
use tokio::time::Instant;

use crate::actors::order_actor::{
    ApplyCommand, Colleagues, OrderActor, Report, ReportEvent, Retire,
};
use crate::actors::residents::{Residents, Route};
use crate::config::ActorSettings;
use crate::steps;

const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// Passes commands to order actors, which it starts and retires.
pub struct OrderRegistry {
    residents: Residents<ApplyCommand>,
    actors: HashMap<OrderNumber, ActorPostbox<OrderActor>>,
    colleagues: Arc<Colleagues>,
    settings: ActorSettings,
    started_at: Instant,
    mailbox: Mailbox,
}

impl OrderRegistry {
    /// Starts a registry whose actors work with `colleagues`. Its entry in the table of mailboxes is `mailbox`.
    #[must_use]
    pub fn start(
        colleagues: Arc<Colleagues>,
        settings: ActorSettings,
        mailbox: Mailbox,
    ) -> ActorPostbox<Self> {
        // A command for each permit; a report of each command that has just given its permit back; and the end of every actor, of
        // which as many as there are permits may be of orders that have just been finished.
        let capacity = 3 * settings.max_in_flight + settings.max_live;
        let registry = Self {
            residents: Residents::new(settings.max_live, settings.idle_after),
            actors: HashMap::new(),
            colleagues,
            settings,
            started_at: Instant::now(),
            mailbox: mailbox.clone(),
        };
        ActorPostbox::start(registry, capacity, mailbox)
    }

    fn route(&mut self, number: &OrderNumber, message: ApplyCommand, ctx: &Context<Self>) {
        match self.residents.route(number, message) {
            Route::Start(message) => {
                let order = self.start_actor(number, ctx);
                hand_over(&order, message);
                self.actors.insert(number.clone(), order);
            }
            Route::Forward(message) => {
                let Some(order) = self.actors.get(number) else {
                    // Residents and actors are entered and removed together.
                    crash(format_args!("{} has no actor to go to", message.trail));
                };
                hand_over(order, message);
            }
            Route::Kept => {}
        }
    }

    fn start_actor(&self, number: &OrderNumber, ctx: &Context<Self>) -> ActorPostbox<OrderActor> {
        let registry = Postbox::new(ctx.address().recipient(), self.mailbox.clone());
        let actor = OrderActor::new(number.clone(), Arc::clone(&self.colleagues), registry);
        let mailbox = self.colleagues.order_mailboxes.open(number.as_str());
        ActorPostbox::start(actor, self.settings.max_in_flight, mailbox)
    }

    fn finished(&mut self, number: &OrderNumber, is_done: bool) {
        let since_start = self.started_at.elapsed();
        let retired = self.residents.finished(number, is_done, since_start);
        self.retire(&retired);
    }

    fn ended(&mut self, number: &OrderNumber, ctx: &Context<Self>) {
        self.actors.remove(number);
        for message in self.residents.ended(number) {
            self.route(number, message, ctx);
        }
    }

    fn retire(&self, numbers: &[OrderNumber]) {
        for number in numbers {
            let told = self.actors.get(number).map(|order| order.try_send(Retire));
            if !matches!(told, Some(Ok(()))) {
                // It lives, and no command waits in its mailbox. Commands for the order would be kept for its successor for ever.
                crash(format_args!(
                    "order={number} could not be told to retire: {told:?}"
                ));
            }
        }
    }

    fn sweep(&mut self) {
        let idle = self.residents.sweep(self.started_at.elapsed());
        self.retire(&idle);
    }
}

/// Never by a send that waits: it could be overtaken by the next command for the order.
fn hand_over(order: &ActorPostbox<OrderActor>, message: ApplyCommand) {
    let trail = message.trail.clone();
    if let Err(error) = order.try_send(message) {
        // Its mailbox has room for every permit, and it ends only when it is told to, after which no command is forwarded to it.
        crash(format_args!(
            "{trail} its actor did not take a command: {error}"
        ));
    }
}

impl Actor for OrderRegistry {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(SWEEP_INTERVAL, |registry, _| registry.sweep());
    }
}

impl Handler<Posted<ApplyCommand>> for OrderRegistry {
    type Result = ();

    fn handle(&mut self, posted: Posted<ApplyCommand>, ctx: &mut Self::Context) {
        let (message, _in_hand) = posted.begin();
        message.trail.mark(steps::ROUTED);
        let number = message.command.number().clone();
        self.route(&number, message, ctx);
    }
}

impl Handler<Posted<Report>> for OrderRegistry {
    type Result = ();

    fn handle(&mut self, posted: Posted<Report>, ctx: &mut Self::Context) {
        let (Report { number, event }, _in_hand) = posted.begin();
        match event {
            ReportEvent::CommandFinished { is_done } => self.finished(&number, is_done),
            ReportEvent::ActorEnded => self.ended(&number, ctx),
        }
    }
}
