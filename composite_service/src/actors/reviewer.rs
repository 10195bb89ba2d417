//! Closes the books of purchases that have ended, or died, with something open: asks the order service which are due, the gateway what it
//! has charged, and does what `domain/review` says. Every composite does so; all of it is harmless when done twice.
//!
//! Nothing is remembered here: an order stays due until it is settled, so whatever fails is looked at again.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, AsyncContext, Context, Handler, Recipient, WrapFuture};
use futures_util::stream::{self, StreamExt};
use shared::ids::IdSource;
use shared::order_number::OrderNumber;
use shared::wire::order_dto::OrderDto;

use crate::actors::kafka_bridge::{CommandAnswered, SendCommand};
use crate::domain::purchase::CommandAnswer;
use crate::domain::review::{Remedy, Standing, remedy};
use crate::ports::order_query::OrderQuery;
use crate::ports::payment::PaymentGateway;

/// How often the order service is asked, less up to a half, so that instances do not ask together.
const INTERVAL: Duration = Duration::from_secs(6);

/// How many orders are reviewed at a time.
const AT_ONCE: usize = 16;

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
}

impl Reviewer {
    /// A reviewer at this desk; `ids` is the chance in its interval.
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
        let (desk, pause, asker) = (
            Arc::clone(&self.desk),
            self.pause(),
            ctx.address().recipient(),
        );
        let round = async move {
            tokio::time::sleep(pause).await;
            desk.review_all(&asker).await;
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
    async fn review_all(&self, asker: &Recipient<CommandAnswered>) {
        match self.query.due_reviews().await {
            Ok(due) => {
                let orders = stream::iter(&due);
                orders
                    .for_each_concurrent(AT_ONCE, |order| self.review(order, asker))
                    .await;
            }
            Err(error) => log::warn!("what is due for review is unknown: {error}"),
        }
    }

    async fn review(&self, order: &OrderDto, asker: &Recipient<CommandAnswered>) {
        let Some(number) = &order.order_num else {
            return;
        };
        let standing = self.gateway.look_up(number).await;
        if let Standing::Unknown(cause) = &standing {
            log::warn!("order={number} the gateway does not say whether it is charged: {cause}");
        }
        match remedy(number, order, standing) {
            Remedy::Wait => {}
            Remedy::Send(command) => {
                log::info!("order={number} review: {}", command.name());
                let message = SendCommand {
                    command,
                    asker: asker.clone(),
                };
                if let Err(error) = self.bridge.try_send(message) {
                    log::warn!("order={number} the bridge did not take a command: {error}");
                }
            }
            Remedy::Refund(payment, reason) => self.refund(number, &payment, reason).await,
        }
    }

    async fn refund(
        &self,
        number: &OrderNumber,
        payment: &shared::wire::order_dto::PaymentDto,
        reason: shared::reason::Reason,
    ) {
        log::info!("order={number} review: cancelling its payment, it is rejected for {reason}");
        if let Err(error) = self.gateway.cancel(number, payment, reason).await {
            log::warn!("order={number} {error}");
        }
    }
}
