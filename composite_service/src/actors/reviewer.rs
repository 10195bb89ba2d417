//! Completes purchases that ended, or crashed, before everything was done. Asks the order service which orders are due for review, asks
//! the gateway what it has charged, and does what `domain/review` decides. Every composite does this; every action is idempotent.
//!
//! The reviewer decides by nothing that it remembers. An order stays due until it is settled, so a failed review is repeated, but less and
//! less often. What waits for something that no review can do is shown to operators; only that view is kept between rounds. The load is bounded: a review ends with the answer to its command, and the number of concurrent reviews is limited.

use std::cell::Cell;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
use crate::domain::holds::Holds;
use crate::domain::order::{OrderCommand, Payment, Refund, RefundOutcome};
use crate::domain::purchase::CommandAnswer;
use crate::domain::review::{Hold, Remedy, Standing, remedy};
use crate::domain::review_pace::{is_its_turn, pause};
use crate::metrics::ReviewMetrics;
use crate::ports::order_query::OrderQuery;
use crate::ports::payment::{CancelError, PaymentGateway, RefundError};
use crate::steps;

/// The limit of concurrent reviews, and so of unanswered commands. It is high, so that commands that wait for a locked row do not delay
/// the other reviews for long.
const AT_ONCE: usize = 128;

/// How many of them call the gateway at a time. It is low, because shoppers need the gateway too.
const AT_GATEWAY: usize = 16;

/// After so many consecutive failures the gateway counts as unavailable, and the round ends.
const AWAY: u32 = 32;

/// Reviews orders.
pub struct Reviewer {
    desk: Arc<ReviewDesk>,
    ids: Arc<dyn IdSource>,
    holds: SharedHolds,
}

/// The orders on hold, as operators see them.
pub type SharedHolds = Arc<Mutex<Holds>>;

/// The dependencies of a review.
pub struct ReviewDesk {
    /// Lists the orders that are due.
    pub query: Arc<dyn OrderQuery>,
    /// Looks up and cancels payments.
    pub gateway: Arc<dyn PaymentGateway>,
    /// Sends commands.
    pub commands: CommandSender,
    /// Records the trails of reviews.
    pub traces: Arc<Traces>,
    /// Shows the orders on hold.
    pub metrics: ReviewMetrics,
}

impl Reviewer {
    /// A reviewer with these dependencies. `ids` gives the random numbers for the pause, the selection and the order of reviews.
    #[must_use]
    pub fn new(desk: ReviewDesk, ids: Arc<dyn IdSource>) -> Self {
        Self {
            desk: Arc::new(desk),
            ids,
            holds: SharedHolds::default(),
        }
    }

    /// The orders on hold, as the latest reviews have found them.
    #[must_use]
    pub fn holds(&self) -> SharedHolds {
        Arc::clone(&self.holds)
    }

    /// A pause, a round, and so on. The next round is scheduled only when this one has ended, so rounds never overlap.
    fn go_round(&self, ctx: &mut Context<Self>) {
        let (desk, ids) = (Arc::clone(&self.desk), Arc::clone(&self.ids));
        let holds = self.holds();
        let round = async move {
            tokio::time::sleep(pause(ids.any())).await;
            Round::new(&desk, &holds).review_all(&*ids).await;
            desk.show(&holds.lock().unwrap_or_else(PoisonError::into_inner));
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

/// One round through all orders that are due.
struct Round<'desk> {
    desk: &'desk ReviewDesk,
    holds: &'desk Mutex<Holds>,
    /// Consecutive failures of the gateway. A `Cell` is enough: all reviews of a round run in one task.
    failures: Cell<u32>,
    at_gateway: Semaphore,
}

impl<'desk> Round<'desk> {
    fn new(desk: &'desk ReviewDesk, holds: &'desk Mutex<Holds>) -> Self {
        Self {
            desk,
            holds,
            failures: Cell::new(0),
            at_gateway: Semaphore::new(AT_GATEWAY),
        }
    }

    /// Reviews all pages, each in random order. Several composites read the same pages; so they review different orders at the same time.
    async fn review_all(&self, ids: &dyn IdSource) {
        let mut after: Option<String> = None;
        let mut due = HashSet::new();
        loop {
            let page = match self.desk.query.due_reviews(after.as_deref()).await {
                Ok(page) => page,
                Err(error) => {
                    return log::warn!(
                        "the orders that are due for review could not be read: {error}"
                    );
                }
            };
            due.extend(
                page.orders
                    .iter()
                    .filter_map(|order| order.order_num.clone()),
            );
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
                return log::warn!(
                    "the payment gateway is unavailable; the reviews go on in the next round"
                );
            }
            // A page that links to itself would make this loop endless.
            if page.next.is_none() || page.next == after {
                return self.holds().keep_only(&due);
            }
            after = page.next;
        }
    }

    fn gateway_is_away(&self) -> bool {
        self.failures.get() >= AWAY
    }

    async fn review(&self, order: &OrderDto) {
        let Some(number) = &order.order_num else {
            return log::error!(
                "the order service has listed an order without a number for review"
            );
        };
        let place = match self.at_gateway.acquire().await {
            Ok(place) => place,
            Err(_) => unreachable!("the round owns this semaphore and never closes it"),
        };
        // Checked again: other reviews may have failed while this one waited for the semaphore.
        if self.gateway_is_away() {
            return;
        }
        let trail = &self.desk.begin(number);
        let standing = self.look_up(trail).await;
        let told = told(&standing);
        match remedy(number, order, standing) {
            // The latest finding about the order still stands.
            Remedy::Wait => {}
            Remedy::Hold(hold) => self.found(trail, Some(hold), &told),
            Remedy::Send(command) => {
                // Released before the reply is awaited: that takes no call of the gateway, and may take seconds.
                drop(place);
                self.found(trail, None, &told);
                self.desk.send(command, trail).await;
            }
            Remedy::Refund(payment, reason) => {
                match self.desk.refund(trail, &payment, reason).await {
                    Err(CancelError::Refused(code)) => {
                        self.found(trail, Some(Hold::NotCancellable), &code);
                    }
                    Ok(()) | Err(CancelError::NotYet(_)) => self.found(trail, None, &told),
                }
            }
            Remedy::GiveBack(payment, refund) => {
                self.found(trail, None, &told);
                let command = self.give_back(trail, &payment, refund).await;
                drop(place);
                if let Some(command) = command {
                    self.desk.send(command, trail).await;
                }
            }
        }
    }

    /// What the gateway has decided about the refund is told at once. Otherwise the refund stays, and a later round asks again.
    async fn give_back(
        &self,
        trail: &Trail,
        payment: &Payment,
        refund: Refund,
    ) -> Option<OrderCommand> {
        let outcome = match self.desk.give_back(trail, payment, refund).await {
            Ok(()) => RefundOutcome::Done,
            Err(RefundError::NotNow(_)) => RefundOutcome::NotNow,
            Err(RefundError::Refused(_)) => RefundOutcome::Refused,
            Err(RefundError::Unknown(_)) => return None,
        };
        Some(OrderCommand::EndRefund {
            number: trail.number().clone(),
            refund: refund.number,
            outcome,
        })
    }

    fn holds(&self) -> MutexGuard<'_, Holds> {
        self.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells operators once what a review has found, with what the gateway has told.
    fn found(&self, trail: &Trail, hold: Option<Hold>, told: &str) {
        let is_news = self.holds().is_news(trail.number(), hold);
        if let Some(hold) = hold.filter(|_| is_news) {
            let name = hold.as_str();
            log::warn!("{trail} review: on hold, {name}: {hold}; the gateway has told: {told}");
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
                log::warn!("{trail} the payment gateway is unavailable: {cause}");
            }
            // The gateway has answered, so it is available, even if the answer does not help.
            Standing::Strange(..)
            | Standing::PartlyCancelled(..)
            | Standing::AwaitsDeposit(_)
            | Standing::Unfinished
            | Standing::Charged(_)
            | Standing::Declined
            | Standing::NotCharged => self.failures.set(0),
        }
        standing
    }
}

impl ReviewDesk {
    /// Returns when the command is answered or has timed out. The result is not needed: if the order is still due, a later round
    /// reviews it again.
    async fn send(&self, command: OrderCommand, trail: &Trail) {
        log::info!("{trail} review: {}", command.name());
        trail.mark(command.name());
        match self.commands.send(command, trail).await {
            CommandAnswer::Replied(reply) | CommandAnswer::RepliedByStranger(reply) => {
                log::debug!("{trail} review: the reply is {reply:?}");
            }
            CommandAnswer::Overdue | CommandAnswer::NotSent | CommandAnswer::NotSupported(_) => {
                log::warn!("{trail} review: no reply, trying again in a later round");
            }
        }
    }

    async fn refund(
        &self,
        trail: &Trail,
        payment: &Payment,
        reason: Reason,
    ) -> Result<(), CancelError> {
        log::info!("{trail} review: cancelling the payment of a rejected order: {reason}");
        trail.mark(steps::CANCEL);
        let cancelled = self
            .gateway
            .cancel(trail.number(), payment, reason, trail.context());
        let cancelled = cancelled.await;
        trail.mark(steps::GATEWAY_ANSWERED);
        if let Err(error) = &cancelled {
            log::warn!("{trail} {error}");
        }
        cancelled
    }

    async fn give_back(
        &self,
        trail: &Trail,
        payment: &Payment,
        refund: Refund,
    ) -> Result<(), RefundError> {
        let nth = refund.number;
        log::info!("{trail} review: going on with refund {nth}");
        trail.mark(steps::REFUND);
        let answered = self
            .gateway
            .refund(trail.number(), payment, refund, trail.context());
        let answered = answered.await;
        trail.mark(steps::GATEWAY_ANSWERED);
        if let Err(error) = &answered {
            log::warn!("{trail} {error}");
        }
        answered
    }

    /// Shows how many orders are on hold.
    fn show(&self, holds: &Holds) {
        for hold in Hold::ALL {
            let count = i64::try_from(holds.count(hold)).unwrap_or(i64::MAX);
            let of_reason = self.metrics.on_hold.with_label_values(&[hold.as_str()]);
            of_reason.set(count);
        }
    }

    /// A review belongs to no request, so each begins a trace of its own.
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

/// What the gateway has told, for the log.
fn told(standing: &Standing) -> String {
    match standing {
        Standing::Strange(_, told) => told.clone(),
        Standing::Charged(payment)
        | Standing::PartlyCancelled(payment, _)
        | Standing::AwaitsDeposit(payment) => format!("an amount of {}", payment.amount),
        Standing::Unfinished | Standing::Declined | Standing::NotCharged | Standing::Away(_) => {
            "nothing else".to_owned()
        }
    }
}
