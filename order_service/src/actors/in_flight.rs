//! The token of a record in hand: travels with its command from intake to reply, and holds a permit all the way.

use std::time::Instant;

use shared::kafka::offset_ledger::Position;
use shared::metrics::Histogram;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

/// A record in hand. Dropping it without [`finish`](Self::finish) gives the permit back but leaves the offset uncommitted: the record comes
/// again to whoever has its partition next, but not to this process as long as it has it. So only what ends the process, or finds itself
/// at its end, may drop one.
#[derive(Debug)]
pub struct InFlight {
    position: Position,
    finished: mpsc::UnboundedSender<Position>,
    _permit: OwnedSemaphorePermit,
    taken: Option<(Instant, Histogram)>,
}

impl InFlight {
    /// A token for the record at `position`. `finished` is unbounded, and holds at most as many positions as there are permits.
    #[must_use]
    pub fn new(
        position: Position,
        finished: mpsc::UnboundedSender<Position>,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            position,
            finished,
            _permit: permit,
            taken: None,
        }
    }

    /// Has the time from now to [`finish`](Self::finish) measured.
    #[must_use]
    pub fn measured_by(mut self, durations: Histogram) -> Self {
        self.taken = Some((Instant::now(), durations));
        self
    }

    /// The assignment of the record's partition, by its number.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.position.epoch()
    }

    /// The record's effect is stored, and its reply acknowledged or never to be delivered: its offset may be committed.
    pub fn finish(self) {
        if let Some((since, durations)) = self.taken {
            durations.observe(since.elapsed().as_secs_f64());
        }
        // An error means that intake has ended: then the record comes again, and its effect is found.
        let _ = self.finished.send(self.position);
    }
}
