//! Ends the process when the database has not answered a call for far longer than any call takes. A database that vanishes without a
//! word, stopped or behind a cut link, leaves its client waiting for ever: the client library's time-outs are not within Diesel's reach.
//! The next process finds the database as it is then, and Kafka brings back what was in hand. Knows no statement.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use shared::budget;
use shared::crash::crash;

const ROUND: Duration = Duration::from_millis(250);

/// How long calls may be out.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// A connection that is being made. Longer than the kernel knocks at a host that does not answer, which is no reason to end.
    pub connecting: Duration,
    /// Anything else, from the first statement to the last.
    pub working: Duration,
}

/// The calls that are out, by number, and when they have been out for too long.
pub struct Watchdog {
    limits: Limits,
    calls: Mutex<BTreeMap<u64, Instant>>,
    next_call: AtomicU64,
}

/// A call that is out, until it is dropped.
pub struct Call<'a> {
    watchdog: &'a Watchdog,
    number: u64,
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.watchdog.calls.lock().remove(&self.number);
    }
}

impl Watchdog {
    /// Watches from a thread of its own, as long as somebody has this handle. `on_stuck` is called for as long as a call is out for
    /// too long.
    #[must_use]
    pub fn start(limits: Limits, on_stuck: impl Fn() + Send + 'static) -> Arc<Self> {
        let watchdog = Arc::new(Self {
            limits,
            calls: Mutex::default(),
            next_call: AtomicU64::new(0),
        });
        let watched = Arc::downgrade(&watchdog);
        thread::spawn(move || watch(&watched, on_stuck));
        watchdog
    }

    /// One that ends the process.
    #[must_use]
    pub fn ending_the_process() -> Arc<Self> {
        let limits = Limits {
            connecting: budget::CONNECTING_STUCK,
            working: budget::DATABASE_STUCK,
        };
        Self::start(limits, || {
            crash("the database has not answered for too long; the next process finds it as it is")
        })
    }

    /// Notes that a connection is being made from now on.
    #[must_use]
    pub fn connecting(&self) -> Call<'_> {
        self.call(self.limits.connecting)
    }

    /// Notes that a connection is at work from now on.
    #[must_use]
    pub fn working(&self) -> Call<'_> {
        self.call(self.limits.working)
    }

    fn call(&self, limit: Duration) -> Call<'_> {
        let number = self.next_call.fetch_add(1, Ordering::Relaxed);
        self.calls.lock().insert(number, Instant::now() + limit);
        Call {
            watchdog: self,
            number,
        }
    }

    fn is_stuck(&self) -> bool {
        let now = Instant::now();
        self.calls.lock().values().any(|deadline| *deadline < now)
    }
}

fn watch(watched: &Weak<Watchdog>, on_stuck: impl Fn()) {
    while let Some(watchdog) = watched.upgrade() {
        if watchdog.is_stuck() {
            on_stuck();
        }
        drop(watchdog);
        thread::sleep(ROUND);
    }
}
