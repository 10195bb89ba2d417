//! The second half of the saga: charge the payment, then complete or reject the order.

use shared::money::Money;
use shared::reason::Reason;

use super::{CancelAnswer, CommandAnswer, ConfirmAnswer, Effect, Outcome, Purchase, Step, Warning};
use crate::domain::order::{OrderReply, Payment};

/// How many attempts may fail to reach the gateway, with nothing charged, before the payment is given up.
const MAX_UNREACHED: u32 = 6;

/// Whether the gateway is asked for this payment. There is nothing to charge for an order that costs nothing.
#[must_use]
pub fn needs_gateway(payment: &Payment) -> bool {
    payment.amount != Money::ZERO
}

impl Purchase {
    /// Charges the payment, where there is something to charge.
    pub(super) fn charge(&mut self, payment: Payment) -> Vec<Effect> {
        if !needs_gateway(&payment) {
            return self.enter(Step::Approving { payment });
        }
        self.enter(Step::Confirming {
            payment,
            may_be_charged: false,
        })
    }

    pub(super) fn confirm_answered(&mut self, answer: ConfirmAnswer) -> Vec<Effect> {
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
                detail: Some(detail.to_owned()),
            }),
            ConfirmAnswer::PaidOtherwise => self.refuse(Reason::PaymentConflict, None),
            // Only if no earlier attempt may have charged: "nothing was charged" must be true.
            ConfirmAnswer::NotReached(_)
                if !may_be_charged && self.attempt + 1 >= MAX_UNREACHED =>
            {
                self.unreached()
            }
            ConfirmAnswer::NotAsked if !may_be_charged => self.unreached(),
            ConfirmAnswer::NotReached(_) | ConfirmAnswer::NotAsked => self.again(),
            ConfirmAnswer::Unknown(_) => {
                self.step = Step::Confirming {
                    payment,
                    may_be_charged: true,
                };
                self.again()
            }
        }
    }

    /// Ends the purchase without a result. The review of the order finds out whether an earlier attempt has charged.
    pub(super) fn leave_to_review(&mut self) -> Vec<Effect> {
        let mut effects = self.end(Outcome::Late(self.number.clone()));
        effects.push(Effect::Warn(Warning::TooOldToCharge));
        effects
    }

    /// Nothing is charged, and neither payment nor order is refused: the order stays pending until its time to be paid is over.
    fn unreached(&mut self) -> Vec<Effect> {
        self.refuse(Reason::PaymentUnavailable, None)
    }

    pub(super) fn approving(&mut self, payment: Payment, answer: CommandAnswer) -> Vec<Effect> {
        match answer {
            CommandAnswer::Replied(OrderReply::Complete(order)) => {
                self.end(Outcome::Complete(order))
            }
            CommandAnswer::Replied(OrderReply::Rejected(_, reason)) => self.refund(payment, reason),
            // `Pending` is no answer to an approval: it can only be the late reply to an earlier command. Nor is a stranger's.
            CommandAnswer::Replied(
                OrderReply::Pending(_) | OrderReply::Refused(Reason::InternalError),
            )
            | CommandAnswer::RepliedByStranger(_)
            | CommandAnswer::Overdue
            | CommandAnswer::NotSent
            | CommandAnswer::NotSupported(_) => self.again(),
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
            // `Pending`, `Complete` and a stranger's are no answers to a rejection.
            CommandAnswer::Replied(
                OrderReply::Pending(_)
                | OrderReply::Complete(_)
                | OrderReply::Refused(Reason::InternalError),
            )
            | CommandAnswer::RepliedByStranger(_)
            | CommandAnswer::Overdue
            | CommandAnswer::NotSent
            | CommandAnswer::NotSupported(_) => self.again(),
            // For example, another payment has completed the order in the meantime.
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
            // Nothing is forgotten: the rejected order stays due, and its reviews ask again, less and less often.
            CancelAnswer::Refused => {
                self.step = Step::Done;
                vec![Effect::Warn(Warning::NotCancellable)]
            }
        }
    }

    /// Answers the shopper at once, and then cancels the charge: that may take many attempts.
    fn refund(&mut self, payment: Payment, reason: Reason) -> Vec<Effect> {
        if !needs_gateway(&payment) {
            return self.refuse(reason, None);
        }
        let mut effects = self.answer(Outcome::Refused {
            number: self.number.clone(),
            reason,
            detail: None,
            retry_at: None,
        });
        effects.extend(self.enter(Step::Refunding { payment, reason }));
        effects
    }
}
