//! The saga's first half: until the order service has the order, and knows how it is to be paid.

use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::order_dto::OrderDto;

use super::{CommandAnswer, Effect, Outcome, Purchase, Step, Warning};
use crate::domain::order::{Basket, Idempotency, OrderReply, Payment};

/// How often a new order number is tried before the purchase is given up.
const MAX_RENUMBERINGS: u32 = 5;
/// How often the order service is asked without an answer: what it has done is left to the order's review.
const MAX_ASKINGS: u32 = 30;

impl Purchase {
    pub(super) fn placing(
        &mut self,
        basket: Basket,
        renumberings: u32,
        answer: CommandAnswer,
    ) -> Vec<Effect> {
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
            CommandAnswer::NotSent | CommandAnswer::Overdue => self.ask_again(),
        }
    }

    /// For so long. What has happened by then shows in the order's review.
    fn ask_again(&mut self) -> Vec<Effect> {
        if self.attempt < MAX_ASKINGS {
            return self.again();
        }
        let unanswered = Warning::Unresolved(self.step_name());
        let mut effects = self.end(self.late());
        effects.push(Effect::Warn(unanswered));
        effects
    }

    pub(super) fn paying(
        &mut self,
        payment: Payment,
        idempotency: Option<Idempotency>,
        answer: CommandAnswer,
    ) -> Vec<Effect> {
        // Nobody can have ended this payment but an earlier request for it.
        let is_ended = idempotency.is_some();
        match answer {
            CommandAnswer::Replied(OrderReply::Pending(_)) => self.charge(payment, true),
            CommandAnswer::Replied(OrderReply::Complete(order)) => {
                self.is_replay = is_ended;
                self.end(Outcome::Complete(order))
            }
            CommandAnswer::Replied(OrderReply::Rejected(order, reason)) => {
                self.is_replay = is_ended;
                self.refuse(reason, order.reject_detail)
            }
            CommandAnswer::Replied(OrderReply::Refused(Reason::InternalError)) => {
                self.end(Outcome::Failed(self.number.clone()))
            }
            CommandAnswer::Replied(OrderReply::Refused(reason)) => self.refuse(reason, None),
            CommandAnswer::NotSent if self.attempt == 0 => self.end(Outcome::Unavailable),
            CommandAnswer::NotSent | CommandAnswer::Overdue => self.ask_again(),
        }
    }

    pub(super) fn renumbered(&mut self, number: OrderNumber) -> Vec<Effect> {
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
    fn placed(&mut self, order: OrderDto, payment: Option<Payment>) -> Vec<Effect> {
        let Some(payment) = payment else {
            return self.end(Outcome::Pending(order));
        };
        match order.final_price {
            Some(price) if price == payment.amount => self.charge(payment, false),
            Some(_) => self.enter(Step::Rejecting {
                reason: Reason::AmountMismatch,
                detail: None,
            }),
            // An old order service tells no price and knows no rejection: nothing is charged, and the order stays pending there.
            None => self.refuse(Reason::AmountMismatch, None),
        }
    }
}
