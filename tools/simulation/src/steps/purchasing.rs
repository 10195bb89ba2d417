//! A purchase: does what the saga asks for, and tells it what came of it.

use std::time::Duration;

use composite_service::domain::order::Refund;
use composite_service::domain::purchase::{CancelAnswer, Effect, Event, Purchase, Warning};
use shared::budget;
use shared::ids::jittered;
use shared::order_number::OrderNumber;

use crate::composite::{Asker, Run};
use crate::gateway::{Wish, charged_in_time};
use crate::sabotage::Sabotage;
use crate::violation::Check;
use crate::world::World;

impl World {
    /// A purchase begins.
    pub(crate) fn begin(
        &mut self,
        composite: usize,
        request: usize,
        (purchase, effects): (Purchase, Vec<Effect>),
    ) -> Check {
        let id = self.next_purchase;
        self.next_purchase += 1;
        let run = Run {
            purchase,
            request,
            started_at: self.now,
            deadline: Some(self.now + budget::HTTP_ANSWER),
            wake_at: None,
        };
        self.composites[composite].purchases.insert(id, run);
        self.perform(composite, id, effects)
    }

    pub(crate) fn go_on(&mut self, composite: usize, id: u64, event: Event) -> Check {
        let Some(run) = self.composites[composite].purchases.get_mut(&id) else {
            return Ok(());
        };
        let age = self.now - run.started_at;
        let heard = match self.sabotage {
            Sabotage::LateFence => age.saturating_sub(Duration::from_secs(1)),
            _ => age,
        };
        let effects = run.purchase.handle(event, heard);
        self.perform(composite, id, effects)
    }

    fn perform(&mut self, composite: usize, id: u64, effects: Vec<Effect>) -> Check {
        for effect in effects {
            self.perform_one(composite, id, effect)?;
        }
        let purchases = &mut self.composites[composite].purchases;
        if purchases.get(&id).is_some_and(|run| run.purchase.is_done()) {
            purchases.remove(&id);
        }
        Ok(())
    }

    fn perform_one(&mut self, composite: usize, id: u64, effect: Effect) -> Check {
        let Some(run) = self.composites[composite].purchases.get_mut(&id) else {
            return Ok(());
        };
        match effect {
            Effect::Send(command) => self.ask(composite, Asker::Purchase(id), &command),
            Effect::Renumber => {
                let number = self.new_number();
                self.tally.count("renumbered");
                self.go_on(composite, id, Event::Renumbered(number))
            }
            Effect::Confirm { number, payment } => {
                charged_in_time(run.started_at, self.now)?;
                self.call(composite, id, number, payment, Wish::Charge);
                Ok(())
            }
            Effect::Cancel { .. } if self.sabotage == Sabotage::NoRefunds => {
                self.go_on(composite, id, Event::Cancel(CancelAnswer::Cancelled))
            }
            Effect::Cancel {
                number, payment, ..
            } => {
                self.tally.count("purchase refunds");
                self.call(composite, id, number, payment, Wish::Cancel);
                Ok(())
            }
            Effect::GiveBack {
                number,
                payment,
                refund,
            } => {
                self.tally.count("refunds asked for");
                let refund = self.refund_as_known(&number, refund);
                self.call(composite, id, number, payment, Wish::Refund(refund));
                Ok(())
            }
            Effect::Wait(delay) => {
                let delay = jittered(delay, self.chance.any());
                if let Some(run) = self.composites[composite].purchases.get_mut(&id) {
                    run.wake_at = Some(self.now + delay);
                }
                Ok(())
            }
            Effect::Answer(outcome) => {
                run.deadline = None;
                let request = run.request;
                self.told(request, outcome)
            }
            Effect::Warn(Warning::TooOldToCharge) => {
                self.tally.count("too late to charge");
                Ok(())
            }
            Effect::Warn(Warning::LeftToReview) => {
                self.tally.count("refund left to review");
                Ok(())
            }
            Effect::Warn(Warning::Unresolved(_) | Warning::NotCancellable) => Ok(()),
        }
    }

    /// The refund by the number that the gateway is told.
    pub(super) fn refund_as_known(&self, number: &OrderNumber, refund: Refund) -> Refund {
        match self.sabotage {
            Sabotage::RefundsWithoutKeys => Refund {
                number: self.gateway.next_refund(number),
                ..refund
            },
            _ => refund,
        }
    }

    pub(crate) fn wake(&mut self, composite: usize, id: u64) -> Check {
        if let Some(run) = self.composites[composite].purchases.get_mut(&id) {
            run.wake_at = None;
        }
        self.go_on(composite, id, Event::WaitOver)
    }

    pub(crate) fn pass_deadline(&mut self, composite: usize, id: u64) -> Check {
        if let Some(run) = self.composites[composite].purchases.get_mut(&id) {
            run.deadline = None;
        }
        self.go_on(composite, id, Event::DeadlinePassed)
    }
}
