//! The cancellation of an order: the order service rejects a pending one at once. Of a paid one it begins a refund and says how much is to be
//! given back; then the gateway is asked, and the order service is told what it has said.
//!
//! Every step can be repeated, by this saga or by a review: the gateway knows a refund by its number, and gives its money back once.

use shared::reason::Reason;

use super::charging::needs_gateway;
use super::{CommandAnswer, Effect, Outcome, Purchase, RefundAnswer, Step, Warning};
use crate::domain::order::{OrderReply, Payment, Refund, RefundOutcome};
use crate::domain::refund::requested_of;

impl Purchase {
    pub(super) fn cancelling(&mut self, answer: CommandAnswer) -> Vec<Effect> {
        match answer {
            CommandAnswer::Replied(OrderReply::Rejected(order, _)) => {
                self.end(Outcome::Cancelled(order))
            }
            CommandAnswer::Replied(OrderReply::Complete(order)) => match requested_of(&order) {
                Some((payment, refund)) => self.give_back(payment, refund),
                // It was done before.
                None => self.end(Outcome::Cancelled(order)),
            },
            CommandAnswer::Replied(OrderReply::Refused(Reason::InternalError)) => {
                self.end(Outcome::Failed(self.number.clone()))
            }
            CommandAnswer::Replied(OrderReply::Refused(reason)) => self.refuse(reason, None),
            CommandAnswer::NotSupported(what) if self.attempt == 0 => {
                self.end(Outcome::NotSupported { number: None, what })
            }
            CommandAnswer::NotSent if self.attempt == 0 => self.end(Outcome::Unavailable),
            // `Pending` can only be the late reply to an earlier command, and a stranger's is no answer to this one.
            CommandAnswer::Replied(OrderReply::Pending(_))
            | CommandAnswer::NotSent
            | CommandAnswer::Overdue
            | CommandAnswer::NotSupported(_)
            | CommandAnswer::RepliedByStranger(_) => self.ask_again(),
        }
    }

    /// Nothing was charged for an order that costs nothing.
    fn give_back(&mut self, payment: Payment, refund: Refund) -> Vec<Effect> {
        if needs_gateway(&refund.as_payment(&payment)) {
            self.enter(Step::GivingBack { payment, refund })
        } else {
            self.enter(Step::EndingRefund {
                refund: refund.number,
                outcome: RefundOutcome::Done,
            })
        }
    }

    pub(super) fn refund_answered(&mut self, answer: RefundAnswer) -> Vec<Effect> {
        let Step::GivingBack { refund, .. } = &self.step else {
            return Vec::new();
        };
        let refund = refund.number;
        let outcome = match answer {
            RefundAnswer::Ended(outcome) => outcome,
            RefundAnswer::Unknown => return self.again(),
        };
        self.enter(Step::EndingRefund { refund, outcome })
    }

    pub(super) fn ending_refund(
        &mut self,
        outcome: RefundOutcome,
        answer: CommandAnswer,
    ) -> Vec<Effect> {
        match answer {
            CommandAnswer::Replied(OrderReply::Complete(order)) => match outcome {
                RefundOutcome::Done => self.end(Outcome::Cancelled(order)),
                RefundOutcome::Refused => self.refuse(Reason::RefundRefused, None),
                RefundOutcome::NotNow => self.refuse(Reason::RefundUnavailable, None),
            },
            CommandAnswer::Replied(OrderReply::Refused(reason))
                if reason != Reason::InternalError =>
            {
                self.end(Outcome::Failed(self.number.clone()))
            }
            // `Pending` and `Rejected` are no answers to this command.
            CommandAnswer::Replied(
                OrderReply::Pending(_) | OrderReply::Rejected(..) | OrderReply::Refused(_),
            )
            | CommandAnswer::RepliedByStranger(_)
            | CommandAnswer::Overdue
            | CommandAnswer::NotSent
            | CommandAnswer::NotSupported(_) => self.again(),
        }
    }

    /// Ends without a result. The review of the order goes on with the refund.
    pub(super) fn leave_refund_to_review(&mut self) -> Vec<Effect> {
        let mut effects = self.end(Outcome::Late(self.number.clone()));
        effects.push(Effect::Warn(Warning::LeftToReview));
        effects
    }
}
