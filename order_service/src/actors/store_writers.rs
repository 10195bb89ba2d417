//! The threads that write. They give the store the write plan's batches, and decide nothing.

use std::sync::Arc;

use crate::actors::store_threads::StoreThreads;
use crate::actors::write_plan::step::{Lane, Written};
use crate::domain::decide::Transition;
use crate::ports::order_store::{Fate, OnHeldRow, OrderStore, StoreError};

/// How many threads write.
pub const WRITERS: u32 = 2;

/// One thread for what is free, and one for what is waited for: a statement that waits for a row blocks its thread.
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

    /// Gives the store a batch of this lane.
    pub fn write(
        &self,
        lane: Lane,
        transitions: Vec<Transition>,
        on_held_row: OnHeldRow,
    ) -> impl Future<Output = Written> + use<> {
        let thread = match lane {
            Lane::AtOnce => &self.at_once,
            // What the store fails with shares the thread of what waits: it takes long as well, and is rare.
            Lane::InTurn | Lane::Alone => &self.in_turn,
        };
        thread.run(move |store| {
            let fates = store.write(&transitions, on_held_row);
            let is_unavailable =
                |fate: &Fate| matches!(fate, Fate::Failing(StoreError::Unavailable(_)));
            let store_answers = !fates.iter().any(is_unavailable) || store.ping().is_ok();
            Written {
                transitions,
                fates,
                store_answers,
            }
        })
    }
}
