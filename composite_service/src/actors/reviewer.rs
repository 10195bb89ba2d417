//! Closes the books of purchases that have ended, or died, with something open: asks the order service which are due, the gateway what it
//! has charged, and does what `domain/review` says. Every composite does so; all of it is harmless when done twice.
//!
//! Nothing is remembered here: an order stays due until it is settled, so whatever fails is looked at again, though ever more rarely.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, AsyncContext, Context, Handler, Recipient, WrapFuture};
use futures_util::stream::{self, StreamExt};
use shared::ids::IdSource;
use shared::mailboxes::Mailbox;
use shared::order_number::OrderNumber;
use shared::trace::{Arrival, Traces, Trail};
use shared::wire::order_dto::OrderDto;

use crate::actors::kafka_bridge::{CommandAnswered, SendCommand};
use crate::domain::purchase::CommandAnswer;
use crate::domain::review::{Remedy, Standing, remedy};
use crate::domain::review_pace::is_its_turn;
use crate::ports::order_query::OrderQuery;
use crate::ports::payment::PaymentGateway;
use crate::steps;

/// How often the order service is asked, less up to a half, so that instances do not ask together.
const INTERVAL: Duration = Duration::from_secs(6);

/// How many orders are reviewed at a time.
const AT_ONCE: usize = 16;

/// A gateway that has failed so often, one time after the other, is away, and the round is over.
const AWAY: u32 = 32;

/// Reviews orders.
pub struct Reviewer {
    desk: Arc<ReviewDesk>,
    ids: Arc<dyn IdSource>,
}

/// What a review works with.
pub struct ReviewDesk {
    /// Tells which orders are due.
    pub query: Arc<dyn OrderQuery>,
    /// Tells what is charged, and cancels.
    pub gateway: Arc<dyn PaymentGateway>,
    /// Sends commands.
    pub bridge: Recipient<SendCommand>,
    /// Where they are posted.
    pub bridge_mailbox: Mailbox,
    /// Where reviews leave their trails.
    pub traces: Arc<Traces>,
}

impl Reviewer {
    /// A reviewer at this desk; `ids` is the chance in its interval, and in whose turn it is.
    #[must_use]
    pub fn new(desk: ReviewDesk, ids: Arc<dyn IdSource>) -> Self {
        Self {
            desk: Arc::new(desk),
            ids,
        }
    }

    fn pause(&self) -> Duration {
        let half = u64::try_from(INTERVAL.as_millis() / 2).unwrap_or(u64::MAX);
        Duration::from_millis(half + self.ids.order_random() % half)
    }

    /// One round, and the next after a pause: rounds never overlap.
    fn go_round(&self, ctx: &mut Context<Self>) {
        let (desk, ids, pause, asker) = (
            Arc::clone(&self.desk),
            Arc::clone(&self.ids),
            self.pause(),
            ctx.address().recipient(),
        );
        let round = async move {
            tokio::time::sleep(pause).await;
            desk.review_all(&*ids, &asker).await;
        };
        ctx.spawn(actix::fut::ActorFutureExt::map(
            round.into_actor(self),
            |(), reviewer, ctx| {
                reviewer.go_round(ctx);
            },
        ));
    }
}

impl Actor for Reviewer {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.go_round(ctx);
    }
}

impl Handler<CommandAnswered> for Reviewer {
    type Result = ();

    /// The outcome shows in the next round.
    fn handle(&mut self, CommandAnswered(answer): CommandAnswered, _: &mut Self::Context) {
        match answer {
            CommandAnswer::Replied(reply) => log::debug!("a review was answered: {reply:?}"),
            CommandAnswer::Overdue | CommandAnswer::NotSent => {
                log::warn!("a review was not answered, trying again");
            }
        }
    }
}

impl ReviewDesk {
    /// Goes through all pages of what is due.
    async fn review_all(&self, ids: &dyn IdSource, asker: &Recipient<CommandAnswered>) {
        let failures = Cell::new(0);
        let mut after: Option<String> = None;
        loop {
            let page = match self.query.due_reviews(after.as_deref()).await {
                Ok(page) => page,
                Err(error) => return log::warn!("what is due for review is unknown: {error}"),
            };
            let turns = page.orders.iter().filter(|order| {
                let due_for = Duration::from_secs(order.due_for_seconds.unwrap_or_default());
                is_its_turn(due_for, INTERVAL, ids.order_random())
            });
            let review = |order| self.review(order, &failures, asker);
            stream::iter(turns)
                .for_each_concurrent(AT_ONCE, review)
                .await;
            if failures.get() >= AWAY {
                return log::warn!("the payment gateway is away, the reviews wait");
            }
            if page.next.is_none() || page.next == after {
                return;
            }
            after = page.next;
        }
    }

    async fn review(
        &self,
        order: &OrderDto,
        failures: &Cell<u32>,
        asker: &Recipient<CommandAnswered>,
    ) {
        let Some(number) = order.order_num.as_ref().filter(|_| failures.get() < AWAY) else {
            return;
        };
        let trail = &self.begin(number);
        trail.mark(steps::LOOK_UP);
        let standing = self.gateway.look_up(number, trail.context()).await;
        trail.mark(steps::GATEWAY_ANSWERED);
        match &standing {
            Standing::Away(cause) => {
                failures.set(failures.get() + 1);
                log::warn!("{trail} the gateway can't be asked: {cause}");
            }
            Standing::Unknown(cause) => {
                failures.set(0);
                log::warn!("{trail} the gateway does not say whether it is charged: {cause}");
            }
            Standing::Charged(_) | Standing::Declined | Standing::NotCharged => failures.set(0),
        }
        match remedy(number, order, standing) {
            Remedy::Wait => {}
            Remedy::Send(command) => {
                log::info!("{trail} review: {}", command.name());
                trail.mark(command.name());
                let message = SendCommand {
                    ticket: self.bridge_mailbox.post(command.name()),
                    command,
                    asker: asker.clone(),
                    trail: trail.clone(),
                };
                if let Err(error) = self.bridge.try_send(message) {
                    log::warn!("{trail} the bridge did not take a command: {error}");
                }
            }
            Remedy::Refund(payment, reason) => self.refund(trail, &payment, reason).await,
        }
    }

    async fn refund(
        &self,
        trail: &Trail,
        payment: &shared::wire::order_dto::PaymentDto,
        reason: shared::reason::Reason,
    ) {
        log::info!("{trail} review: cancelling its payment, it is rejected for {reason}");
        trail.mark(steps::CANCEL);
        let cancelled = self
            .gateway
            .cancel(trail.number(), payment, reason, trail.context());
        let cancelled = cancelled.await;
        trail.mark(steps::GATEWAY_ANSWERED);
        if let Err(error) = cancelled {
            log::warn!("{trail} {error}");
        }
    }

    /// Nobody has asked for a review, so each is a trace of its own.
    fn begin(&self, number: &OrderNumber) -> Trail {
        let arrival = Arrival {
            name: "review",
            step: steps::REVIEWED,
            at: Instant::now(),
            caller: None,
            record: None,
        };
        self.traces.begin(number, arrival)
    }
}
