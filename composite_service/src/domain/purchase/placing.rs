//! The first half of the saga: until the order service has the order and knows its payment.

use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::order_dto::OrderDto;

use super::{CommandAnswer, Effect, Outcome, Purchase, Step, Warning};
use crate::domain::order::{Basket, Idempotency, OrderReply, Payment};

/// How many new order numbers are tried before the purchase fails.
const MAX_RENUMBERINGS: u32 = 5;
/// How many repetitions may remain unanswered before the order is left to its review.
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
            // Only the first attempt: after a timeout an earlier one may have created the order, so "nothing was ordered" would be wrong.
            CommandAnswer::NotSent if self.attempt == 0 => self.end(Outcome::Unavailable),
            CommandAnswer::NotSent | CommandAnswer::Overdue => self.ask_again(),
        }
    }

    /// Repeats the command up to [`MAX_ASKINGS`] times. After that the review of the order finds out what has happened.
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
        // With a key, only an earlier request with the same key can have ended this payment.
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
            // The shopper was told the old number, and would not find the order under the new one.
            return self.end(Outcome::Failed(number));
        }
        self.number = number;
        self.enter(self.step.clone())
    }

    /// Takes over the order number of the reply. It differs from the requested one if an earlier request has used the idempotency key, or
    /// if an old order service assigns the numbers itself.
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
            // An old order service sends no price and does not know `ORDER_REJECT`. So nothing is charged, and the order stays pending.
            None => self.refuse(Reason::AmountMismatch, None),
        }
    }
}
