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

/// How often a new order number is tried before the purchase is given up.
const MAX_RENUMBERINGS: u32 = 5;
/// How often the gateway may be out of reach, with nothing charged, before the order is rejected.
const MAX_UNREACHED: u32 = 3;
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
}

#[derive(Debug, Clone, PartialEq)]
enum Step {
    /// The order is asked for.
    Placing { basket: Basket, renumberings: u32 },
    /// The gateway is asked to charge.
    Confirming { order: OrderDto, payment: PaymentDto, may_be_charged: bool },
    /// Charged; the order is to be completed.
    Approving { payment: PaymentDto },
    /// Not charged; the order is to be rejected.
    Rejecting { reason: Reason, detail: Option<String> },
    /// Charged, but the order is not ours to complete.
    Refunding { payment: PaymentDto, reason: Reason },
    /// Nothing is left to do.
    Done,
}

/// What can happen to a purchase.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The order service has answered.
    Replied(OrderReply),
    /// The order service has not answered in time.
    Overdue,
    /// The command has not reached Kafka, as far as is known.
    NotSent,
    /// Another order number was made.
    Renumbered(OrderNumber),
    /// The gateway has charged.
    Confirmed,
    /// The gateway has declined, with a text for the shopper.
    Declined(String),
    /// The gateway knows the order by another payment.
    PaidOtherwise,
    /// The gateway was not reached: nothing is charged by this attempt.
    GatewayNotReached,
    /// Whether the gateway has charged is unknown.
    ConfirmUnknown,
    /// The gateway has cancelled the payment, or had before.
    Cancelled,
    /// Whether the gateway has cancelled is unknown, or it would not.
    CancelFailed,
    /// The time asked for by [`Effect::Wait`] is over.
    WaitOver,
    /// The shopper has waited long enough.
    DeadlinePassed,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send a command; answered by `Replied`, `Overdue` or `NotSent`.
    Send(OrderCommand),
    /// Make another order number; answered by `Renumbered`.
    Renumber,
    /// Charge; answered by one of the gateway's events.
    Confirm {
        /// The order that is paid.
        number: OrderNumber,
        /// What to charge.
        payment: PaymentDto,
    },
    /// Give the money back; answered by `Cancelled` or `CancelFailed`.
    Cancel {
        /// The order that was paid.
        number: OrderNumber,
        /// The charge.
        payment: PaymentDto,
        /// Why, for the gateway's records.
        reason: Reason,
    },
    /// Wait about so long; answered by `WaitOver`.
    Wait(Duration),
    /// Tell the shopper. At most once a purchase.
    Answer(Outcome),
    /// Tell the operators that a step has no answer after many attempts.
    Warn(&'static str),
}

/// What the shopper is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The order waits for its payment.
    Pending(OrderDto),
    /// The order is paid.
    Complete(OrderDto),
    /// The order is rejected, or can't be paid.
    Refused {
        /// The order.
        number: OrderNumber,
        /// Why.
        reason: Reason,
        /// The gateway's words.
        detail: Option<String>,
    },
    /// The purchase goes on; its order will be found under this number.
    Late(OrderNumber),
    /// Kafka is away; nothing was ordered.
    Unavailable,
    /// The order service failed.
    Failed(OrderNumber),
}

impl Purchase {
    /// A purchase from its beginning, and what to do first.
    #[must_use]
    pub fn place(number: OrderNumber, basket: Basket) -> (Self, Vec<Effect>) {
        Self::begin(number, Step::Placing { basket, renumberings: 0 })
    }

    /// The payment of a pending order whose price is the payment's amount, and what to do first.
    #[must_use]
    pub fn pay(number: OrderNumber, order: OrderDto, payment: PaymentDto) -> (Self, Vec<Effect>) {
        Self::begin(number, Step::Confirming { order, payment, may_be_charged: false })
    }

    fn begin(number: OrderNumber, step: Step) -> (Self, Vec<Effect>) {
        let mut purchase = Self { number, step: Step::Done, attempt: 0, is_answered: false };
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
            event => match self.step.clone() {
                Step::Placing { basket, renumberings } => self.placing(basket, renumberings, event),
                Step::Confirming { order, payment, may_be_charged } => self.confirming(order, payment, may_be_charged, event),
                Step::Approving { payment } => self.approving(payment, event),
                Step::Rejecting { reason, detail } => self.rejecting(reason, detail, event),
                Step::Refunding { .. } => self.refunding(&event),
                Step::Done => Vec::new(),
            },
        }
    }

    fn placing(&mut self, basket: Basket, renumberings: u32, event: Event) -> Vec<Effect> {
        match event {
            Event::Replied(OrderReply::Pending(order)) => self.placed(order, basket.payment),
            Event::Replied(OrderReply::Complete(order)) => self.end(Outcome::Complete(order)),
            Event::Replied(OrderReply::Rejected(order, reason)) => {
                let number = order.order_num.unwrap_or_else(|| self.number.clone());
                self.end(Outcome::Refused { number, reason, detail: None })
            }
            Event::Replied(OrderReply::Refused(Reason::OrderNumberTaken)) if renumberings < MAX_RENUMBERINGS => {
                self.step = Step::Placing { basket, renumberings: renumberings + 1 };
                vec![Effect::Renumber]
            }
            Event::Replied(OrderReply::Refused(_)) => self.end(Outcome::Failed(self.number.clone())),
            Event::Renumbered(number) => {
                self.number = number;
                self.enter(Step::Placing { basket, renumberings })
            }
            // The very first attempt has not left: nothing was ordered.
            Event::NotSent if self.attempt == 0 => self.end(Outcome::Unavailable),
            Event::NotSent | Event::Overdue if self.attempt >= MAX_PLACINGS => {
                self.step = Step::Done;
                vec![Effect::Warn("the order service does not answer; the order, if it exists, is left to expire")]
            }
            Event::NotSent | Event::Overdue => self.again(),
            other => self.unexpected(&other),
        }
    }

    /// The order is pending; from now on its number is what the order service says it is.
    fn placed(&mut self, order: OrderDto, payment: Option<PaymentDto>) -> Vec<Effect> {
        if let Some(number) = &order.order_num {
            self.number = number.clone();
        }
        let Some(payment) = payment else { return self.end(Outcome::Pending(order)) };
        match order.final_price {
            Some(price) if price == payment.amount => self.enter(Step::Confirming { order, payment, may_be_charged: false }),
            Some(_) => self.enter(Step::Rejecting { reason: Reason::AmountMismatch, detail: None }),
            // An old order service tells no price and knows no rejection: nothing is charged, and the order stays pending there.
            None => self.end(Outcome::Refused { number: self.number.clone(), reason: Reason::AmountMismatch, detail: None }),
        }
    }

    fn confirming(&mut self, order: OrderDto, payment: PaymentDto, may_be_charged: bool, event: Event) -> Vec<Effect> {
        match event {
            Event::Confirmed => self.enter(Step::Approving { payment }),
            Event::Declined(detail) => self.enter(Step::Rejecting { reason: Reason::PaymentDeclined, detail: Some(detail) }),
            Event::PaidOtherwise => self.refuse(Reason::AlreadyPaid),
            Event::GatewayNotReached if !may_be_charged && self.attempt + 1 >= MAX_UNREACHED => {
                self.enter(Step::Rejecting { reason: Reason::PaymentUnavailable, detail: None })
            }
            Event::GatewayNotReached => self.again(),
            Event::ConfirmUnknown => {
                self.step = Step::Confirming { order, payment, may_be_charged: true };
                self.again()
            }
            other => self.unexpected(&other),
        }
    }

    fn approving(&mut self, payment: PaymentDto, event: Event) -> Vec<Effect> {
        match event {
            Event::Replied(OrderReply::Complete(order)) => self.end(Outcome::Complete(order)),
            Event::Replied(OrderReply::Rejected(_, reason)) => self.refund(payment, reason),
            Event::Replied(OrderReply::Refused(Reason::InternalError)) | Event::Overdue | Event::NotSent => self.again(),
            Event::Replied(OrderReply::Refused(reason)) => self.refund(payment, reason),
            other => self.unexpected(&other),
        }
    }

    fn rejecting(&mut self, reason: Reason, detail: Option<String>, event: Event) -> Vec<Effect> {
        match event {
            Event::Replied(OrderReply::Rejected(..)) => {
                self.end(Outcome::Refused { number: self.number.clone(), reason, detail })
            }
            Event::Replied(OrderReply::Refused(Reason::InternalError)) | Event::Overdue | Event::NotSent => self.again(),
            // Somebody else has paid it meanwhile.
            Event::Replied(OrderReply::Refused(refusal)) => self.refuse(refusal),
            other => self.unexpected(&other),
        }
    }

    fn refunding(&mut self, event: &Event) -> Vec<Effect> {
        match event {
            Event::Cancelled => {
                self.step = Step::Done;
                Vec::new()
            }
            Event::CancelFailed => self.again(),
            other => self.unexpected(other),
        }
    }

    /// The order's fate is known to the shopper at once; the money follows.
    fn refund(&mut self, payment: PaymentDto, reason: Reason) -> Vec<Effect> {
        let mut effects = self.answer(Outcome::Refused { number: self.number.clone(), reason, detail: None });
        effects.extend(self.enter(Step::Refunding { payment, reason }));
        effects
    }

    fn refuse(&mut self, reason: Reason) -> Vec<Effect> {
        self.end(Outcome::Refused { number: self.number.clone(), reason, detail: None })
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
            Step::Placing { basket, .. } => vec![Effect::Send(OrderCommand::Create { number, basket: basket.clone() })],
            Step::Confirming { payment, .. } => vec![Effect::Confirm { number, payment: payment.clone() }],
            Step::Approving { payment } => vec![Effect::Send(OrderCommand::Approve { number, payment: payment.clone() })],
            Step::Rejecting { reason, .. } => vec![Effect::Send(OrderCommand::Reject { number, reason: *reason })],
            Step::Refunding { payment, reason } => vec![Effect::Cancel { number, payment: payment.clone(), reason: *reason }],
            Step::Done => Vec::new(),
        }
    }

    /// Does the step again after a while that doubles with each attempt.
    fn again(&mut self) -> Vec<Effect> {
        let delay = MIN_DELAY.saturating_mul(1 << self.attempt.min(16)).min(MAX_DELAY);
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
        if std::mem::replace(&mut self.is_answered, true) { Vec::new() } else { vec![Effect::Answer(outcome)] }
    }

    /// An answer that the step has no use for is as good as none: the step is done again. Anything else was not meant for it.
    fn unexpected(&mut self, event: &Event) -> Vec<Effect> {
        if matches!(event, Event::Replied(_)) { self.again() } else { Vec::new() }
    }
}
