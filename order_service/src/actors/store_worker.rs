//! The store's threads: blocking calls, off the async threads. One [`StoreWriter`] writes the journal's batches, another one those that
//! wait for a row or for the store, several [`StoreReader`]s read. The queue before a `SyncArbiter` is unbounded; what bounds it is written at each message.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Handler, Message, MessageResult, SyncContext};
use backon::{BlockingRetryable, ExponentialBuilder};
use chrono::{DateTime, Utc};
use shared::member_id::MemberId;
use shared::order_number::OrderNumber;

use crate::domain::catalogue::{Product, ProductId};
use crate::domain::decide::Transition;
use crate::domain::order::Order;
use crate::domain::recommendation::{RECENT_ORDERS, bought};
use crate::ports::catalogue::{Catalogue, NamedCoupon};
use crate::ports::member_orders::{MemberOrders, OrderCursor};
use crate::ports::order_store::{Attempt, OrderStore, StoreError, StoreOutcome, StoreRow};
use crate::ports::reviews::{DueOrders, ReviewCursor, Reviews};

/// How an unavailable store is tried again: soon, then ever more rarely, with jitter, without end.
#[must_use]
pub fn store_backoff() -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(20))
        .with_max_delay(Duration::from_secs(2))
        .with_jitter()
        .without_max_times()
}

/// How often in a row a batch is tried that fails although the store answers. Then each of its transitions stands for itself.
const BATCH_TRIES: usize = 8;

/// Writes.
pub struct StoreWriter {
    /// Where to.
    pub store: Arc<dyn OrderStore>,
}

impl Actor for StoreWriter {
    type Context = SyncContext<Self>;
}

/// What became of one transition of a batch.
#[derive(Debug, PartialEq, Eq)]
pub enum Written {
    /// It has its outcome; an error is final, and of that transition alone.
    Done(Result<StoreOutcome, StoreError>),
    /// Somebody else holds this row, and nothing of the transition is stored: here it is back.
    Held(StoreRow, Box<Transition>),
    /// The store fails with it for this cause, and answers otherwise: here it is back. Whether it is stored is unknown.
    Failing(String, Box<Transition>),
}

/// Command: store those of these transitions whose rows are free. Sent by the journal, which waits for one before it sends the next.
#[derive(Debug, Message)]
#[rtype(result = "Vec<Written>")]
pub struct WriteBatch(pub Vec<Transition>);

impl Handler<WriteBatch> for StoreWriter {
    type Result = MessageResult<WriteBatch>;

    fn handle(&mut self, WriteBatch(batch): WriteBatch, _: &mut SyncContext<Self>) -> Self::Result {
        MessageResult(self.write_what_is_free(&batch, BATCH_TRIES))
    }
}

/// Command: store these transitions, and stand in the queues of rows that somebody else holds. Sent by the journal, which waits for
/// one before it sends the next.
#[derive(Debug, Message)]
#[rtype(result = "Vec<Written>")]
pub struct WriteInTurn(pub Vec<Transition>);

impl Handler<WriteInTurn> for StoreWriter {
    type Result = MessageResult<WriteInTurn>;

    fn handle(
        &mut self,
        WriteInTurn(batch): WriteInTurn,
        _: &mut SyncContext<Self>,
    ) -> Self::Result {
        MessageResult(self.write_in_turn(&batch))
    }
}

/// Command: try these transitions, with which the store has failed, once, each for itself. Sent by the journal, which waits for one
/// before it sends the next.
#[derive(Debug, Message)]
#[rtype(result = "Vec<Written>")]
pub struct WriteAlone(pub Vec<Transition>);

impl Handler<WriteAlone> for StoreWriter {
    type Result = MessageResult<WriteAlone>;

    fn handle(&mut self, WriteAlone(batch): WriteAlone, _: &mut SyncContext<Self>) -> Self::Result {
        MessageResult(self.write_one_by_one(&batch))
    }
}

impl StoreWriter {
    /// A batch with which the store fails as a whole is written one by one, so that one failure is not its neighbours'.
    fn write_what_is_free(&self, batch: &[Transition], tries: usize) -> Vec<Written> {
        let held = |row, transition: &Transition| Written::Held(row, Box::new(transition.clone()));
        let written = self.when_available(batch, tries, || self.store.apply_what_is_free(batch));
        match (written, batch) {
            (Ok(attempts), _) => attempts
                .into_iter()
                .zip(batch)
                .map(|(attempt, transition)| match attempt {
                    Attempt::Done(outcome) => Written::Done(Ok(outcome)),
                    Attempt::Held(row) => held(row, transition),
                })
                .collect(),
            (Err(StoreError::Held(_)), [transition]) => {
                vec![held(
                    StoreRow::Order(transition.number().clone()),
                    transition,
                )]
            }
            (Err(StoreError::Unavailable(cause)), [transition]) => {
                vec![Written::Failing(cause, Box::new(transition.clone()))]
            }
            (Err(error @ (StoreError::Refused(_) | StoreError::Corrupt(_))), [_]) => {
                vec![Written::Done(Err(error))]
            }
            (Err(_), _) => self.write_one_by_one(batch),
        }
    }

    fn write_one_by_one(&self, batch: &[Transition]) -> Vec<Written> {
        batch
            .chunks(1)
            .flat_map(|transition| self.write_what_is_free(transition, 1))
            .collect()
    }

    /// When the whole batch is not to be had, who is in the way of which transition is asked without waiting.
    fn write_in_turn(&self, batch: &[Transition]) -> Vec<Written> {
        match self.when_available(batch, BATCH_TRIES, || self.store.apply(batch)) {
            Ok(outcomes) => outcomes
                .into_iter()
                .map(|outcome| Written::Done(Ok(outcome)))
                .collect(),
            Err(StoreError::Unavailable(_)) => self.write_one_by_one(batch),
            Err(_) => self.write_what_is_free(batch, BATCH_TRIES),
        }
    }

    /// Tries until the store has answered. While it does not even answer a ping there is nothing else to do; but so many tries in a row
    /// that failed beside a ping that did not are the fault of the batch.
    fn when_available<T>(
        &self,
        batch: &[Transition],
        tries: usize,
        write: impl FnMut() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut failed = 0;
        let is_worth_another = |error: &StoreError| {
            if !matches!(error, StoreError::Unavailable(_)) {
                return false;
            }
            failed = match self.store.ping() {
                Ok(()) => failed + 1,
                Err(_) => 0,
            };
            failed < tries
        };
        write
            .retry(store_backoff())
            .when(is_worth_another)
            .notify(|error, delay| {
                log::warn!("a batch of {} waits {delay:?}: {error}", batch.len())
            })
            .call()
    }
}

/// Reads.
pub struct StoreReader {
    /// Orders.
    pub orders: Arc<dyn OrderStore>,
    /// Orders whose books are open.
    pub reviews: Arc<dyn Reviews>,
    /// Orders by member.
    pub member_orders: Arc<dyn MemberOrders>,
    /// Products.
    pub catalogue: Arc<dyn Catalogue>,
}

impl Actor for StoreReader {
    type Context = SyncContext<Self>;
}

/// Query: an order. Sent by order actors, at most one each in-flight command, and by HTTP, at most one each connection.
#[derive(Debug, Message)]
#[rtype(result = "Result<Option<Order>, StoreError>")]
pub struct LoadOrder(pub OrderNumber);

impl Handler<LoadOrder> for StoreReader {
    type Result = Result<Option<Order>, StoreError>;

    fn handle(&mut self, LoadOrder(number): LoadOrder, _: &mut SyncContext<Self>) -> Self::Result {
        self.orders.load(&number)
    }
}

/// Query: a page of products. Sent by HTTP, at most one each connection.
#[derive(Debug, Message)]
#[rtype(result = "Result<Vec<Product>, StoreError>")]
pub struct ListProducts {
    /// Products after this one.
    pub after: Option<ProductId>,
    /// At most so many.
    pub limit: u32,
}

impl Handler<ListProducts> for StoreReader {
    type Result = Result<Vec<Product>, StoreError>;

    fn handle(&mut self, query: ListProducts, _: &mut SyncContext<Self>) -> Self::Result {
        self.catalogue.products(query.after, query.limit)
    }
}

/// Query: one product. Sent by HTTP, at most one each connection.
#[derive(Debug, Message)]
#[rtype(result = "Result<Option<Product>, StoreError>")]
pub struct LoadProduct(pub ProductId);

impl Handler<LoadProduct> for StoreReader {
    type Result = Result<Option<Product>, StoreError>;

    fn handle(&mut self, LoadProduct(id): LoadProduct, _: &mut SyncContext<Self>) -> Self::Result {
        self.catalogue.product(id)
    }
}

/// Query: orders whose review is due. Sent by HTTP, at most one each connection.
#[derive(Debug, Message)]
#[rtype(result = "Result<DueOrders, StoreError>")]
pub struct ListDueReviews {
    /// Due at this time.
    pub now: DateTime<Utc>,
    /// Those that follow it in the list.
    pub after: Option<ReviewCursor>,
    /// At most so many.
    pub limit: u32,
}

impl Handler<ListDueReviews> for StoreReader {
    type Result = Result<DueOrders, StoreError>;

    fn handle(&mut self, query: ListDueReviews, _: &mut SyncContext<Self>) -> Self::Result {
        self.reviews
            .due(query.now, query.after.as_ref(), query.limit)
    }
}

/// Query: a page of a member's orders. Sent by HTTP, at most one each connection.
#[derive(Debug, Message)]
#[rtype(result = "Result<Vec<Order>, StoreError>")]
pub struct ListMemberOrders {
    /// Whose.
    pub member: MemberId,
    /// Those that follow it in the list.
    pub after: Option<OrderCursor>,
    /// At most so many.
    pub limit: u32,
}

impl Handler<ListMemberOrders> for StoreReader {
    type Result = Result<Vec<Order>, StoreError>;

    fn handle(&mut self, query: ListMemberOrders, _: &mut SyncContext<Self>) -> Self::Result {
        self.member_orders
            .of_member(&query.member, query.after.as_ref(), query.limit)
    }
}

/// Query: products that a member may like. Sent by HTTP, at most one each connection.
#[derive(Debug, Message)]
#[rtype(result = "Result<Vec<Product>, StoreError>")]
pub struct RecommendProducts {
    /// To whom.
    pub member: MemberId,
    /// At most so many.
    pub limit: u32,
}

impl Handler<RecommendProducts> for StoreReader {
    type Result = Result<Vec<Product>, StoreError>;

    fn handle(&mut self, query: RecommendProducts, _: &mut SyncContext<Self>) -> Self::Result {
        let orders = self
            .member_orders
            .of_member(&query.member, None, RECENT_ORDERS)?;
        self.catalogue.recommended(&bought(&orders), query.limit)
    }
}

/// Query: coupons that can be used. Sent by HTTP, at most one each connection.
#[derive(Debug, Message)]
#[rtype(result = "Result<Vec<NamedCoupon>, StoreError>")]
pub struct ListUsableCoupons {
    /// At this time.
    pub now: DateTime<Utc>,
    /// At most so many.
    pub limit: u32,
}

impl Handler<ListUsableCoupons> for StoreReader {
    type Result = Result<Vec<NamedCoupon>, StoreError>;

    fn handle(&mut self, query: ListUsableCoupons, _: &mut SyncContext<Self>) -> Self::Result {
        self.catalogue.usable_coupons(query.now, query.limit)
    }
}

/// Query: does the store answer? Sent by the readiness probe.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), StoreError>")]
pub struct PingStore;

impl Handler<PingStore> for StoreReader {
    type Result = Result<(), StoreError>;

    fn handle(&mut self, _: PingStore, _: &mut SyncContext<Self>) -> Self::Result {
        self.orders.ping()
    }
}
