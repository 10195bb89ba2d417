//! The saga of a purchase: step and event → next step and effects. Decides, does nothing.
//!
//! `Placing` or `Paying` → `Confirming` → `Approving` → done; every failure leads over `Rejecting` or `Refunding` to done. A step that got
//! no answer is done again after a while: all that it asks for is harmless when repeated. The shopper is answered once, at the latest
//! when the deadline passes; the purchase goes on behind that.

use std::time::Duration;

use shared::order_number::OrderNumber;
use shared::reason::Reason;

use super::order::{Basket, Idempotency, OrderCommand, Payment};

mod charging;
mod placing;
mod protocol;

pub use protocol::{CancelAnswer, CommandAnswer, ConfirmAnswer, Effect, Event, Outcome, Warning};

/// A purchase that is older does not ask the gateway to charge. An order is reviewed a minute after its payment began or it was rejected
/// (`PAYMENT_REVIEW` of the order service), and that review trusts what the gateway says then. So the last charge must have had its
/// effect by that time, however slowly it got there: 20 seconds are left for it.
pub const CONFIRM_FENCE: Duration = Duration::from_secs(40);

const MIN_DELAY: Duration = Duration::from_millis(100);
const MAX_DELAY: Duration = Duration::from_secs(30);

/// One purchase.
#[derive(Debug, Clone, PartialEq)]
pub struct Purchase {
    number: OrderNumber,
    step: Step,
    /// Time since it began, at the last event.
    age: Duration,
    attempt: u32,
    is_answered: bool,
    /// An earlier request has placed the order, or paid it.
    is_replay: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Step {
    /// The order is asked for.
    Placing { basket: Basket, renumberings: u32 },
    /// The pending order is told that its payment begins.
    Paying {
        payment: Payment,
        idempotency: Option<Idempotency>,
    },
    /// The gateway is asked to charge.
    Confirming {
        payment: Payment,
        may_be_charged: bool,
        /// Whether the order goes on waiting for a payment when the gateway is away.
        order_waits: bool,
    },
    /// Charged; the order is to be completed.
    Approving { payment: Payment },
    /// Not charged; the order is to be rejected.
    Rejecting {
        reason: Reason,
        detail: Option<String>,
    },
    /// Charged, but the order is not ours to complete.
    Refunding { payment: Payment, reason: Reason },
    /// Nothing is left to do.
    Done,
}

impl Purchase {
    /// A purchase from its beginning, and what to do first.
    #[must_use]
    pub fn place(number: OrderNumber, basket: Basket) -> (Self, Vec<Effect>) {
        Self::begin(
            number,
            Step::Placing {
                basket,
                renumberings: 0,
            },
        )
    }

    /// The payment of a pending order, and what to do first.
    #[must_use]
    pub fn pay(
        number: OrderNumber,
        payment: Payment,
        idempotency: Option<Idempotency>,
    ) -> (Self, Vec<Effect>) {
        Self::begin(
            number,
            Step::Paying {
                payment,
                idempotency,
            },
        )
    }

    fn begin(number: OrderNumber, step: Step) -> (Self, Vec<Effect>) {
        let mut purchase = Self {
            number,
            step: Step::Done,
            age: Duration::ZERO,
            attempt: 0,
            is_answered: false,
            is_replay: false,
        };
        let effects = purchase.enter(step);
        (purchase, effects)
    }

    /// The order's number.
    #[must_use]
    pub fn number(&self) -> &OrderNumber {
        &self.number
    }

    /// Whether nothing is left to do.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.step == Step::Done
    }

    /// Goes on after an event that comes when the purchase is so old. An event that the step does not wait for changes nothing.
    pub fn handle(&mut self, event: Event, age: Duration) -> Vec<Effect> {
        self.age = age;
        match event {
            Event::DeadlinePassed => self.answer(self.late()),
            Event::WaitOver => self.act(),
            Event::Command(answer) => self.command_answered(answer),
            Event::Confirm(answer) => self.confirm_answered(answer),
            Event::Cancel(answer) => self.cancel_answered(answer),
            Event::Renumbered(number) => self.renumbered(number),
        }
    }

    fn command_answered(&mut self, answer: CommandAnswer) -> Vec<Effect> {
        match self.step.clone() {
            Step::Placing {
                basket,
                renumberings,
            } => self.placing(basket, renumberings, answer),
            Step::Paying {
                payment,
                idempotency,
            } => self.paying(payment, idempotency, answer),
            Step::Approving { payment } => self.approving(payment, answer),
            Step::Rejecting { reason, detail } => self.rejecting(reason, detail, answer),
            Step::Confirming { .. } | Step::Refunding { .. } | Step::Done => Vec::new(),
        }
    }

    fn refuse(&mut self, reason: Reason, detail: Option<String>) -> Vec<Effect> {
        self.end(Outcome::Refused {
            number: self.number.clone(),
            reason,
            detail,
        })
    }

    fn enter(&mut self, step: Step) -> Vec<Effect> {
        self.step = step;
        self.attempt = 0;
        self.act()
    }

    /// What the step asks for.
    fn act(&mut self) -> Vec<Effect> {
        let number = self.number.clone();
        match &self.step {
            Step::Placing { basket, .. } => vec![Effect::Send(OrderCommand::Create {
                number,
                basket: basket.clone(),
            })],
            Step::Paying {
                payment,
                idempotency,
            } => vec![Effect::Send(OrderCommand::Pay {
                number,
                payment: payment.clone(),
                idempotency: idempotency.clone(),
            })],
            Step::Confirming { .. } if self.age > CONFIRM_FENCE => self.leave_to_review(),
            Step::Confirming { payment, .. } => vec![Effect::Confirm {
                number,
                payment: payment.clone(),
            }],
            Step::Approving { payment } => vec![Effect::Send(OrderCommand::Approve {
                number,
                payment: payment.clone(),
            })],
            Step::Rejecting { reason, detail } => vec![Effect::Send(OrderCommand::Reject {
                number,
                reason: *reason,
                detail: detail.clone(),
            })],
            Step::Refunding { payment, reason } => vec![Effect::Cancel {
                number,
                payment: payment.clone(),
                reason: *reason,
            }],
            Step::Done => Vec::new(),
        }
    }

    /// Does the step again after a while that doubles with each attempt.
    fn again(&mut self) -> Vec<Effect> {
        let delay = MIN_DELAY
            .saturating_mul(1 << self.attempt.min(16))
            .min(MAX_DELAY);
        self.attempt = self.attempt.saturating_add(1);
        let mut effects = vec![Effect::Wait(delay)];
        if self.attempt.is_multiple_of(10) {
            effects.push(Effect::Warn(Warning::Unresolved(self.step_name())));
        }
        effects
    }

    fn step_name(&self) -> &'static str {
        match self.step {
            Step::Placing { .. } => "placing the order",
            Step::Paying { .. } => "beginning the payment",
            Step::Confirming { .. } => "confirming the payment",
            Step::Approving { .. } => "completing the paid order",
            Step::Rejecting { .. } => "rejecting the order",
            Step::Refunding { .. } => "cancelling the payment",
            Step::Done => "done",
        }
    }

    /// Which order a repeated request is about is not known before the order service has said so.
    fn late(&self) -> Outcome {
        let is_uncertain =
            matches!(&self.step, Step::Placing { basket, .. } if basket.idempotency.is_some());
        if is_uncertain {
            Outcome::StillRunning
        } else {
            Outcome::Late(self.number.clone())
        }
    }

    fn end(&mut self, outcome: Outcome) -> Vec<Effect> {
        self.step = Step::Done;
        self.answer(outcome)
    }

    fn answer(&mut self, outcome: Outcome) -> Vec<Effect> {
        if std::mem::replace(&mut self.is_answered, true) {
            Vec::new()
        } else if self.is_replay {
            vec![Effect::Answer(Outcome::Replayed(Box::new(outcome)))]
        } else {
            vec![Effect::Answer(outcome)]
        }
    }
}

#[cfg(test)]
mod tests;
