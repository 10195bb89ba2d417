//! Doubles of the ports: a store that counts, waits and fails as its test says, and a reply sink that only takes notes.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use chrono::{DateTime, Utc};
use memory_store::MemoryOrderStore;
use order_service::domain::catalogue::{Product, ProductId};
use order_service::domain::decide::Transition;
use order_service::domain::order::{ItemId, Order, Wish};
use order_service::domain::shelf::Shelf;
use order_service::ports::catalogue::{Assortment, Catalogue, NamedCoupon};
use order_service::ports::member_orders::{MemberOrders, OrderCursor};
use order_service::ports::order_store::{Fate, OnHeldRow, OrderStore, StoreError};
use order_service::ports::reply_sink::{CommandOutcome, OnReplied, ReplySink, Requester};
use order_service::ports::reviews::{DueOrders, ReviewCursor, Reviews};
use order_service::ports::shelves::Shelves;
use shared::member_id::MemberId;
use shared::order_number::OrderNumber;
use shared::trace::context::TraceContext;
use tokio::sync::{Semaphore, mpsc};

use super::samples::{coupons, items};

/// What goes wrong with a call.
pub(crate) enum Fault {
    None,
    /// Nothing is done.
    Before(StoreError),
    /// It is done, and the answer is lost.
    After(StoreError),
}

type OnWrite = Box<dyn Fn(usize, &[Transition]) -> Fault + Send + Sync>;
type OnLoad = Box<dyn Fn(usize) -> Fault + Send + Sync>;

/// The memory store with the sample assortment, behind a script. Calls are counted from 0.
pub(crate) struct StoreDouble {
    pub(crate) inner: Arc<MemoryOrderStore>,
    on_write: OnWrite,
    on_load: OnLoad,
    /// Whether it answers a ping.
    pub(crate) answers: AtomicBool,
    batches: Mutex<Vec<usize>>,
    loads: AtomicUsize,
}

impl StoreDouble {
    /// One that only counts.
    pub(crate) fn plain() -> Self {
        Self::over(Arc::new(MemoryOrderStore::new(items(), coupons())))
    }

    /// One that only counts, over a store that others use, too.
    pub(crate) fn over(inner: Arc<MemoryOrderStore>) -> Self {
        Self {
            inner,
            on_write: Box::new(|_, _| Fault::None),
            on_load: Box::new(|_| Fault::None),
            answers: AtomicBool::new(true),
            batches: Mutex::default(),
            loads: AtomicUsize::default(),
        }
    }

    /// `script` is asked before each batch; it may take its time.
    pub(crate) fn on_write(
        script: impl Fn(usize, &[Transition]) -> Fault + Send + Sync + 'static,
    ) -> Self {
        Self {
            on_write: Box::new(script),
            ..Self::plain()
        }
    }

    /// `script` is asked before each load; it may take its time.
    pub(crate) fn on_load(script: impl Fn(usize) -> Fault + Send + Sync + 'static) -> Self {
        Self {
            on_load: Box::new(script),
            ..Self::plain()
        }
    }

    /// The same, whose batches wait at `gate` before the script is asked.
    pub(crate) fn behind(self, gate: &Arc<Gate>) -> Self {
        let (gate, script) = (Arc::clone(gate), self.on_write);
        Self {
            on_write: Box::new(move |nth, batch| {
                gate.pass();
                script(nth, batch)
            }),
            ..self
        }
    }

    /// How many transitions each call of `write` had, the failed ones included.
    pub(crate) fn batches(&self) -> Vec<usize> {
        self.batches.lock().unwrap().clone()
    }

    /// How many orders were asked for.
    pub(crate) fn loads(&self) -> usize {
        self.loads.load(Ordering::SeqCst)
    }
}

impl OrderStore for StoreDouble {
    fn load(&self, number: &OrderNumber) -> Result<Option<Order>, StoreError> {
        match (self.on_load)(self.loads.fetch_add(1, Ordering::SeqCst)) {
            Fault::None => self.inner.load(number),
            Fault::Before(error) | Fault::After(error) => Err(error),
        }
    }

    fn write(&self, batch: &[Transition], on_held_row: OnHeldRow) -> Vec<Fate> {
        let nth = {
            let mut batches = self.batches.lock().unwrap();
            batches.push(batch.len());
            batches.len() - 1
        };
        match (self.on_write)(nth, batch) {
            Fault::None => self.inner.write(batch, on_held_row),
            Fault::Before(error) => vec![Fate::Failing(error); batch.len()],
            Fault::After(error) => {
                self.inner.write(batch, on_held_row);
                vec![Fate::Failing(error); batch.len()]
            }
        }
    }

    fn ping(&self) -> Result<(), StoreError> {
        if self.answers.load(Ordering::SeqCst) {
            Ok(())
        } else {
            Err(StoreError::Unavailable("by the test".into()))
        }
    }
}

/// A catalogue of nothing, and no order to review.
pub(crate) struct NoCatalogue;

impl Catalogue for NoCatalogue {
    fn products(&self, _: Option<ProductId>, _: u32) -> Result<Vec<Product>, StoreError> {
        Ok(Vec::new())
    }

    fn product(&self, _: ProductId) -> Result<Option<Product>, StoreError> {
        Ok(None)
    }

    fn recommended(&self, _: &BTreeSet<ItemId>, _: u32) -> Result<Vec<Product>, StoreError> {
        Ok(Vec::new())
    }

    fn usable_coupons(&self, _: DateTime<Utc>, _: u32) -> Result<Vec<NamedCoupon>, StoreError> {
        Ok(Vec::new())
    }

    fn import(&self, _: &Assortment) -> Result<(), StoreError> {
        Ok(())
    }
}

impl MemberOrders for NoCatalogue {
    fn of_member(
        &self,
        _: &MemberId,
        _: Option<&OrderCursor>,
        _: u32,
    ) -> Result<Vec<Order>, StoreError> {
        Ok(Vec::new())
    }
}

impl Shelves for NoCatalogue {
    fn shelf_for(&self, _: Wish<'_>) -> Result<Shelf, StoreError> {
        Ok(Shelf::new([], []))
    }
}

impl Reviews for NoCatalogue {
    fn due(
        &self,
        _: DateTime<Utc>,
        _: Option<&ReviewCursor>,
        _: u32,
    ) -> Result<DueOrders, StoreError> {
        let (orders, next) = (Vec::new(), None);
        Ok(DueOrders { orders, next })
    }
}

/// Stops the threads that pass it until it is opened.
pub(crate) struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
    arrivals: Semaphore,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            is_open: Mutex::new(false),
            opened: Condvar::new(),
            arrivals: Semaphore::new(0),
        }
    }
}

impl Gate {
    /// Blocks this thread while the gate is closed.
    pub(crate) fn pass(&self) {
        self.arrivals.add_permits(1);
        let closed = self.is_open.lock().unwrap();
        drop(self.opened.wait_while(closed, |is_open| !*is_open).unwrap());
    }

    /// Waits until somebody stands before it.
    pub(crate) async fn reached(&self) {
        self.arrivals.acquire().await.unwrap().forget();
    }

    pub(crate) fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

/// A reply that nobody has acknowledged yet.
pub(crate) struct Reply {
    pub(crate) requester: Requester,
    pub(crate) outcome: CommandOutcome,
    on_replied: OnReplied,
}

impl Reply {
    /// What the broker does once it has the record.
    pub(crate) fn acknowledge(self) -> CommandOutcome {
        (self.on_replied)();
        self.outcome
    }
}

/// Hands every reply to its test, which acknowledges it.
pub(crate) struct RecordingReplies(pub(crate) mpsc::UnboundedSender<Reply>);

impl ReplySink for RecordingReplies {
    fn reply(
        &self,
        requester: &Requester,
        outcome: &CommandOutcome,
        _: Option<TraceContext>,
        on_replied: OnReplied,
    ) {
        let reply = Reply {
            requester: requester.clone(),
            outcome: outcome.clone(),
            on_replied,
        };
        // An error means that the test is over.
        let _ = self.0.send(reply);
    }
}
