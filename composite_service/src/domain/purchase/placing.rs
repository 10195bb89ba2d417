//! The first half of the saga: until the order service has the order and knows its payment.

use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::order_dto::OrderDto;

use super::{CommandAnswer, Effect, Outcome, Purchase, Step, Warning};
use crate::domain::order::{Basket, Idempotency, OrderReply, Payment};
use crate::domain::peer::{Unsupported, lacking};

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
                self.rejected(order, reason)
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
            CommandAnswer::RepliedByStranger(reply) => self.placed_by_stranger(reply, &basket),
            CommandAnswer::NotSupported(what) if self.attempt == 0 => {
                self.end(Outcome::NotSupported { number: None, what })
            }
            // The first attempt may have placed the order, and a repetition would place another one.
            CommandAnswer::NotSupported(_) => self.end(self.late()),
            // Only the first attempt: after a timeout an earlier one may have created the order, so "nothing was ordered" would be wrong.
            CommandAnswer::NotSent if self.attempt == 0 => self.end(Outcome::Unavailable),
            CommandAnswer::NotSent | CommandAnswer::Overdue => self.ask_again(),
        }
    }

    /// Repeats the command up to [`MAX_ASKINGS`] times. After that the review of the order finds out what has happened.
    pub(super) fn ask_again(&mut self) -> Vec<Effect> {
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
            CommandAnswer::Replied(OrderReply::Pending(_)) => self.charge(payment),
            CommandAnswer::Replied(OrderReply::Complete(order)) => {
                self.is_replay = is_ended;
                self.end(Outcome::Complete(order))
            }
            CommandAnswer::Replied(OrderReply::Rejected(order, reason)) => {
                self.is_replay = is_ended;
                self.rejected(order, reason)
            }
            CommandAnswer::Replied(OrderReply::Refused(Reason::InternalError)) => {
                self.end(Outcome::Failed(self.number.clone()))
            }
            CommandAnswer::Replied(OrderReply::Refused(reason)) => self.refuse(reason, None),
            CommandAnswer::NotSupported(what) if self.attempt == 0 => {
                self.end(Outcome::NotSupported { number: None, what })
            }
            CommandAnswer::NotSent if self.attempt == 0 => self.end(Outcome::Unavailable),
            // A stranger's is no answer to this command.
            CommandAnswer::NotSent
            | CommandAnswer::Overdue
            | CommandAnswer::NotSupported(_)
            | CommandAnswer::RepliedByStranger(_) => self.ask_again(),
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

    /// Takes over the order number of the reply. It differs from the requested one if an earlier request has used the idempotency key.
    fn take_number_of(&mut self, order: &OrderDto, basket: &Basket) {
        let asked = self.number.clone();
        self.rename(order);
        self.is_replay = basket.idempotency.is_some() && self.number != asked;
    }

    /// The order is pending.
    fn placed(&mut self, order: OrderDto, payment: Option<Payment>) -> Vec<Effect> {
        let Some(payment) = payment else {
            return self.end(Outcome::Pending(order));
        };
        match order.final_price {
            Some(price) if price == payment.amount => self.charge(payment),
            Some(_) => self.enter(Step::Rejecting {
                reason: Reason::AmountMismatch,
                detail: None,
            }),
            // Nothing is charged for an unknown price, and the order stays pending until its review.
            None => self.refuse(Reason::AmountMismatch, None),
        }
    }

    /// A Spring order service, or who may be one, has replied. Its order gets no payment, so it stays pending.
    fn placed_by_stranger(&mut self, reply: OrderReply, basket: &Basket) -> Vec<Effect> {
        match reply {
            OrderReply::Pending(order) => {
                self.rename(&order);
                match lacking(basket) {
                    // Only a repeated request needs the key.
                    None | Some(Unsupported::IdempotencyKey) => self.end(Outcome::Pending(order)),
                    Some(what) => self.end(Outcome::NotSupported {
                        number: Some(self.number.clone()),
                        what,
                    }),
                }
            }
            OrderReply::Complete(order) => {
                self.rename(&order);
                self.end(Outcome::Complete(order))
            }
            OrderReply::Rejected(order, reason) => {
                self.rename(&order);
                self.rejected(order, reason)
            }
            OrderReply::Refused(_) => self.end(Outcome::Failed(self.number.clone())),
        }
    }

    fn rename(&mut self, order: &OrderDto) {
        if let Some(number) = &order.order_num {
            self.number = number.clone();
        }
    }
}
