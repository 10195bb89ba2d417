//! Order number → order actor. One Kafka partition has one owner, one owner has one registry, one registry starts at most one
//! actor an order. Knows nothing of what commands do.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, AsyncContext, Context, Handler, Message};
use shared::mailboxes::{Mailbox, Ticket};
use shared::order_number::OrderNumber;
use tokio::time::Instant;

use crate::actors::order_actor::{ApplyCommand, Colleagues, OrderActor, Retire};
use crate::actors::residents::{Residents, Route};
use crate::config::ActorSettings;
use crate::steps;

const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// Routes commands to order actors.
pub struct OrderRegistry {
    residents: Residents<ApplyCommand>,
    actors: HashMap<OrderNumber, (Addr<OrderActor>, Mailbox)>,
    colleagues: Arc<Colleagues>,
    settings: ActorSettings,
    started_at: Instant,
}

impl OrderRegistry {
    /// A registry whose actors work with `colleagues`.
    #[must_use]
    pub fn new(colleagues: Arc<Colleagues>, settings: ActorSettings) -> Self {
        Self {
            residents: Residents::new(settings.max_live, settings.idle_after),
            actors: HashMap::new(),
            colleagues,
            settings,
            started_at: Instant::now(),
        }
    }

    fn route(&mut self, number: &OrderNumber, message: ApplyCommand, ctx: &Context<Self>) {
        match self.residents.route(number, message) {
            Route::Start(message) => {
                let order_addr = self.start_actor(number, ctx);
                let mailbox = self.colleagues.mailboxes.orders.open(number.as_str());
                hand_over(&order_addr, &mailbox, message);
                self.actors.insert(number.clone(), (order_addr, mailbox));
            }
            Route::Forward(message) => {
                if let Some((order_addr, mailbox)) = self.actors.get(number) {
                    hand_over(order_addr, mailbox, message);
                }
            }
            Route::Kept => {}
        }
    }

    fn start_actor(&self, number: &OrderNumber, ctx: &Context<Self>) -> Addr<OrderActor> {
        let registry_addr = ctx.address();
        let actor = OrderActor::new(
            number.clone(),
            Arc::clone(&self.colleagues),
            registry_addr.clone().recipient(),
            registry_addr.recipient(),
        );
        let capacity = self.settings.max_in_flight;
        OrderActor::create(|ctx| {
            ctx.set_mailbox_capacity(capacity);
            actor
        })
    }

    fn retire(&self, numbers: &[OrderNumber]) {
        for number in numbers {
            let told = self
                .actors
                .get(number)
                .map(|(order_addr, mailbox)| order_addr.try_send(Retire(mailbox.post("Retire"))));
            if let Some(Err(error)) = told {
                log::error!("order={number} could not be told to retire: {error}");
            }
        }
    }

    fn sweep(&mut self) {
        let idle = self.residents.sweep(self.started_at.elapsed());
        self.retire(&idle);
    }
}

/// In the order of the records, so never by a send that waits. The mailbox holds as many as there are permits: it is never full.
fn hand_over(order_addr: &Addr<OrderActor>, mailbox: &Mailbox, mut message: ApplyCommand) {
    message.post(mailbox);
    let trail = message.trail.clone();
    if let Err(error) = order_addr.try_send(message) {
        log::error!("{trail} its actor did not take a command, which will come again: {error}");
    }
}

impl Actor for OrderRegistry {
    type Context = Context<Self>;

    /// The mailbox holds a command and a report for each permit, and the end of every actor. It has its size before anybody can
    /// send: in `started` it would come after the first messages.
    fn start(self) -> Addr<Self> {
        let capacity = 2 * self.settings.max_in_flight + self.settings.max_live;
        Self::create(|ctx| {
            ctx.set_mailbox_capacity(capacity);
            self
        })
    }

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(SWEEP_INTERVAL, |registry, _| registry.sweep());
    }
}

impl Handler<ApplyCommand> for OrderRegistry {
    type Result = ();

    fn handle(&mut self, mut message: ApplyCommand, ctx: &mut Self::Context) {
        let _in_hand = std::mem::take(&mut message.ticket).begin();
        message.trail.mark(steps::ROUTED);
        let number = message.command.number().clone();
        self.route(&number, message, ctx);
    }
}

/// Fact: an order's actor has done with a command. Sent by it after each.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct CommandFinished {
    /// The order.
    pub number: OrderNumber,
    /// Whether the order is final or does not exist, so that the actor is no longer needed.
    pub is_done: bool,
    /// Its place in the mailbox.
    pub ticket: Ticket,
}

impl Handler<CommandFinished> for OrderRegistry {
    type Result = ();

    fn handle(
        &mut self,
        CommandFinished {
            number,
            is_done,
            ticket,
        }: CommandFinished,
        _: &mut Self::Context,
    ) {
        let _in_hand = ticket.begin();
        let retired = self
            .residents
            .finished(&number, is_done, self.started_at.elapsed());
        self.retire(&retired);
    }
}

/// Fact: an order's actor has ended. Sent by it as its last word.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct ActorEnded {
    /// The order.
    pub number: OrderNumber,
    /// Its place in the mailbox.
    pub ticket: Ticket,
}

impl Handler<ActorEnded> for OrderRegistry {
    type Result = ();

    fn handle(&mut self, ActorEnded { number, ticket }: ActorEnded, ctx: &mut Self::Context) {
        let _in_hand = ticket.begin();
        self.actors.remove(&number);
        for message in self.residents.ended(&number) {
            self.route(&number, message, ctx);
        }
    }
}

/// Query: how many order actors are there? Sent by tests.
#[derive(Debug, Message)]
#[rtype(result = "usize")]
pub struct CountActors;

impl Handler<CountActors> for OrderRegistry {
    type Result = usize;

    fn handle(&mut self, _: CountActors, _: &mut Self::Context) -> usize {
        self.residents.len()
    }
}
