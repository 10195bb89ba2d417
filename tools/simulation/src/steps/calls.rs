//! Requests to the payment gateway.

use composite_service::domain::order::RefundOutcome;
use composite_service::domain::purchase::{ConfirmAnswer, Event, Origin, RefundAnswer};
use shared::order_number::OrderNumber;
use shared::payment::Payment;

use crate::gateway::{Answer, Call, Wish};
use crate::violation::Check;
use crate::world::World;

impl World {
    /// Asks the gateway, where it can be reached.
    pub(super) fn call(
        &mut self,
        composite: usize,
        id: u64,
        number: OrderNumber,
        payment: Payment,
        wish: Wish,
    ) {
        let unreached = match wish {
            Wish::Charge => {
                Answer::Confirm(ConfirmAnswer::NotReached(Origin::Gateway.because("away")))
            }
            Wish::Cancel | Wish::Refund(_) => wish.unanswered(),
        };
        self.calls.push(Call {
            caller: Some((composite, self.composites[composite].life, id)),
            number,
            payment,
            wish,
            sent_at: self.now,
            answer: (self.away_until > self.now).then_some(unreached),
        });
    }

    /// The gateway does what a request asks for.
    pub(crate) fn serve(&mut self, index: usize) -> Check {
        let is_willing = !self.chance.one_in(self.profile.declines);
        let refuses = [
            RefundOutcome::Done,
            RefundOutcome::Done,
            RefundOutcome::Refused,
            RefundOutcome::NotNow,
        ];
        let willing = refuses[self.chance.below(refuses.len())];
        let call = &mut self.calls[index];
        let answer = match call.wish {
            Wish::Cancel => Answer::Cancel(self.gateway.cancel(&call.number, &call.payment)),
            Wish::Charge => {
                self.store.is_for_sale(&call.number, &call.payment)?;
                Answer::Confirm(
                    self.gateway
                        .confirm(&call.number, &call.payment, is_willing),
                )
            }
            Wish::Refund(refund) => {
                let outcome = self
                    .gateway
                    .refund(&call.number, &call.payment, refund, willing);
                Answer::Refund(RefundAnswer::Ended(outcome))
            }
        };
        call.answer = Some(answer);
        Ok(())
    }

    /// The gateway's answer, or that there is none, reaches the purchase that has asked.
    pub(crate) fn answered(&mut self, call: &Call, answer: Answer) -> Check {
        let Some((composite, life, id)) = call.caller else {
            return Ok(());
        };
        if self.composites[composite].life != life {
            return Ok(());
        }
        let event = match answer {
            Answer::Confirm(answer) => Event::Confirm(answer),
            Answer::Cancel(answer) => Event::Cancel(answer),
            Answer::Refund(answer) => Event::Refund(answer),
        };
        self.go_on(composite, id, event)
    }

    /// Nobody waits for the gateway's answer any more; the request goes on.
    pub(crate) fn give_call_up(&mut self, index: usize) -> Check {
        let call = &mut self.calls[index];
        let given_up = call.clone();
        call.caller = None;
        let answer = given_up.wish.unanswered();
        self.answered(&given_up, answer)
    }
}
