//! The token of a record that is not finished. It travels with the record's command from intake to reply and holds a permit all the way.

use std::time::Instant;

use shared::kafka::offset_ledger::Position;
use shared::metrics::Histogram;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

/// A record that is not finished. Whoever drops it without [`finish`](Self::finish) gives the permit back, but the offset stays uncommitted
/// for as long as this process owns the partition: Kafka gives the record to the next owner only. So it is dropped only when the process
/// ends; where it can't be passed on before that, the process must end (`shared::crash`).
#[derive(Debug)]
pub struct InFlight {
    position: Position,
    finished: mpsc::UnboundedSender<Position>,
    _permit: OwnedSemaphorePermit,
    taken: Option<(Instant, Histogram)>,
}

impl InFlight {
    /// A token for the record at `position`, which is sent to `finished` at its end. That channel is unbounded, since whoever finishes must
    /// not wait, but never holds more positions than there are permits.
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

    /// Under which assignment of its partition the record was read: another one has another number.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.position.epoch()
    }

    /// The record's effect is stored, and its reply acknowledged or never to be delivered: its offset may be committed.
    pub fn finish(self) {
        if let Some((since, durations)) = self.taken {
            durations.observe(since.elapsed().as_secs_f64());
        }
        // An error means that the intake has ended. The next owner reads the record again and finds that it is done.
        let _ = self.finished.send(self.position);
    }
}
