//! Requests to the payment gateway.

use composite_service::domain::purchase::{CancelAnswer, ConfirmAnswer, Event, Origin};
use shared::order_number::OrderNumber;
use shared::payment::Payment;

use crate::gateway::{Answer, Call};
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
        is_cancel: bool,
    ) {
        let unreached = if is_cancel {
            Answer::Cancel(CancelAnswer::Failed)
        } else {
            Answer::Confirm(ConfirmAnswer::NotReached(Origin::Gateway.because("away")))
        };
        self.calls.push(Call {
            caller: Some((composite, self.composites[composite].life, id)),
            number,
            payment,
            is_cancel,
            sent_at: self.now,
            answer: (self.away_until > self.now).then_some(unreached),
        });
    }

    /// The gateway does what a request asks for.
    pub(crate) fn serve(&mut self, index: usize) -> Check {
        let is_willing = !self.chance.one_in(self.profile.declines);
        let call = &mut self.calls[index];
        let answer = if call.is_cancel {
            Answer::Cancel(self.gateway.cancel(&call.number, &call.payment))
        } else {
            self.store.is_for_sale(&call.number, &call.payment)?;
            Answer::Confirm(
                self.gateway
                    .confirm(&call.number, &call.payment, is_willing),
            )
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
        };
        self.go_on(composite, id, event)
    }

    /// Nobody waits for the gateway's answer any more; the request goes on.
    pub(crate) fn give_call_up(&mut self, index: usize) -> Check {
        let call = &mut self.calls[index];
        let given_up = call.clone();
        call.caller = None;
        let answer = if given_up.is_cancel {
            Answer::Cancel(CancelAnswer::Failed)
        } else {
            Answer::Confirm(ConfirmAnswer::Unknown(
                Origin::Gateway.because("by the schedule"),
            ))
        };
        self.answered(&given_up, answer)
    }
}
