//! Ends the process when a call to the database has been unanswered for far longer than any call takes. If the database is paused or the
//! link is cut, the client waits for ever: Diesel has no way to set the client library's time-outs. The next process connects anew, and
//! Kafka redelivers the unfinished commands.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use shared::budget;
use shared::crash::crash;

/// How often deadlines are checked. Small against the limits, which are many seconds.
const ROUND: Duration = Duration::from_millis(250);

/// How long calls may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Making a connection. Longer than the kernel tries to reach a silent host: that attempt fails by itself, and is no reason to end.
    pub connecting: Duration,
    /// Anything else: a whole transaction, from its first statement to its last.
    pub working: Duration,
}

/// The calls under way, by number, with their deadlines.
pub struct Watchdog {
    limits: Limits,
    calls: Mutex<BTreeMap<u64, Instant>>,
    next_call: AtomicU64,
}

/// A call that is under way until this is dropped.
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
    /// Starts a thread that watches until the handle is dropped. It calls `on_stuck` again and again while a call is past its deadline.
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

    /// A watchdog that ends the process.
    #[must_use]
    pub fn ending_the_process() -> Arc<Self> {
        let limits = Limits {
            connecting: budget::CONNECTING_STUCK,
            working: budget::DATABASE_STUCK,
        };
        Self::start(limits, || {
            crash("the database has not answered for too long")
        })
    }

    /// A connection is being made from now on.
    #[must_use]
    pub fn connecting(&self) -> Call<'_> {
        self.call(self.limits.connecting)
    }

    /// A connection is in use from now on.
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
