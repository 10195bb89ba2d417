//! A composite's reviewer: asks what is due, asks the gateway, does what is to be done; each in a step of its own.

use chrono::TimeDelta;
use composite_service::domain::order::{OrderCommand, Refund, RefundOutcome};
use composite_service::domain::review::{Remedy, Standing, remedy};
use composite_service::domain::review_pace::{is_its_turn, pause};
use order_service::dto::order_dto;
use shared::order_number::OrderNumber;
use shared::payment::Payment;

use crate::composite::{Asker, Review};
use crate::sabotage::Sabotage;
use crate::violation::Check;
use crate::wire::ZONE;
use crate::world::World;

impl World {
    /// The reviewer asks which orders are due, and takes those whose turn it is.
    pub(crate) fn look(&mut self, composite: usize) {
        let now = self.time();
        let due = self.store.due(now);
        let pause = pause(self.chance.any());
        let mut reviews = Vec::new();
        for order in due {
            let overdue = order.review_at.map_or(TimeDelta::zero(), |at| now - at);
            let due_for = overdue.to_std().unwrap_or_default();
            if is_its_turn(due_for, self.chance.any()) {
                reviews.push(Review {
                    order: order_dto(&order, ZONE),
                    standing: None,
                });
            }
        }
        let process = &mut self.composites[composite];
        process.next_look = self.now + pause;
        process.reviews = reviews;
    }

    /// He asks the gateway about one of them.
    pub(crate) fn look_up(&mut self, composite: usize, index: usize, is_away: bool) {
        let review = &mut self.composites[composite].reviews[index];
        let Some(number) = &review.order.order_num else {
            return;
        };
        review.standing = Some(if is_away {
            Standing::Away("away".to_owned())
        } else {
            self.gateway.look_up(number)
        });
    }

    /// He does what is to be done.
    pub(crate) fn remedy(&mut self, composite: usize, index: usize) -> Check {
        let review = self.composites[composite].reviews.remove(index);
        let (Some(number), Some(standing)) = (&review.order.order_num, review.standing) else {
            return Ok(());
        };
        let remedy = remedy(number, &review.order, standing);
        self.note(|| format!("review of {number}: {remedy:?}"));
        self.tally.count(match &remedy {
            Remedy::Wait | Remedy::Hold(_) => "review waits",
            Remedy::Send(OrderCommand::Approve { .. }) => "review approves",
            Remedy::Send(OrderCommand::Reject { .. }) => "review rejects",
            Remedy::Send(OrderCommand::EndRefund { .. }) => "review ends refund",
            Remedy::Send(_) => "review settles",
            Remedy::Refund(..) => "review refunds",
            Remedy::GiveBack(..) => "review gives back",
        });
        match remedy {
            Remedy::Wait | Remedy::Hold(_) => Ok(()),
            Remedy::GiveBack(..) if self.sabotage == Sabotage::RefundsNotReviewed => Ok(()),
            Remedy::GiveBack(payment, refund) => {
                self.give_back(composite, number, &payment, refund)
            }
            Remedy::Send(command) => self.ask(composite, Asker::Reviewer, &command),
            Remedy::Refund(..) if self.sabotage == Sabotage::NoRefunds => {
                let number = number.clone();
                self.ask(composite, Asker::Reviewer, &OrderCommand::Settle { number })
            }
            Remedy::Refund(payment, _) => {
                self.gateway.cancel(number, &payment);
                Ok(())
            }
        }
    }

    /// He asks the gateway, and tells the order service what it has said.
    fn give_back(
        &mut self,
        composite: usize,
        number: &OrderNumber,
        payment: &Payment,
        refund: Refund,
    ) -> Check {
        let known = self.refund_as_known(number, refund);
        let outcome = self
            .gateway
            .refund(number, payment, known, RefundOutcome::Done);
        let command = OrderCommand::EndRefund {
            number: number.clone(),
            refund: refund.number,
            outcome,
        };
        // His composite may die before he tells it.
        if self.chance.one_in(4) {
            return Ok(());
        }
        self.ask(composite, Asker::Reviewer, &command)
    }
}
