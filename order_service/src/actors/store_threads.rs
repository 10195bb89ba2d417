//! Threads for the store's blocking calls, so that none of them runs on an async thread. A call is a closure over what the threads share.
//!
//! The threads bound how many calls run at a time. Further calls wait in a queue, first come, first served. The queue itself has no bound;
//! what bounds it is that each caller awaits its call: there are at most as many calls as records in flight and HTTP connections.

use std::sync::Arc;

use threadpool::ThreadPool;
use tokio::sync::oneshot;

use crate::ports::catalogue::Catalogue;
use crate::ports::member_orders::MemberOrders;
use crate::ports::order_store::OrderStore;
use crate::ports::reviews::Reviews;

/// A pool of threads that share `S`. Its clones are handles to the same pool, which ends with the last of them.
pub struct StoreThreads<S: ?Sized> {
    pool: ThreadPool,
    shared: Arc<S>,
}

/// What can be read from the store.
pub struct ReadPorts {
    /// Orders.
    pub orders: Arc<dyn OrderStore>,
    /// Orders that are due for review.
    pub reviews: Arc<dyn Reviews>,
    /// Orders by member.
    pub member_orders: Arc<dyn MemberOrders>,
    /// Products and coupons.
    pub catalogue: Arc<dyn Catalogue>,
}

/// The threads that read.
pub type StoreReader = StoreThreads<ReadPorts>;

impl<S: ?Sized> Clone for StoreThreads<S> {
    fn clone(&self) -> Self {
        Self {
            pool: self.pool.clone(),
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<S: ?Sized + Send + Sync + 'static> StoreThreads<S> {
    /// Starts `count` threads of this name.
    #[must_use]
    pub fn start(name: &str, count: usize, shared: Arc<S>) -> Self {
        let pool = threadpool::Builder::new()
            .thread_name(name.to_owned())
            .num_threads(count)
            .build();
        Self { pool, shared }
    }

    /// Queues a call and answers what it returns. A call whose future is dropped before a thread takes it never runs; one that runs
    /// already runs to its end, and its result is dropped.
    ///
    /// # Panics
    /// When the call panics. A release build has no unwinding: there the process has ended already.
    pub fn run<T, F>(&self, call: F) -> impl Future<Output = T> + use<S, T, F>
    where
        T: Send + 'static,
        F: FnOnce(&S) -> T + Send + 'static,
    {
        let (done_tx, done_rx) = oneshot::channel();
        let shared = Arc::clone(&self.shared);
        self.pool.execute(move || {
            // Under overload most of the queue may be of callers that have given up: the database is spared their calls.
            if !done_tx.is_closed() {
                // An error means that the caller has given up meanwhile.
                let _ = done_tx.send(call(&shared));
            }
        });
        async {
            match done_rx.await {
                Ok(done) => done,
                Err(_) => panic!("a call to the store has panicked"),
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
    async fn calls_run_in_their_order() {
        let threads = StoreThreads::start("test", 1, Arc::new(AtomicUsize::new(0)));
        let calls = [(); 3].map(|()| threads.run(|count| count.fetch_add(1, Ordering::SeqCst)));
        let [first, second, third] = calls;
        assert_eq!((third.await, second.await, first.await), (2, 1, 0));
    }

    #[tokio::test]
    async fn no_more_calls_run_at_a_time_than_there_are_threads() {
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
    async fn a_call_that_nobody_awaits_any_more_never_runs() {
        let threads = StoreThreads::start("test", 1, Arc::new(AtomicUsize::new(0)));
        let (gate, occupied) = occupy(&threads);
        drop(threads.run(|count| count.fetch_add(1, Ordering::SeqCst)));
        let last = threads.run(|count| count.load(Ordering::SeqCst));
        gate.wait();
        occupied.await;
        assert_eq!(last.await, 0);
    }

    #[tokio::test]
    #[should_panic(expected = "a call to the store has panicked")]
    async fn a_call_that_panics_panics_its_caller() {
        let threads = StoreThreads::start("test", 1, Arc::new(()));
        threads.run::<(), _>(|()| panic!("by the test")).await;
    }
}
