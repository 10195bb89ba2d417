//! What an order service's write plan asks for: batches that the store is given, alarms, and outcomes that actors wait for.

use std::time::Duration;

use order_service::actors::write_plan::step::{Alarm, Lane, News, Step, Written};
use order_service::domain::decide::Transition;
use order_service::domain::stored_orders::StoreOutcome;
use order_service::ports::order_store::{Fate, OnHeldRow, StoreError};
use shared::order_number::OrderNumber;

use super::Owner;
use crate::invariants::{Check, Invariant, violated};
use crate::sabotage::Sabotage;
use crate::world::World;

/// A batch that is out.
#[derive(Debug)]
pub(super) enum Write {
    /// On its way to the store.
    Asked(Vec<Transition>, OnHeldRow),
    /// The store has answered, and the plan does not know it yet.
    Answered(Written),
}

/// What the store does with a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// It writes it, and says so.
    Well,
    /// It writes it, and its answer is lost.
    Forgetful,
    /// It refuses it for good.
    Refusing,
    /// It is away: neither the batch nor a ping has an answer.
    Away,
}

impl Mood {
    /// The failure that the service sees.
    fn failure(self) -> Option<StoreError> {
        let words = || "by the schedule".to_owned();
        match self {
            Self::Well => None,
            Self::Forgetful | Self::Away => Some(StoreError::Unavailable(words())),
            Self::Refusing => Some(StoreError::Refused(words())),
        }
    }
}

impl Owner {
    /// Lanes whose batch the store has not answered for.
    pub fn writing(&self) -> impl Iterator<Item = Lane> {
        let asked = |write: &Write| matches!(write, Write::Asked(..));
        let writes = self.writes.iter();
        writes
            .filter(move |(_, write)| asked(write))
            .map(|(lane, _)| *lane)
    }

    /// Lanes whose batch the store has answered for.
    pub fn written(&self) -> impl Iterator<Item = Lane> {
        let answered = |write: &Write| matches!(write, Write::Answered(_));
        let writes = self.writes.iter();
        writes
            .filter(move |(_, write)| answered(write))
            .map(|(lane, _)| *lane)
    }

    /// The transitions of batches that the store has not answered for.
    pub fn asked(&self) -> impl Iterator<Item = &Transition> {
        self.writes.values().flat_map(|write| match write {
            Write::Asked(batch, _) => batch.iter(),
            Write::Answered(_) => [].iter(),
        })
    }

    /// Alarms that are due at `now`.
    pub fn due_alarms(&self, now: Duration) -> impl Iterator<Item = usize> {
        let alarms = self.alarms.iter().enumerate();
        alarms
            .filter(move |(_, (at, _))| *at <= now)
            .map(|(index, _)| index)
    }

    /// When the alarms that are set are due.
    pub fn alarms(&self) -> impl Iterator<Item = Duration> {
        self.alarms.iter().map(|(at, _)| *at)
    }
}

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
