//! Closes the books of purchases that have ended, or died, with something open: asks the order service which are due, the gateway what it
//! has charged, and does what `domain/review` says. Every composite does so; all of it is harmless when done twice.
//!
//! Nothing is remembered here: an order stays due until it is settled, so whatever fails is looked at again, though ever more rarely.
//! What is out at a time is bounded: a review ends with the answer to its command, and only so many are under way.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, AsyncContext, Context, WrapFuture};
use futures_util::stream::{self, StreamExt};
use shared::ids::IdSource;
use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::trace::{Arrival, Traces, Trail};
use shared::wire::order_dto::OrderDto;
use tokio::sync::Semaphore;

use crate::actors::kafka_bridge::CommandSender;
use crate::domain::order::{OrderCommand, Payment};
use crate::domain::purchase::CommandAnswer;
use crate::domain::review::{Remedy, Standing, remedy};
use crate::domain::review_pace::{is_its_turn, pause};
use crate::ports::order_query::OrderQuery;
use crate::ports::payment::PaymentGateway;
use crate::steps;

/// How many reviews are under way at a time: so many wait for replies at most. A good many, so that orders whose commands are stuck behind
/// a row that somebody holds do not keep the others waiting for long.
const AT_ONCE: usize = 128;

/// How many of them ask the gateway at a time.
const AT_GATEWAY: usize = 16;

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
    pub commands: CommandSender,
    /// Where reviews leave their trails.
    pub traces: Arc<Traces>,
}

impl Reviewer {
    /// A reviewer at this desk; `ids` is the chance in its interval, and in whose turn it is, and when.
    #[must_use]
    pub fn new(desk: ReviewDesk, ids: Arc<dyn IdSource>) -> Self {
        Self {
            desk: Arc::new(desk),
            ids,
        }
    }

    /// One round, and the next after a pause: rounds never overlap.
    fn go_round(&self, ctx: &mut Context<Self>) {
        let (desk, ids) = (Arc::clone(&self.desk), Arc::clone(&self.ids));
        let round = async move {
            tokio::time::sleep(pause(ids.any())).await;
            Round::new(&desk).review_all(&*ids).await;
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

/// A round through all that is due.
struct Round<'desk> {
    desk: &'desk ReviewDesk,
    /// How often the gateway has failed, one time after the other.
    failures: Cell<u32>,
    at_gateway: Semaphore,
}

impl<'desk> Round<'desk> {
    fn new(desk: &'desk ReviewDesk) -> Self {
        Self {
            desk,
            failures: Cell::new(0),
            at_gateway: Semaphore::new(AT_GATEWAY),
        }
    }

    /// Goes through all pages. Each is gone through in an order of its own, so that several composites, which read the same pages, look at
    /// different orders at a time.
    async fn review_all(&self, ids: &dyn IdSource) {
        let mut after: Option<String> = None;
        loop {
            let page = match self.desk.query.due_reviews(after.as_deref()).await {
                Ok(page) => page,
                Err(error) => return log::warn!("what is due for review is unknown: {error}"),
            };
            let mut turns = page.orders;
            turns.retain(|order| {
                let due_for = Duration::from_secs(order.due_for_seconds.unwrap_or_default());
                is_its_turn(due_for, ids.any())
            });
            turns.sort_by_cached_key(|_| ids.any());
            stream::iter(&turns)
                .for_each_concurrent(AT_ONCE, |order| self.review(order))
                .await;
            if self.gateway_is_away() {
                return log::warn!("the payment gateway is away, the reviews wait");
            }
            if page.next.is_none() || page.next == after {
                return;
            }
            after = page.next;
        }
    }

    fn gateway_is_away(&self) -> bool {
        self.failures.get() >= AWAY
    }

    async fn review(&self, order: &OrderDto) {
        let Some(number) = &order.order_num else {
            return log::error!("the order service says that an order without a number is due");
        };
        let place = match self.at_gateway.acquire().await {
            Ok(place) => place,
            Err(_) => unreachable!("the round has this semaphore, and never closes it"),
        };
        if self.gateway_is_away() {
            return;
        }
        let trail = &self.desk.begin(number);
        let standing = self.look_up(trail).await;
        match remedy(number, order, standing) {
            Remedy::Wait => {}
            Remedy::Send(command) => {
                drop(place);
                self.desk.send(command, trail).await;
            }
            Remedy::Refund(payment, reason) => self.desk.refund(trail, &payment, reason).await,
        }
    }

    async fn look_up(&self, trail: &Trail) -> Standing {
        trail.mark(steps::LOOK_UP);
        let look_up = self.desk.gateway.look_up(trail.number(), trail.context());
        let standing = look_up.await;
        trail.mark(steps::GATEWAY_ANSWERED);
        match &standing {
            Standing::Away(cause) => {
                self.failures.set(self.failures.get() + 1);
                log::warn!("{trail} the gateway can't be asked: {cause}");
            }
            Standing::Unknown(cause) => {
                self.failures.set(0);
                log::warn!("{trail} the gateway does not say whether it is charged: {cause}");
            }
            Standing::Charged(_) | Standing::Declined | Standing::NotCharged => {
                self.failures.set(0);
            }
        }
        standing
    }
}

impl ReviewDesk {
    /// Until the command is answered, or will not be. What came of it shows in the next round.
    async fn send(&self, command: OrderCommand, trail: &Trail) {
        log::info!("{trail} review: {}", command.name());
        trail.mark(command.name());
        match self.commands.send(command, trail).await {
            CommandAnswer::Replied(reply) => log::debug!("{trail} is answered: {reply:?}"),
            CommandAnswer::Overdue | CommandAnswer::NotSent => {
                log::warn!("{trail} is not answered, trying again in a later round");
            }
        }
    }

    async fn refund(&self, trail: &Trail, payment: &Payment, reason: Reason) {
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
