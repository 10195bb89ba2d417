//! The saga of a purchase: step and event → next step and effects. Decides, does nothing.
//!
//! `Placing` → `Confirming` → `Approving` → done; every failure leads over `Rejecting` or `Refunding` to done. A step that got no
//! answer is done again after a while: all that it asks for is harmless when repeated. The shopper is answered once, at the latest
//! when the deadline passes; the purchase goes on behind that.

use std::time::Duration;

use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::order_dto::{OrderDto, PaymentDto};

use super::order::{Basket, OrderCommand, OrderReply};

mod protocol;

pub use protocol::{CancelAnswer, CommandAnswer, ConfirmAnswer, Effect, Event, Outcome};

/// How often a new order number is tried before the purchase is given up.
const MAX_RENUMBERINGS: u32 = 5;
/// How often the gateway may be out of reach, with nothing charged, before the order is rejected.
const MAX_UNREACHED: u32 = 6;
/// How often an order is asked for that may or may not have been placed, before it is left to expire.
const MAX_PLACINGS: u32 = 30;
const MIN_DELAY: Duration = Duration::from_millis(100);
const MAX_DELAY: Duration = Duration::from_secs(30);

/// One purchase.
#[derive(Debug, Clone, PartialEq)]
pub struct Purchase {
    number: OrderNumber,
    step: Step,
    attempt: u32,
    is_answered: bool,
    /// An earlier request has placed the order.
    is_replay: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Step {
    /// The order is asked for.
    Placing { basket: Basket, renumberings: u32 },
    /// The gateway is asked to charge.
    Confirming {
        payment: PaymentDto,
        may_be_charged: bool,
    },
    /// Charged; the order is to be completed.
    Approving { payment: PaymentDto },
    /// Not charged; the order is to be rejected.
    Rejecting {
        reason: Reason,
        detail: Option<String>,
    },
    /// Charged, but the order is not ours to complete.
    Refunding { payment: PaymentDto, reason: Reason },
    /// Nothing is left to do.
    Done,
}

impl Step {
    /// The gateway has not been asked yet.
    fn unconfirmed(payment: PaymentDto) -> Self {
        Self::Confirming {
            payment,
            may_be_charged: false,
        }
    }
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

    /// The payment of a pending order whose price is the payment's amount, and what to do first.
    #[must_use]
    pub fn pay(number: OrderNumber, payment: PaymentDto) -> (Self, Vec<Effect>) {
        Self::begin(number, Step::unconfirmed(payment))
    }

    fn begin(number: OrderNumber, step: Step) -> (Self, Vec<Effect>) {
        let mut purchase = Self {
            number,
            step: Step::Done,
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

    /// Goes on after an event. An event that the step does not wait for changes nothing.
    pub fn handle(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::DeadlinePassed => self.answer(Outcome::Late(self.number.clone())),
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
            Step::Approving { payment } => self.approving(payment, answer),
            Step::Rejecting { reason, detail } => self.rejecting(reason, detail, answer),
            Step::Confirming { .. } | Step::Refunding { .. } | Step::Done => Vec::new(),
        }
    }

    fn placing(&mut self, basket: Basket, renumberings: u32, answer: CommandAnswer) -> Vec<Effect> {
        match answer {
            CommandAnswer::Replied(OrderReply::Pending(order)) => {
                self.take_number_of(&order, &basket);
                self.placed(order, basket.payment)
            }
            CommandAnswer::Replied(OrderReply::Complete(order)) => {
                self.take_number_of(&order, &basket);
                self.end(Outcome::Complete(order))
            }
            CommandAnswer::Replied(OrderReply::Rejected(order, reason)) => {
                self.take_number_of(&order, &basket);
                self.refuse(reason, order.reject_detail)
            }
            CommandAnswer::Replied(OrderReply::Refused(Reason::IdempotencyKeyReused)) => {
                self.refuse(Reason::IdempotencyKeyReused, None)
            }
            CommandAnswer::Replied(OrderReply::Refused(Reason::OrderNumberTaken))
                if renumberings < MAX_RENUMBERINGS =>
            {
                self.step = Step::Placing {
                    basket,
                    renumberings: renumberings + 1,
                };
                vec![Effect::Renumber]
            }
            CommandAnswer::Replied(OrderReply::Refused(_)) => {
                self.end(Outcome::Failed(self.number.clone()))
            }
            // The very first attempt has not left: nothing was ordered.
            CommandAnswer::NotSent if self.attempt == 0 => self.end(Outcome::Unavailable),
            CommandAnswer::NotSent | CommandAnswer::Overdue if self.attempt >= MAX_PLACINGS => {
                let mut effects = self.end(Outcome::Late(self.number.clone()));
                effects.push(Effect::Warn(
                    "placing the order; if it exists, it is left to expire",
                ));
                effects
            }
            CommandAnswer::NotSent | CommandAnswer::Overdue => self.again(),
        }
    }

    fn renumbered(&mut self, number: OrderNumber) -> Vec<Effect> {
        let Step::Placing { .. } = self.step else {
            return Vec::new();
        };
        if self.is_answered {
            // Who was told the old number would not find the order under the new one.
            return self.end(Outcome::Failed(number));
        }
        self.number = number;
        self.enter(self.step.clone())
    }

    /// From now on the order's number is what the order service says it is. It is another one than was asked for when an earlier
    /// request has taken the idempotency key, or when an old order service makes the numbers.
    fn take_number_of(&mut self, order: &OrderDto, basket: &Basket) {
        let Some(number) = &order.order_num else {
            return;
        };
        self.is_replay = basket.idempotency.is_some() && *number != self.number;
        self.number = number.clone();
    }

    /// The order is pending.
    fn placed(&mut self, order: OrderDto, payment: Option<PaymentDto>) -> Vec<Effect> {
        let Some(payment) = payment else {
            return self.end(Outcome::Pending(order));
        };
        match order.final_price {
            Some(price) if price == payment.amount => self.enter(Step::unconfirmed(payment)),
            Some(_) => self.enter(Step::Rejecting {
                reason: Reason::AmountMismatch,
                detail: None,
            }),
            // An old order service tells no price and knows no rejection: nothing is charged, and the order stays pending there.
            None => self.refuse(Reason::AmountMismatch, None),
        }
    }

    fn confirm_answered(&mut self, answer: ConfirmAnswer) -> Vec<Effect> {
        let Step::Confirming {
            payment,
            may_be_charged,
        } = self.step.clone()
        else {
            return Vec::new();
        };
        match answer {
            ConfirmAnswer::Confirmed => self.enter(Step::Approving { payment }),
            ConfirmAnswer::Declined(detail) => self.enter(Step::Rejecting {
                reason: Reason::PaymentDeclined,
                detail: Some(detail),
            }),
            ConfirmAnswer::PaidOtherwise => self.refuse(Reason::AlreadyPaid, None),
            ConfirmAnswer::TooLate => self.end(Outcome::Late(self.number.clone())),
            ConfirmAnswer::NotReached(_)
                if !may_be_charged && self.attempt + 1 >= MAX_UNREACHED =>
            {
                self.enter(Step::Rejecting {
                    reason: Reason::PaymentUnavailable,
                    detail: None,
                })
            }
            ConfirmAnswer::NotReached(_) => self.again(),
            ConfirmAnswer::Unknown(_) => {
                self.step = Step::Confirming {
                    payment,
                    may_be_charged: true,
                };
                self.again()
            }
        }
    }

    fn approving(&mut self, payment: PaymentDto, answer: CommandAnswer) -> Vec<Effect> {
        match answer {
            CommandAnswer::Replied(OrderReply::Complete(order)) => {
                self.end(Outcome::Complete(order))
            }
            CommandAnswer::Replied(OrderReply::Rejected(_, reason)) => self.refund(payment, reason),
            // A pending order is no answer to this.
            CommandAnswer::Replied(
                OrderReply::Pending(_) | OrderReply::Refused(Reason::InternalError),
            )
            | CommandAnswer::Overdue
            | CommandAnswer::NotSent => self.again(),
            CommandAnswer::Replied(OrderReply::Refused(reason)) => self.refund(payment, reason),
        }
    }

    fn rejecting(
        &mut self,
        reason: Reason,
        detail: Option<String>,
        answer: CommandAnswer,
    ) -> Vec<Effect> {
        match answer {
            CommandAnswer::Replied(OrderReply::Rejected(..)) => self.refuse(reason, detail),
            // Neither a pending nor a paid order is an answer to this.
            CommandAnswer::Replied(
                OrderReply::Pending(_)
                | OrderReply::Complete(_)
                | OrderReply::Refused(Reason::InternalError),
            )
            | CommandAnswer::Overdue
            | CommandAnswer::NotSent => self.again(),
            // Somebody else has paid it meanwhile.
            CommandAnswer::Replied(OrderReply::Refused(refusal)) => self.refuse(refusal, None),
        }
    }

    fn cancel_answered(&mut self, answer: CancelAnswer) -> Vec<Effect> {
        let Step::Refunding { .. } = self.step else {
            return Vec::new();
        };
        match answer {
            CancelAnswer::Cancelled => {
                self.step = Step::Done;
                Vec::new()
            }
            CancelAnswer::Failed => self.again(),
        }
    }

    /// The order's fate is known to the shopper at once; the money follows.
    fn refund(&mut self, payment: PaymentDto, reason: Reason) -> Vec<Effect> {
        let mut effects = self.answer(Outcome::Refused {
            number: self.number.clone(),
            reason,
            detail: None,
        });
        effects.extend(self.enter(Step::Refunding { payment, reason }));
        effects
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
    fn act(&self) -> Vec<Effect> {
        let number = self.number.clone();
        match &self.step {
            Step::Placing { basket, .. } => vec![Effect::Send(OrderCommand::Create {
                number,
                basket: basket.clone(),
            })],
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
            effects.push(Effect::Warn(self.step_name()));
        }
        effects
    }

    fn step_name(&self) -> &'static str {
        match self.step {
            Step::Placing { .. } => "placing the order",
            Step::Confirming { .. } => "confirming the payment",
            Step::Approving { .. } => "completing the paid order",
            Step::Rejecting { .. } => "rejecting the order",
            Step::Refunding { .. } => "cancelling the payment",
            Step::Done => "done",
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
