//! One purchase: does what the saga asks for, and tells it what came of it. Decides nothing itself.

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
use crate::domain::order::{Basket, Idempotency, Payment};
use crate::domain::purchase::{CancelAnswer, Effect, Event, Outcome, Purchase};
use crate::ports::payment::{CancelError, ConfirmAnswer, PaymentGateway};
use crate::steps;

/// What every purchase works with.
pub struct Colleagues {
    /// Sends commands and finds their replies.
    pub commands: CommandSender,
    /// Where purchases are entered.
    pub purchases: ActorType,
    /// Charges and cancels.
    pub gateway: Arc<dyn PaymentGateway>,
    /// Time, for order numbers.
    pub clock: Arc<dyn Clock>,
    /// Chance, for order numbers and jitter.
    pub ids: Arc<dyn IdSource>,
    /// The zone of order numbers.
    pub zone: Tz,
    /// Where purchases leave their trails.
    pub traces: Arc<Traces>,
}

/// Starts purchases, at most so many at a time.
#[derive(Clone)]
pub struct Purchases {
    colleagues: Arc<Colleagues>,
    permits: Arc<Semaphore>,
    arbiter: ArbiterHandle,
}

/// All purchases that may be under way are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overloaded;

impl Purchases {
    /// At most `max_purchases`, all on `arbiter`.
    #[must_use]
    pub fn new(colleagues: Colleagues, max_purchases: usize, arbiter: ArbiterHandle) -> Self {
        Self {
            colleagues: Arc::new(colleagues),
            permits: Arc::new(Semaphore::new(max_purchases)),
            arbiter,
        }
    }

    /// Places an order, as the request that `arrival` is about wants it, and pays it where the basket says so. The receiver gets the outcome within [`budget::HTTP_ANSWER`].
    ///
    /// # Errors
    /// When too many purchases are under way.
    pub fn place(
        &self,
        basket: Basket,
        arrival: Arrival,
    ) -> Result<oneshot::Receiver<Outcome>, Overloaded> {
        let number = self.colleagues.next_number();
        self.start(Purchase::place(number, basket), arrival)
    }

    /// Pays a pending order. The receiver is as that of [`place`](Self::place).
    ///
    /// # Errors
    /// When too many purchases are under way.
    pub fn pay(
        &self,
        number: OrderNumber,
        payment: Payment,
        idempotency: Option<Idempotency>,
        arrival: Arrival,
    ) -> Result<oneshot::Receiver<Outcome>, Overloaded> {
        self.start(Purchase::pay(number, payment, idempotency), arrival)
    }

    /// How many more can be started now.
    #[must_use]
    pub fn permits_left(&self) -> usize {
        self.permits.available_permits()
    }

    /// Waits until no purchase is under way, at most so long; afterwards none can be started. Returns how many were left.
    pub async fn drain(&self, wait: Duration, max_purchases: usize) -> usize {
        let everything = u32::try_from(max_purchases).unwrap_or(u32::MAX);
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
    ) -> Result<oneshot::Receiver<Outcome>, Overloaded> {
        let permit = Arc::clone(&self.permits)
            .try_acquire_owned()
            .map_err(|_| Overloaded)?;
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
    /// What it waits for: that is what it has in hand.
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
        // What was in hand ends before the next begins.
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
                // Spawned, not waited for: meanwhile the deadline must be able to pass. The future is the context's own, so it ends
                // with the purchase and not before, whoever asked for it.
                ctx.spawn(answered.into_actor(self).map(|answer, actor, ctx| {
                    actor.go_on(Event::Command(answer), ctx);
                }));
            }
            Effect::Renumber => {
                log::info!(
                    "{} is another purchase's number, taking a new one",
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
                    // An error means that the shopper has gone; the purchase is not affected.
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
            ConfirmAnswer::NotReached(cause) => {
                log::warn!("{trail} the payment gateway was not reached: {cause}");
            }
            ConfirmAnswer::Unknown(cause) => {
                log::warn!("{trail} the payment gateway's answer is unknown: {cause}");
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
                CancelAnswer::Failed
            }
        };
        self.go_on(Event::Cancel(answer), ctx);
    }
}
