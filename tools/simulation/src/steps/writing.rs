//! What an order service's write plan asks for: batches that the store is given, alarms, and outcomes that actors wait for.

use std::time::Duration;

use order_service::actors::write_plan::step::{Alarm, Lane, News, Step, Written};
use order_service::domain::stored_orders::StoreOutcome;
use order_service::ports::order_store::{Fate, StoreError};
use shared::order_number::OrderNumber;

use crate::owner::{Mood, Write};
use crate::sabotage::Sabotage;
use crate::violation::{Check, Invariant, violated};
use crate::world::World;

impl World {
    /// Does all that an owner's plan asks for.
    pub(super) fn follow_plan(&mut self, owner: usize) -> Check {
        while let Some(step) = self.owners[owner].plan.next_step() {
            match step {
                Step::Write {
                    lane,
                    transitions,
                    on_held_row,
                    ..
                } => {
                    let write = Write::Asked(transitions, on_held_row);
                    self.owners[owner].writes.insert(lane, write);
                }
                Step::Wake { alarm, after } => self.set_alarm(owner, alarm, after),
                Step::Answer { asker, outcome } => self.hand_out(owner, &asker.0, outcome)?,
                Step::Report(news) => self.tally.count(match news {
                    News::BatchWaits { .. } => "batch waits",
                    News::RowStuck(_) => "row stuck",
                    News::RowReleased { released: 0, .. } => "row released",
                    News::RowReleased { .. } => "row released to others",
                    News::TransitionFails { .. } => "transition fails",
                }),
            }
        }
        Ok(())
    }

    fn set_alarm(&mut self, owner: usize, alarm: Alarm, after: Duration) {
        if self.sabotage == Sabotage::StuckRowForgotten && matches!(alarm, Alarm::Try(_)) {
            return;
        }
        self.owners[owner].alarms.push((self.now + after, alarm));
    }

    /// An owner's alarm rings.
    pub(crate) fn ring(&mut self, owner: usize, index: usize) -> Check {
        let (_, alarm) = self.owners[owner].alarms.swap_remove(index);
        self.owners[owner].plan.wake(alarm);
        self.follow_plan(owner)
    }

    /// The store is given a lane's batch.
    pub(crate) fn write(&mut self, owner: usize, lane: Lane, mood: Mood) -> Check {
        let writes = &mut self.owners[owner].writes;
        let Some(Write::Asked(transitions, on_held_row)) = writes.remove(&lane) else {
            return Ok(());
        };
        let fates = match mood {
            Mood::Well | Mood::Forgetful => {
                self.store
                    .write(&transitions, on_held_row, &mut self.tally)?
            }
            Mood::Refusing | Mood::Away => Vec::new(),
        };
        let fates = match mood.failure() {
            Some(error) => vec![Fate::Failing(error); transitions.len()],
            None => fates,
        };
        let written = Written {
            transitions,
            fates,
            store_answers: mood != Mood::Away,
        };
        let writes = &mut self.owners[owner].writes;
        writes.insert(lane, Write::Answered(written));
        Ok(())
    }

    /// The plan is told what has become of a lane's batch.
    pub(crate) fn tell_fates(&mut self, owner: usize, lane: Lane) -> Check {
        let process = &mut self.owners[owner];
        let Some(Write::Answered(mut written)) = process.writes.remove(&lane) else {
            return Ok(());
        };
        if self.sabotage == Sabotage::OutcomesReversed {
            written.fates.reverse();
        }
        process.plan.written(lane, written);
        self.follow_plan(owner)
    }

    /// An actor is told what has become of its transition.
    fn hand_out(
        &mut self,
        owner: usize,
        number: &OrderNumber,
        outcome: Result<StoreOutcome, StoreError>,
    ) -> Check {
        let actor = self.owners[owner].actors.get(number);
        let Some(hand) = actor.and_then(|actor| actor.in_hand.as_ref()) else {
            return violated(
                Invariant::OneAtATime,
                format!("nobody waits for what became of {number}: {outcome:?}"),
            );
        };
        let step = match outcome {
            Ok(StoreOutcome::Stale(Some(order)))
                if self.sabotage == Sabotage::ConflictIsSuccess =>
            {
                hand.run.stored(StoreOutcome::Stored(order))
            }
            Ok(outcome) => hand.run.stored(outcome),
            Err(_) => hand.run.failed(),
        };
        self.go_on_with(owner, number, step)
    }
}
