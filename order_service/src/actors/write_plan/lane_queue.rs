//! One lane: what waits for its next batch, and the batch that is out. At most one is out at a time, from its first try to its last.

use std::collections::VecDeque;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff};

use super::step::{Lane, Step};
use crate::actors::store_backoff::store_backoff;
use crate::domain::decide::Transition;
use crate::ports::order_store::{OnHeldRow, StoreRow};

/// How many failures in a row, each beside an answered ping, make a batch's transitions stand each for itself. The delays in between
/// add up to some seconds: long enough for a deadlock or a failover to pass, short enough for the batch's other orders.
pub(super) const BATCH_TRIES: u32 = 8;

/// A transition on its way, and whoever waits for it.
#[derive(Debug)]
pub(super) struct Entry<A> {
    pub(super) transition: Transition,
    pub(super) waiter: Waiter<A>,
}

/// What is known of a transition besides itself, also while it is with the store.
#[derive(Debug)]
pub(super) struct Waiter<A> {
    pub(super) asker: A,
    /// The stuck row that the transition tries for all that are parked behind it.
    pub(super) tries_for: Option<StoreRow>,
    /// Whether the store has failed with it, so that it must not be in a batch with others.
    pub(super) is_failing: bool,
}

impl<A> Entry<A> {
    pub(super) fn new(transition: Transition, asker: A) -> Self {
        let waiter = Waiter {
            asker,
            tries_for: None,
            is_failing: false,
        };
        Self { transition, waiter }
    }

    pub(super) fn own_row(&self) -> StoreRow {
        StoreRow::Order(self.transition.number().clone())
    }
}

/// How a batch is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub(super) on_held_row: OnHeldRow,
    /// How many failures in a row, each beside an answering store, are its last.
    pub(super) tries: u32,
}

impl Terms {
    /// A batch of several.
    pub(super) fn of_batch(on_held_row: OnHeldRow) -> Self {
        let tries = BATCH_TRIES;
        Self { on_held_row, tries }
    }

    /// A transition by itself that has failed before, in a batch or alone: it has had its tries.
    pub(super) const ALONE: Self = Self {
        on_held_row: OnHeldRow::Skip,
        tries: 1,
    };
}

/// A batch that is out: with the store, or waiting for its next try.
#[derive(Debug)]
pub(super) struct Batch<A> {
    pub(super) waiters: Vec<Waiter<A>>,
    /// In the waiters' order. Empty while the batch is with the store, which has them.
    transitions: Vec<Transition>,
    pub(super) terms: Terms,
    /// Since the store has last not answered a ping.
    pub(super) failures: u32,
    delays: Option<ExponentialBackoff>,
}

impl<A> Batch<A> {
    fn new(entries: impl Iterator<Item = Entry<A>>, terms: Terms) -> Self {
        let (transitions, waiters) = entries
            .map(|entry| (entry.transition, entry.waiter))
            .unzip();
        Self {
            waiters,
            transitions,
            terms,
            failures: 0,
            delays: None,
        }
    }

    /// Hands the transitions to the store.
    pub(super) fn write(&mut self, lane: Lane, is_retry: bool) -> Step<A> {
        Step::Write {
            lane,
            transitions: std::mem::take(&mut self.transitions),
            on_held_row: self.terms.on_held_row,
            is_retry,
        }
    }

    /// Takes back a transition that has failed.
    pub(super) fn push(&mut self, entry: Entry<A>) {
        self.transitions.push(entry.transition);
        self.waiters.push(entry.waiter);
    }

    /// The same batch from the beginning, on other terms.
    pub(super) fn on(self, terms: Terms) -> Self {
        Self {
            terms,
            failures: 0,
            delays: None,
            ..self
        }
    }

    /// Until the next try.
    pub(super) fn next_delay(&mut self, seed: u64) -> Duration {
        let delays = self
            .delays
            .get_or_insert_with(|| store_backoff().with_jitter_seed(seed).build());
        delays.next().unwrap_or_default()
    }

    /// Its only entry; itself when it has several.
    #[expect(
        clippy::result_large_err,
        reason = "the batch comes back as it was; it is no error that travels"
    )]
    pub(super) fn into_single(mut self) -> Result<Entry<A>, Self> {
        match (self.transitions.pop(), self.waiters.pop()) {
            (Some(transition), Some(waiter)) if self.waiters.is_empty() => {
                Ok(Entry { transition, waiter })
            }
            (transition, waiter) => {
                self.transitions.extend(transition);
                self.waiters.extend(waiter);
                Err(self)
            }
        }
    }

    fn into_entries(self) -> impl Iterator<Item = Entry<A>> {
        let entries = self.transitions.into_iter().zip(self.waiters);
        entries.map(|(transition, waiter)| Entry { transition, waiter })
    }
}

/// A lane.
#[derive(Debug)]
pub(super) struct LaneQueue<A> {
    waiting: VecDeque<Entry<A>>,
    /// What is left of a batch that was split. Each of these is written by itself, before anything that waits.
    singles: VecDeque<Entry<A>>,
    out: Option<Batch<A>>,
    max_batch: usize,
    terms: Terms,
}

impl<A> LaneQueue<A> {
    pub(super) fn new(max_batch: usize, terms: Terms) -> Self {
        Self {
            waiting: VecDeque::new(),
            singles: VecDeque::new(),
            out: None,
            max_batch,
            terms,
        }
    }

    /// Takes one in, behind those that wait.
    pub(super) fn push(&mut self, entry: Entry<A>) {
        self.waiting.push_back(entry);
    }

    /// The next batch, which is out from now on. `None` while another one is, and when nothing waits.
    pub(super) fn begin(&mut self) -> Option<&mut Batch<A>> {
        if self.out.is_some() {
            return None;
        }
        let batch = if let Some(single) = self.singles.pop_front() {
            Batch::new([single].into_iter(), Terms::ALONE)
        } else if self.waiting.is_empty() {
            return None;
        } else {
            let size = self.waiting.len().min(self.max_batch);
            Batch::new(self.waiting.drain(..size), self.terms)
        };
        Some(self.keep(batch))
    }

    /// Takes out the batch that the store has answered for. Its transitions are with the caller.
    ///
    /// # Panics
    /// When no batch is out: the driver has invented an answer, and whatever it does next is wrong.
    pub(super) fn take_back(&mut self) -> Batch<A> {
        match self.out.take() {
            Some(batch) => batch,
            None => panic!("the store has answered, and was not asked"),
        }
    }

    /// Keeps a batch out.
    pub(super) fn keep(&mut self, batch: Batch<A>) -> &mut Batch<A> {
        self.out.insert(batch)
    }

    /// The batch that waits for its next try.
    pub(super) fn retry(&mut self) -> Option<&mut Batch<A>> {
        self.out
            .as_mut()
            .filter(|batch| !batch.transitions.is_empty())
    }

    /// Has each transition of a batch written by itself.
    pub(super) fn split(&mut self, batch: Batch<A>) {
        self.singles.extend(batch.into_entries());
    }

    pub(super) fn waiters(&self) -> impl Iterator<Item = &Waiter<A>> {
        self.out.iter().flat_map(|batch| &batch.waiters)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.out.is_none() && self.singles.is_empty() && self.waiting.is_empty()
    }
}
