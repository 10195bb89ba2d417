//! What the store is given, when, and what follows from its answer: group commit, rows that somebody else holds, and transitions that
//! the store fails with. Pure: it asks for [`Step`]s, and its driver does them, which is the journal or the simulation.
//!
//! While one batch is with the store, further transitions gather; the next batch takes them all, up to a maximum. Nothing waits for
//! company: an idle lane writes at once. There are three [`Lane`]s, so that what must wait holds nothing else up:
//!
//! - *at once*: everything begins here. Rows that somebody else holds are skipped, and their transitions set aside.
//! - *in turn*: transitions whose item or coupon was held. They queue at the database for its row, because two services that sell the
//!   same item take turns there: a service that only ever skipped the row could miss each of its turns.
//! - *alone*: transitions that the store has failed with although it answers, one at a time, so that they fail alone.
//!
//! A row that stays held is *stuck*: its transitions are parked behind it (`StuckRows`). The first of them tries again from time to
//! time, and when it gets through, or turns out to need another row, all others are released. A transition that fails again is parked
//! under its own order.
//!
//! A driver gives the plan at most one transition of an order at a time: the next one starts from what became of the one before.

mod lane_queue;
pub mod step;
mod stuck_rows;

use std::collections::VecDeque;
use std::mem;
use std::time::Duration;

use self::lane_queue::{Batch, Entry, LaneQueue, Terms, Waiter};
use self::step::{Alarm, Asker, Lane, News, SetAside, Step, Written};
use self::stuck_rows::StuckRows;
use crate::domain::decide::Transition;
use crate::domain::stored_orders::StoreOutcome;
use crate::ports::order_store::{Fate, OnHeldRow, StoreError, StoreRow};

/// Everything that is on its way into the store. `A` stands for whoever waits for a transition's outcome.
#[derive(Debug)]
pub struct WritePlan<A> {
    at_once: LaneQueue<A>,
    in_turn: LaneQueue<A>,
    alone: LaneQueue<A>,
    stuck: StuckRows<Entry<A>>,
    steps: VecDeque<Step<A>>,
    /// The next delays' jitter.
    seed: u64,
}

impl<A: Asker> WritePlan<A> {
    /// A plan that writes at most `max_batch` transitions in a transaction. `seed` makes the jitter of its delays: services that get
    /// stuck together must not try together, so each has another one.
    #[must_use]
    pub fn new(max_batch: usize, seed: u64) -> Self {
        Self {
            at_once: LaneQueue::new(max_batch, Terms::of_batch(OnHeldRow::Skip)),
            in_turn: LaneQueue::new(max_batch, Terms::of_batch(OnHeldRow::Wait)),
            alone: LaneQueue::new(1, Terms::ALONE),
            stuck: StuckRows::default(),
            steps: VecDeque::new(),
            seed,
        }
    }

    /// Takes a transition in.
    pub fn submit(&mut self, transition: Transition, asker: A) {
        self.at_once.push(Entry::new(transition, asker));
    }

    /// What is to be done next. To be called until there is nothing, after each other call.
    pub fn next_step(&mut self) -> Option<Step<A>> {
        self.steps
            .pop_front()
            .or_else(|| Lane::ALL.into_iter().find_map(|lane| self.begin(lane)))
    }

    /// The store has answered with the fates of a lane's batch.
    ///
    /// # Panics
    /// When the lane has no batch with the store.
    pub fn written(&mut self, lane: Lane, written: Written) {
        let mut batch = self.lane(lane).take_back();
        let mut error = None;
        let entries = written
            .transitions
            .into_iter()
            .zip(mem::take(&mut batch.waiters))
            .map(|(transition, waiter)| Entry { transition, waiter });
        for (entry, fate) in entries.zip(written.fates) {
            match fate {
                Fate::Stored(order) => self.answer(entry, Ok(StoreOutcome::Stored(order))),
                Fate::Stale(current) => self.answer(entry, Ok(StoreOutcome::Stale(current))),
                Fate::Held(row) => self.row_is_held(lane, row, entry),
                Fate::Failing(cause) => {
                    batch.push(entry);
                    error = Some(cause);
                }
            }
        }
        if let Some(error) = error {
            self.failed(lane, batch, error, written.store_answers);
        }
    }

    /// An alarm is due.
    pub fn wake(&mut self, alarm: Alarm) {
        match alarm {
            Alarm::Retry(lane) => {
                if let Some(batch) = self.lane(lane).retry() {
                    let write = batch.write(lane, true);
                    self.steps.push_back(write);
                }
            }
            Alarm::Try(row) => {
                if let Some(mut entry) = self.stuck.next_to_try(&row) {
                    entry.waiter.tries_for = Some(row);
                    // In a batch with others a transition that fails would fail them all.
                    let lane = if entry.waiter.is_failing {
                        &mut self.alone
                    } else {
                        &mut self.at_once
                    };
                    lane.push(entry);
                }
            }
        }
    }

    /// Whoever waits for the batch that a lane has with the store, in the batch's order.
    pub fn askers(&self, lane: Lane) -> impl Iterator<Item = &A> {
        let lane = match lane {
            Lane::AtOnce => &self.at_once,
            Lane::InTurn => &self.in_turn,
            Lane::Alone => &self.alone,
        };
        lane.waiters().map(|waiter| &waiter.asker)
    }

    /// Whether nothing is on its way.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let lanes = [&self.at_once, &self.in_turn, &self.alone];
        lanes.into_iter().all(LaneQueue::is_idle) && self.stuck.is_empty() && self.steps.is_empty()
    }

    fn lane(&mut self, lane: Lane) -> &mut LaneQueue<A> {
        match lane {
            Lane::AtOnce => &mut self.at_once,
            Lane::InTurn => &mut self.in_turn,
            Lane::Alone => &mut self.alone,
        }
    }

    fn begin(&mut self, lane: Lane) -> Option<Step<A>> {
        let batch = self.lane(lane).begin()?;
        Some(batch.write(lane, false))
    }

    fn answer(&mut self, entry: Entry<A>, outcome: Result<StoreOutcome, StoreError>) {
        let Waiter {
            asker, tries_for, ..
        } = entry.waiter;
        // Even when it was stale or refused, and the row is held as before: those behind it find that out by themselves, and park anew.
        if let Some(row) = tries_for {
            self.release(row);
        }
        self.steps.push_back(Step::Answer { asker, outcome });
    }

    /// The store has failed with a batch as a whole.
    fn failed(&mut self, lane: Lane, mut batch: Batch<A>, error: StoreError, store_answers: bool) {
        match (error, batch.terms.on_held_row) {
            (StoreError::Unavailable(cause), _) => {
                // While the store does not even answer a ping, its failures say nothing about the batch: they don't count.
                batch.failures = if store_answers { batch.failures + 1 } else { 0 };
                if batch.failures < batch.terms.tries {
                    return self.retry_later(lane, batch, cause);
                }
                match batch.into_single() {
                    Ok(entry) => self.transition_fails(lane, entry, cause),
                    Err(batch) => self.lane(lane).split(batch),
                }
            }
            // Some row was not to be had, and the store does not say which: asked without waiting, it does.
            (
                StoreError::Held(_) | StoreError::Refused(_) | StoreError::Corrupt(_),
                OnHeldRow::Wait,
            ) => {
                let batch = batch.on(Terms::of_batch(OnHeldRow::Skip));
                let write = self.lane(lane).keep(batch).write(lane, true);
                self.steps.push_back(write);
            }
            (error, OnHeldRow::Skip) => match (batch.into_single(), error) {
                // The transition's items and coupons are locked first, and skipped where they are held. So it is a row that is not: its own.
                (Ok(entry), StoreError::Held(_)) => {
                    let own_row = entry.own_row();
                    self.row_is_held(lane, own_row, entry);
                }
                (Ok(entry), error) => self.answer(entry, Err(error)),
                (Err(batch), _) => self.lane(lane).split(batch),
            },
        }
    }

    fn retry_later(&mut self, lane: Lane, mut batch: Batch<A>, cause: String) {
        let after = batch.next_delay(self.next_seed());
        let size = batch.waiters.len();
        self.steps
            .push_back(Step::Report(News::BatchWaits { size, after, cause }));
        self.steps.push_back(Step::Wake {
            alarm: Alarm::Retry(lane),
            after,
        });
        self.lane(lane).keep(batch);
    }

    fn row_is_held(&mut self, lane: Lane, row: StoreRow, entry: Entry<A>) {
        entry.waiter.asker.set_aside(SetAside::RowHeld);
        // One that the store fails with stays alone. Behind a row it would be released into a batch with others, and fail them all.
        let row = if entry.waiter.is_failing {
            entry.own_row()
        } else {
            row
        };
        self.wait_for(lane, row, entry);
    }

    fn transition_fails(&mut self, lane: Lane, mut entry: Entry<A>, cause: String) {
        entry.waiter.asker.set_aside(SetAside::StoreFails);
        if !mem::replace(&mut entry.waiter.is_failing, true) {
            let number = entry.transition.number().clone();
            self.steps
                .push_back(Step::Report(News::TransitionFails { number, cause }));
        }
        let own_row = entry.own_row();
        self.wait_for(lane, own_row, entry);
    }

    fn wait_for(&mut self, lane: Lane, row: StoreRow, mut entry: Entry<A>) {
        match entry.waiter.tries_for.take() {
            Some(tried) if tried == row => {
                let after = self.stuck.come_back(&row, entry);
                return self.wake_for(row, after);
            }
            // It got this row, and another one is in its way. Those behind it need not wait for that one.
            Some(tried) => self.release(tried),
            None => {}
        }
        if lane == Lane::AtOnce && self.takes_turns(&row) {
            self.in_turn.push(entry);
        } else {
            self.park(row, entry);
        }
    }

    /// Whether other services want this row as often as this one, so that it is free again soon. Only one service has an order's actor,
    /// so whoever holds an order's row is somebody else: a person at the database, a stopped process. The same goes for a row that was
    /// waited for already.
    fn takes_turns(&self, row: &StoreRow) -> bool {
        match row {
            StoreRow::Item(_) | StoreRow::Coupon(_) | StoreRow::Buyer(_) => {
                !self.stuck.contains(row)
            }
            StoreRow::Order(_) => false,
        }
    }

    fn park(&mut self, row: StoreRow, entry: Entry<A>) {
        let (seed, is_failing) = (self.next_seed(), entry.waiter.is_failing);
        if let Some(after) = self.stuck.join(&row, entry, seed) {
            if !is_failing {
                self.steps
                    .push_back(Step::Report(News::RowStuck(row.clone())));
            }
            self.wake_for(row, after);
        }
    }

    fn wake_for(&mut self, row: StoreRow, after: Duration) {
        let alarm = Alarm::Try(row);
        self.steps.push_back(Step::Wake { alarm, after });
    }

    fn release(&mut self, row: StoreRow) {
        let waiting = self.stuck.release(&row);
        let released = waiting.len();
        waiting
            .into_iter()
            .for_each(|entry| self.at_once.push(entry));
        self.steps
            .push_back(Step::Report(News::RowReleased { row, released }));
    }

    fn next_seed(&mut self) -> u64 {
        self.seed = self.seed.wrapping_add(1);
        self.seed
    }
}

#[cfg(test)]
mod tests;
