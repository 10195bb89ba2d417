//! One purchase: performs the effects of the saga and passes their results back as events. Makes no decisions.

use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor, ActorContext, ActorFutureExt, ArbiterHandle, AsyncContext, Context, WrapFuture,
};
use chrono_tz::Tz;
use shared::budget;
use shared::clock::Clock;
use shared::ids::{IdSource, next_order_number};
use shared::mailboxes::{ActorType, InHand, Mailbox};
use shared::order_number::OrderNumber;
use shared::trace::{Arrival, Traces, Trail};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::Instant;

use crate::actors::kafka_bridge::CommandSender;
use crate::domain::order::{Basket, Cancellation, Idempotency, Payment, RefundOutcome};
use crate::domain::purchase::{
    CancelAnswer, Effect, Event, Outcome, Purchase, RefundAnswer, needs_gateway,
};
use crate::ports::payment::{
    CancelError, ConfirmAnswer, Origin, PaymentGateway, RefundError, Trouble,
};
use crate::steps;

/// The dependencies that all purchases share.
pub struct Colleagues {
    /// Sends commands and awaits their replies.
    pub commands: CommandSender,
    /// Their entry in the table of mailboxes.
    pub purchases: ActorType,
    /// Charges and cancels payments.
    pub gateway: Arc<dyn PaymentGateway>,
    /// The time in order numbers.
    pub clock: Arc<dyn Clock>,
    /// Random numbers for order numbers and jitter.
    pub ids: Arc<dyn IdSource>,
    /// The time zone of order numbers.
    pub zone: Tz,
    /// Records the trails of purchases.
    pub traces: Arc<Traces>,
}

/// Starts purchases, up to a limit of concurrent ones.
#[derive(Clone)]
pub struct Purchases {
    colleagues: Arc<Colleagues>,
    permits: Arc<Semaphore>,
    arbiter: ArbiterHandle,
}

/// Why a purchase does not begin. Nothing is ordered, charged or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotBegun {
    /// The limit of concurrent purchases is reached.
    Overloaded,
    /// It has a payment, and the gateway will not be asked to charge for so long.
    PaymentUnavailable(Duration),
}

impl Purchases {
    /// At most `max_purchases` at a time, all on `arbiter`.
    #[must_use]
    pub fn new(colleagues: Colleagues, max_purchases: usize, arbiter: ArbiterHandle) -> Self {
        Self {
            colleagues: Arc::new(colleagues),
            permits: Arc::new(Semaphore::new(max_purchases)),
            arbiter,
        }
    }

    /// Places the order of the request that `arrival` describes, and pays it if the basket has a payment. The receiver gets the outcome
    /// within [`budget::HTTP_ANSWER`].
    ///
    /// # Errors
    /// When too many purchases are under way, or the gateway will not be asked to charge.
    pub fn place(
        &self,
        basket: Basket,
        arrival: Arrival,
    ) -> Result<oneshot::Receiver<Outcome>, NotBegun> {
        if let Some(payment) = &basket.payment {
            self.check_gateway(payment)?;
        }
        let number = self.colleagues.next_number();
        self.start(Purchase::place(number, basket), arrival)
    }

    /// Pays a pending order. The receiver gets the outcome as with [`place`](Self::place).
    ///
    /// # Errors
    /// When too many purchases are under way, or the gateway will not be asked to charge.
    pub fn pay(
        &self,
        number: OrderNumber,
        payment: Payment,
        idempotency: Option<Idempotency>,
        arrival: Arrival,
    ) -> Result<oneshot::Receiver<Outcome>, NotBegun> {
        self.check_gateway(&payment)?;
        self.start(Purchase::pay(number, payment, idempotency), arrival)
    }

    /// Cancels an order, or some of its pieces. The receiver gets the outcome as with [`place`](Self::place).
    ///
    /// # Errors
    /// When too many purchases are under way.
    pub fn cancel(
        &self,
        number: OrderNumber,
        cancellation: Cancellation,
        arrival: Arrival,
    ) -> Result<oneshot::Receiver<Outcome>, NotBegun> {
        self.start(Purchase::cancel(number, cancellation), arrival)
    }

    /// Before anything is ordered: an order that can't be paid now would only hold its stock.
    fn check_gateway(&self, payment: &Payment) -> Result<(), NotBegun> {
        let refuses_for = self.colleagues.gateway.refuses_for();
        match refuses_for.filter(|_| needs_gateway(payment)) {
            Some(wait) => Err(NotBegun::PaymentUnavailable(wait)),
            None => Ok(()),
        }
    }

    /// How many more can be started now.
    #[must_use]
    pub fn permits_left(&self) -> usize {
        self.permits.available_permits()
    }

    /// Waits until no purchase is running, for `wait` at most. Afterwards no purchase can be started. Returns how many are still running.
    pub async fn drain(&self, wait: Duration, max_purchases: usize) -> usize {
        let everything = u32::try_from(max_purchases).unwrap_or(u32::MAX);
        // All permits are free only when every purchase has ended. While this waits it collects permits as they are released, so no new
        // purchase gets one. A timeout drops the waiting future, which returns them; only then is `available_permits` right again.
        let drained = tokio::time::timeout(wait, self.permits.acquire_many(everything))
            .await
            .is_ok();
        let left = if drained {
            0
        } else {
            max_purchases - self.permits.available_permits()
        };
        self.permits.close();
        left
    }

    fn start(
        &self,
        (purchase, effects): (Purchase, Vec<Effect>),
        arrival: Arrival,
    ) -> Result<oneshot::Receiver<Outcome>, NotBegun> {
        // The actor owns the permit, so it is returned when the purchase ends, not when the shopper is answered.
        let permit = Arc::clone(&self.permits)
            .try_acquire_owned()
            .map_err(|_| NotBegun::Overloaded)?;
        let (outcome_tx, outcome_rx) = oneshot::channel();
        let mailbox = self.colleagues.purchases.open(purchase.number().as_str());
        let trail = self.colleagues.traces.begin(purchase.number(), arrival);
        let actor = PurchaseActor {
            purchase,
            first_effects: effects,
            outcome_tx_opt: Some(outcome_tx),
            started_at: Instant::now(),
            mailbox,
            awaits: InHand::default(),
            trail,
            colleagues: Arc::clone(&self.colleagues),
            _permit: permit,
        };
        PurchaseActor::start_in_arbiter(&self.arbiter, |_| actor);
        Ok(outcome_rx)
    }
}

impl Colleagues {
    fn next_number(&self) -> OrderNumber {
        next_order_number(&*self.clock, &*self.ids, self.zone)
    }
}

/// The actor of one purchase.
pub struct PurchaseActor {
    purchase: Purchase,
    first_effects: Vec<Effect>,
    outcome_tx_opt: Option<oneshot::Sender<Outcome>>,
    started_at: Instant,
    mailbox: Mailbox,
    /// The answer that it waits for, shown as the message that it handles.
    awaits: InHand,
    trail: Trail,
    colleagues: Arc<Colleagues>,
    _permit: OwnedSemaphorePermit,
}

impl Actor for PurchaseActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_later(budget::HTTP_ANSWER, |actor, ctx| {
            actor.go_on(Event::DeadlinePassed, ctx)
        });
        let effects = std::mem::take(&mut self.first_effects);
        self.perform_all(effects, ctx);
    }
}

impl PurchaseActor {
    fn await_answer(&mut self, to: &'static str) {
        // Dropped first, so that the previous wait is recorded as ended before the next one begins.
        drop(std::mem::take(&mut self.awaits));
        self.awaits = self.mailbox.post(to).begin();
    }

    fn go_on(&mut self, event: Event, ctx: &mut Context<Self>) {
        log::debug!("{} {event:?}", self.trail);
        let effects = self.purchase.handle(event, self.started_at.elapsed());
        self.perform_all(effects, ctx);
    }

    fn perform_all(&mut self, effects: Vec<Effect>, ctx: &mut Context<Self>) {
        for effect in effects {
            self.perform(effect, ctx);
        }
        if self.purchase.is_done() {
            ctx.stop();
        }
    }

    fn perform(&mut self, effect: Effect, ctx: &mut Context<Self>) {
        match effect {
            Effect::Send(command) => {
                self.await_answer(command.name());
                self.trail.mark(command.name());
                let answered = self.colleagues.commands.send(command, &self.trail);
                // Spawned, not awaited: the actor must still handle `DeadlinePassed` meanwhile. The future belongs to the actor's
                // context, so it lives as long as the purchase, even if the shopper disconnects.
                ctx.spawn(answered.into_actor(self).map(|answer, actor, ctx| {
                    actor.go_on(Event::Command(answer), ctx);
                }));
            }
            Effect::Renumber => {
                log::info!(
                    "{}: the order number is taken, trying another one",
                    self.trail
                );
                let number = self.colleagues.next_number();
                self.trail = self.colleagues.traces.follow(&number, &self.trail);
                self.go_on(Event::Renumbered(number), ctx);
            }
            Effect::Confirm { number, payment } => {
                self.await_answer("gateway confirm");
                self.trail.mark(steps::CONFIRM);
                let answered = self
                    .colleagues
                    .gateway
                    .confirm(&number, &payment, self.trail.context())
                    .into_actor(self);
                ctx.spawn(answered.map(|answer, actor, ctx| actor.confirmed(answer, ctx)));
            }
            Effect::Cancel {
                number,
                payment,
                reason,
            } => {
                self.await_answer("gateway cancel");
                self.trail.mark(steps::CANCEL);
                let answered = self
                    .colleagues
                    .gateway
                    .cancel(&number, &payment, reason, self.trail.context())
                    .into_actor(self);
                ctx.spawn(answered.map(|answer, actor, ctx| actor.cancelled(answer, ctx)));
            }
            Effect::GiveBack {
                number,
                payment,
                refund,
            } => {
                self.await_answer("gateway refund");
                self.trail.mark(steps::REFUND);
                let answered = self
                    .colleagues
                    .gateway
                    .refund(&number, &payment, refund, self.trail.context())
                    .into_actor(self);
                ctx.spawn(answered.map(|answer, actor, ctx| actor.refunded(answer, ctx)));
            }
            Effect::Wait(delay) => {
                self.await_answer("a pause");
                self.trail.mark(steps::PAUSED);
                ctx.run_later(self.colleagues.ids.jitter(delay), |actor, ctx| {
                    actor.go_on(Event::WaitOver, ctx)
                });
            }
            Effect::Answer(outcome) => {
                if let Some(outcome_tx) = self.outcome_tx_opt.take() {
                    self.trail.mark(steps::ANSWERED);
                    // The error is dropped: it means that the client has disconnected, and the purchase goes on without it.
                    let _ = outcome_tx.send(outcome);
                }
            }
            Effect::Warn(warning) => log::warn!("{} {warning}", self.trail),
        }
    }

    fn confirmed(&mut self, answer: ConfirmAnswer, ctx: &mut Context<Self>) {
        let trail = &self.trail;
        trail.mark(steps::GATEWAY_ANSWERED);
        match &answer {
            ConfirmAnswer::NotReached(trouble) => {
                let level = level_of(trouble);
                log::log!(
                    level,
                    "{trail} the payment gateway has not charged: {trouble}"
                );
            }
            ConfirmAnswer::Unknown(trouble) => {
                log::warn!(
                    "{trail} it is unknown whether the payment gateway has charged: {trouble}"
                );
            }
            ConfirmAnswer::NotAsked => {
                log::warn!(
                    "{trail} the payment gateway was not asked: its circuit breaker is open"
                );
            }
            ConfirmAnswer::Confirmed
            | ConfirmAnswer::Declined(_)
            | ConfirmAnswer::PaidOtherwise => {}
        }
        self.go_on(Event::Confirm(answer), ctx);
    }

    fn cancelled(&mut self, answer: Result<(), CancelError>, ctx: &mut Context<Self>) {
        self.trail.mark(steps::GATEWAY_ANSWERED);
        let answer = match answer {
            Ok(()) => CancelAnswer::Cancelled,
            Err(error) => {
                log::warn!("{} {error}", self.trail);
                match error {
                    CancelError::NotYet(_) => CancelAnswer::Failed,
                    CancelError::Refused(_) => CancelAnswer::Refused,
                }
            }
        };
        self.go_on(Event::Cancel(answer), ctx);
    }

    fn refunded(&mut self, answer: Result<(), RefundError>, ctx: &mut Context<Self>) {
        self.trail.mark(steps::GATEWAY_ANSWERED);
        if let Err(error) = &answer {
            log::warn!("{} {error}", self.trail);
        }
        self.go_on(Event::Refund(told(answer)), ctx);
    }
}

/// What the gateway's answer to a refund means to the saga.
fn told(answer: Result<(), RefundError>) -> RefundAnswer {
    match answer {
        Ok(()) => RefundAnswer::Ended(RefundOutcome::Done),
        Err(RefundError::NotNow(_)) => RefundAnswer::Ended(RefundOutcome::NotNow),
        Err(RefundError::Refused(_)) => RefundAnswer::Ended(RefundOutcome::Refused),
        Err(RefundError::Unknown(_)) => RefundAnswer::Unknown,
    }
}

/// What only an operator can mend is an error.
fn level_of(trouble: &Trouble) -> log::Level {
    match trouble.origin {
        Origin::Key | Origin::Account => log::Level::Error,
        Origin::Gateway | Origin::Payment => log::Level::Warn,
    }
}
