//! The saga's second half: the money, and what the order comes to by it.

use shared::money::Money;
use shared::reason::Reason;

use super::{CancelAnswer, CommandAnswer, ConfirmAnswer, Effect, Outcome, Purchase, Step, Warning};
use crate::domain::order::{OrderReply, Payment};

/// How often the gateway may be out of reach, with nothing charged, before the payment is given up.
const MAX_UNREACHED: u32 = 6;

impl Purchase {
    /// Asks the gateway, unless there is nothing to pay.
    pub(super) fn charge(&mut self, payment: Payment, order_waits: bool) -> Vec<Effect> {
        if payment.amount == Money::ZERO {
            return self.enter(Step::Approving { payment });
        }
        self.enter(Step::Confirming {
            payment,
            may_be_charged: false,
            order_waits,
        })
    }

    pub(super) fn confirm_answered(&mut self, answer: ConfirmAnswer) -> Vec<Effect> {
        let Step::Confirming {
            payment,
            may_be_charged,
            order_waits,
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
            ConfirmAnswer::PaidOtherwise => self.refuse(Reason::PaymentConflict, None),
            ConfirmAnswer::NotReached(_)
                if !may_be_charged && self.attempt + 1 >= MAX_UNREACHED =>
            {
                self.unreached(order_waits)
            }
            ConfirmAnswer::NotReached(_) => self.again(),
            ConfirmAnswer::Unknown(_) => {
                self.step = Step::Confirming {
                    payment,
                    may_be_charged: true,
                    order_waits,
                };
                self.again()
            }
        }
    }

    /// Whether an earlier attempt has charged is the review's to find out.
    pub(super) fn leave_to_review(&mut self) -> Vec<Effect> {
        let mut effects = self.end(Outcome::Late(self.number.clone()));
        effects.push(Effect::Warn(Warning::TooOldToCharge));
        effects
    }

    /// Nothing is charged: an order that has been waiting for its payment goes on waiting, and the shopper may try again.
    fn unreached(&mut self, order_waits: bool) -> Vec<Effect> {
        if order_waits {
            return self.refuse(Reason::PaymentUnavailable, None);
        }
        self.enter(Step::Rejecting {
            reason: Reason::PaymentUnavailable,
            detail: None,
        })
    }

    pub(super) fn approving(&mut self, payment: Payment, answer: CommandAnswer) -> Vec<Effect> {
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

    pub(super) fn rejecting(
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

    pub(super) fn cancel_answered(&mut self, answer: CancelAnswer) -> Vec<Effect> {
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
    fn refund(&mut self, payment: Payment, reason: Reason) -> Vec<Effect> {
        if payment.amount == Money::ZERO {
            return self.refuse(reason, None);
        }
        let mut effects = self.answer(Outcome::Refused {
            number: self.number.clone(),
            reason,
            detail: None,
        });
        effects.extend(self.enter(Step::Refunding { payment, reason }));
        effects
    }
}
