//! How long the journal has written nothing although transitions wait. The readiness probe reads it. Times are arguments.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// How long nothing may be written while transitions wait, before the service is not ready. As long as a call to the database may take
/// before the watchdog ends the process: a single slow transaction must not take the service out of the balancer.
const UNWRITTEN_WAIT: Duration = Duration::from_secs(30);

/// The journal's end: it counts what waits.
#[derive(Debug)]
pub struct WriteProgress {
    waiting: usize,
    since_tx: watch::Sender<Option<Instant>>,
}

/// The probe's end.
#[derive(Debug, Clone)]
pub struct WritingState(watch::Receiver<Option<Instant>>);

impl WriteProgress {
    /// Both ends, with nothing waiting.
    #[must_use]
    pub fn new() -> (Self, WritingState) {
        let (since_tx, since_rx) = watch::channel(None);
        let progress = Self {
            waiting: 0,
            since_tx,
        };
        (progress, WritingState(since_rx))
    }

    /// One more transition waits.
    pub fn came(&mut self, now: Instant) {
        self.waiting += 1;
        if self.waiting == 1 {
            self.since_tx.send_replace(Some(now));
        }
    }

    /// `count` transitions have their outcome.
    pub fn done(&mut self, count: usize, now: Instant) {
        if count == 0 {
            return;
        }
        self.waiting = self.waiting.saturating_sub(count);
        // Progress restarts the time for those that still wait.
        self.since_tx
            .send_replace((self.waiting > 0).then_some(now));
    }
}

impl WritingState {
    /// Whether nothing waits, or something was written recently.
    #[must_use]
    pub fn is_well(&self, now: Instant) -> bool {
        self.0
            .borrow()
            .is_none_or(|since| now.saturating_duration_since(since) <= UNWRITTEN_WAIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Duration = Duration::from_secs(1);

    #[test]
    fn is_well_while_nothing_waits() {
        let begin = Instant::now();
        let (mut progress, state) = WriteProgress::new();
        assert!(state.is_well(begin + 100 * UNWRITTEN_WAIT));
        progress.came(begin);
        progress.done(1, begin);
        assert!(state.is_well(begin + 100 * UNWRITTEN_WAIT));
    }

    #[test]
    fn is_well_while_something_is_written() {
        let begin = Instant::now();
        let (mut progress, state) = WriteProgress::new();
        progress.came(begin);
        let later = begin + UNWRITTEN_WAIT;
        progress.came(later);
        assert!(state.is_well(later));
        assert!(!state.is_well(later + MOMENT), "the first one waits");
        progress.done(1, later);
        assert!(state.is_well(later + UNWRITTEN_WAIT));
        progress.done(0, later + UNWRITTEN_WAIT);
        assert!(!state.is_well(later + UNWRITTEN_WAIT + MOMENT));
        progress.done(1, later + UNWRITTEN_WAIT + MOMENT);
        assert!(state.is_well(later + 100 * UNWRITTEN_WAIT));
    }
}
