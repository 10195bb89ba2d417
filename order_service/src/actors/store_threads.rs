//! Threads for the store's blocking calls, so that none of them blocks an async thread. A call is a closure that gets what the threads
//! share.
//!
//! As many calls run at a time as there are threads. Further calls wait in a queue, first come, first served. The queue has no limit of
//! its own. Each caller awaits its call, so it holds at most one call for each record in flight and each HTTP connection.

use std::sync::Arc;

use rayon::{ThreadPool, ThreadPoolBuilder};
use shared::crash::crash;
use tokio::sync::oneshot;

use crate::ports::catalogue::Catalogue;
use crate::ports::member_orders::MemberOrders;
use crate::ports::order_store::OrderStore;
use crate::ports::reviews::Reviews;
use crate::ports::shelves::Shelves;

/// Why the process ends when a call has panicked.
const PANICKED: &str = "a call to the store has panicked";

/// A pool of threads that share `S`. Clones are handles to the same pool, which ends with its last handle.
pub struct StoreThreads<S: ?Sized> {
    pool: Arc<ThreadPool>,
    shared: Arc<S>,
}

/// The ports that read from the store.
pub struct ReadPorts {
    /// Orders.
    pub orders: Arc<dyn OrderStore>,
    /// Orders that are due for review.
    pub reviews: Arc<dyn Reviews>,
    /// Orders by member.
    pub member_orders: Arc<dyn MemberOrders>,
    /// Products and coupons.
    pub catalogue: Arc<dyn Catalogue>,
    /// Shelves to look at.
    pub shelves: Arc<dyn Shelves>,
}

/// The threads that read.
pub type StoreReader = StoreThreads<ReadPorts>;

impl<S: ?Sized> Clone for StoreThreads<S> {
    fn clone(&self) -> Self {
        Self {
            pool: Arc::clone(&self.pool),
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<S: ?Sized + Send + Sync + 'static> StoreThreads<S> {
    /// Starts `count` threads with this name. The process ends where the system has no threads left: nothing could be stored.
    #[must_use]
    pub fn start(name: &str, count: usize, shared: Arc<S>) -> Self {
        let name = name.to_owned();
        let pool = ThreadPoolBuilder::new()
            .num_threads(count)
            .thread_name(move |index| format!("{name}-{index}"))
            .panic_handler(|_| crash(PANICKED))
            .build();
        match pool {
            Ok(pool) => Self {
                pool: Arc::new(pool),
                shared,
            },
            Err(error) => crash(format_args!(
                "the threads for the store don't start: {error}"
            )),
        }
    }

    /// Queues a call and returns its result. If the future is dropped while the call is queued, the call never runs. If the call has
    /// begun, it runs to its end, and its result is dropped.
    ///
    /// A call that panics ends the process, whether the build unwinds or not: a caller that got no result would never finish its
    /// record.
    pub fn run<T, F>(&self, call: F) -> impl Future<Output = T> + use<S, T, F>
    where
        T: Send + 'static,
        F: FnOnce(&S) -> T + Send + 'static,
    {
        let (done_tx, done_rx) = oneshot::channel();
        let shared = Arc::clone(&self.shared);
        // First come, first served holds only for calls from outside the pool's threads. No call makes another one.
        self.pool.spawn_fifo(move || {
            // Under overload most callers in the queue may have given up. Their calls would only load the database further.
            if !done_tx.is_closed() {
                // An error means that the caller has given up during the call: an HTTP request that was cancelled, for example.
                let _ = done_tx.send(call(&shared));
            }
        });
        async {
            match done_rx.await {
                Ok(done) => done,
                // A queued call is dropped only after its future, so the call has panicked, which a release build does not survive.
                Err(_) => crash(PANICKED),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Occupies the only thread until the barrier is met.
    fn occupy(threads: &StoreThreads<AtomicUsize>) -> (Arc<Barrier>, impl Future<Output = ()>) {
        let gate = Arc::new(Barrier::new(2));
        let passed = Arc::clone(&gate);
        let call = threads.run(move |_| {
            passed.wait();
        });
        (gate, call)
    }

    #[tokio::test]
    async fn calls_run_first_come_first_served() {
        let threads = StoreThreads::start("test", 1, Arc::new(AtomicUsize::new(0)));
        let calls = [(); 3].map(|()| threads.run(|count| count.fetch_add(1, Ordering::SeqCst)));
        let [first, second, third] = calls;
        assert_eq!((third.await, second.await, first.await), (2, 1, 0));
    }

    #[tokio::test]
    async fn each_thread_runs_one_call_at_a_time() {
        let threads = StoreThreads::start("test", 2, Arc::new(AtomicUsize::new(0)));
        let both = Arc::new(Barrier::new(2));
        let calls: Vec<_> = (0..10)
            .map(|_| {
                let both = Arc::clone(&both);
                threads.run(move |running| {
                    let others = running.fetch_add(1, Ordering::SeqCst);
                    both.wait();
                    running.fetch_sub(1, Ordering::SeqCst);
                    others
                })
            })
            .collect();
        for call in calls {
            assert!(call.await < 2);
        }
    }

    #[tokio::test]
    async fn a_queued_call_whose_future_is_dropped_never_runs() {
        let threads = StoreThreads::start("test", 1, Arc::new(AtomicUsize::new(0)));
        let (gate, occupied) = occupy(&threads);
        drop(threads.run(|count| count.fetch_add(1, Ordering::SeqCst)));
        let last = threads.run(|count| count.load(Ordering::SeqCst));
        gate.wait();
        occupied.await;
        assert_eq!(last.await, 0);
    }
}
