//! The saga of a purchase: step and event → next step and effects. Pure.
//!
//! `Placing` or `Paying` → `Confirming` → `Approving` → done. Failures lead through `Rejecting` or `Refunding` to done, or end the saga at
//! once. A cancellation goes from `Cancelling` by `GivingBack` and `EndingRefund`, where there is something to give back. A step without an answer is repeated with a growing delay; all its effects are idempotent. The shopper is answered exactly once,
//! at the deadline at the latest; the purchase continues after that.

use std::time::Duration;

use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::order_dto::OrderDto;

use super::order::{
    Basket, Cancellation, Idempotency, OrderCommand, Payment, Refund, RefundOutcome,
};

mod cancelling;
mod charging;
mod placing;
mod protocol;

pub use charging::needs_gateway;
pub use protocol::{
    CancelAnswer, CommandAnswer, ConfirmAnswer, Effect, Event, Origin, Outcome, RefundAnswer,
    Trouble, Warning,
};

/// A purchase older than this does not ask the gateway to charge any more. An order is reviewed one minute after its payment began or it
/// was rejected (`PAYMENT_REVIEW` of the order service), and the review relies on what the gateway says then. So the last charge must have
/// taken effect by that time, however slow the network is: 20 seconds are left for it.
pub const CONFIRM_FENCE: Duration = Duration::from_secs(40);

/// How often a purchase asks the gateway to charge at most: its delays grow, jitter may halve them, and after [`CONFIRM_FENCE`] it stops.
pub const MOST_CONFIRMS: usize = 10;

/// The delay before the first repetition of a step.
const MIN_DELAY: Duration = Duration::from_millis(100);
/// The cap of the delay, which doubles with each repetition.
const MAX_DELAY: Duration = Duration::from_secs(30);

/// One purchase.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct Purchase {
    number: OrderNumber,
    step: Step,
    /// Time from the start of the purchase to the last event.
    age: Duration,
    /// Repetitions of the current step.
    attempt: u32,
    is_answered: bool,
    /// An earlier request with the same idempotency key has placed or paid the order.
    is_replay: bool,
}

#[derive(Debug, Clone, PartialEq, Hash)]
enum Step {
    /// The order service is asked to create the order.
    Placing { basket: Basket, renumberings: u32 },
    /// The order service is told that the payment of the pending order begins.
    Paying {
        payment: Payment,
        idempotency: Option<Idempotency>,
    },
    /// The gateway is asked to charge.
    Confirming {
        payment: Payment,
        /// Whether an earlier attempt may have charged. Then the order must not be rejected before the gateway gives a definite answer.
        may_be_charged: bool,
    },
    /// Charged; the order is to be completed.
    Approving { payment: Payment },
    /// Not charged; the order is to be rejected.
    Rejecting {
        reason: Reason,
        detail: Option<String>,
    },
    /// Charged, but the order can't be completed; the charge is cancelled.
    Refunding { payment: Payment, reason: Reason },
    /// The order service is asked to cancel the order.
    Cancelling(Cancellation),
    /// The gateway is asked to give a refund's money back.
    GivingBack { payment: Payment, refund: Refund },
    /// The order service is told what the gateway has said about the refund.
    EndingRefund { refund: u16, outcome: RefundOutcome },
    /// Nothing is left to do.
    Done,
}

impl Purchase {
    /// A new purchase and its first effects.
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

    /// The payment of a pending order and its first effects.
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

    /// The cancellation of an order and its first effects.
    #[must_use]
    pub fn cancel(number: OrderNumber, cancellation: Cancellation) -> (Self, Vec<Effect>) {
        Self::begin(number, Step::Cancelling(cancellation))
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

    /// Handles an event at this age of the purchase. An event that the current step does not expect is ignored, because answers may
    /// arrive late or twice.
    pub fn handle(&mut self, event: Event, age: Duration) -> Vec<Effect> {
        self.age = age;
        match event {
            Event::DeadlinePassed => self.answer(self.late()),
            Event::WaitOver => self.act(),
            Event::Command(answer) => self.command_answered(answer),
            Event::Confirm(answer) => self.confirm_answered(answer),
            Event::Cancel(answer) => self.cancel_answered(answer),
            Event::Refund(answer) => self.refund_answered(answer),
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
            Step::Cancelling(_) => self.cancelling(answer),
            Step::EndingRefund { outcome, .. } => self.ending_refund(outcome, answer),
            Step::Confirming { .. }
            | Step::Refunding { .. }
            | Step::GivingBack { .. }
            | Step::Done => Vec::new(),
        }
    }

    fn refuse(&mut self, reason: Reason, detail: Option<String>) -> Vec<Effect> {
        self.end(Outcome::Refused {
            number: self.number.clone(),
            reason,
            detail,
            retry_at: None,
        })
    }

    /// The order service has rejected the order.
    fn rejected(&mut self, order: OrderDto, reason: Reason) -> Vec<Effect> {
        self.end(Outcome::Refused {
            number: self.number.clone(),
            reason,
            detail: order.reject_detail,
            retry_at: order.retry_date,
        })
    }

    fn enter(&mut self, step: Step) -> Vec<Effect> {
        self.step = step;
        self.attempt = 0;
        self.act()
    }

    /// The effects of the current step.
    fn act(&mut self) -> Vec<Effect> {
        let number = self.number.clone();
        match &self.step {
            Step::Placing { basket, .. } => vec![Effect::Send(OrderCommand::Create {
                number,
                basket: basket.clone(),
                is_repetition: self.attempt > 0,
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
            Step::Cancelling(cancellation) => vec![Effect::Send(OrderCommand::Cancel {
                number,
                cancellation: cancellation.clone(),
            })],
            Step::GivingBack { .. } if self.age > CONFIRM_FENCE => self.leave_refund_to_review(),
            Step::GivingBack { payment, refund } => vec![Effect::GiveBack {
                number,
                payment: payment.clone(),
                refund: *refund,
            }],
            Step::EndingRefund { refund, outcome } => vec![Effect::Send(OrderCommand::EndRefund {
                number,
                refund: *refund,
                outcome: *outcome,
            })],
            Step::Done => Vec::new(),
        }
    }

    /// Repeats the step after a delay that doubles with each attempt. Warns at every tenth attempt.
    fn again(&mut self) -> Vec<Effect> {
        // `min(16)` keeps the shift within `u32`; the cap is reached long before.
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
            Step::Cancelling(_) => "cancelling the order",
            Step::GivingBack { .. } => "giving money back",
            Step::EndingRefund { .. } => "ending the refund",
            Step::Done => "done",
        }
    }

    /// The answer at the deadline. With an idempotency key the number is not certain before the order service has replied: an earlier
    /// request may have created the order under another number.
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
