//! The threads that write. They pass the write plan's batches to the store, and decide nothing.

use std::sync::Arc;

use crate::actors::store_threads::StoreThreads;
use crate::actors::write_plan::step::{Lane, Written};
use crate::domain::decide::Transition;
use crate::ports::order_store::{Fate, OnHeldRow, OrderStore, StoreError};

/// How many threads write. Each needs a connection, so the pool has room for them and for the readers.
pub const WRITERS: u32 = 2;

/// Two threads, because a statement that waits for a row's lock blocks its thread: one for rows that are free, one for rows that are
/// waited for.
pub struct StoreWriters {
    at_once: StoreThreads<dyn OrderStore>,
    in_turn: StoreThreads<dyn OrderStore>,
}

impl StoreWriters {
    /// Starts the threads.
    #[must_use]
    pub fn start(store: &Arc<dyn OrderStore>) -> Self {
        let thread = |name| StoreThreads::start(name, 1, Arc::clone(store));
        Self {
            at_once: thread("writer-at-once"),
            in_turn: thread("writer-in-turn"),
        }
    }

    /// Writes a batch of this lane on the lane's thread.
    pub fn write(
        &self,
        lane: Lane,
        transitions: Vec<Transition>,
        on_held_row: OnHeldRow,
    ) -> impl Future<Output = Written> + use<> {
        let thread = match lane {
            Lane::AtOnce => &self.at_once,
            // Transitions that keep failing share the thread of those that wait: they are slow as well, and rare.
            Lane::InTurn | Lane::Alone => &self.in_turn,
        };
        thread.run(move |store| {
            let fates = store.write(&transitions, on_held_row);
            let is_unavailable =
                |fate: &Fate| matches!(fate, Fate::Failing(StoreError::Unavailable(_)));
            // The plan counts a failure against the batch only if the store is there: an outage is not the batch's fault.
            let store_answers = !fates.iter().any(is_unavailable) || store.ping().is_ok();
            Written {
                transitions,
                fates,
                store_answers,
            }
        })
    }
}
