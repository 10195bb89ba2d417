//! The store's writing threads: blocking calls, off the async threads. One [`StoreWriter`] writes the journal's batches, another one those
//! that wait for a row or for the store. The queue before a `SyncArbiter` is unbounded; what bounds it is written at each message.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Handler, Message, MessageResult, SyncContext};
use backon::{BlockingRetryable, ExponentialBuilder};

use crate::domain::decide::Transition;
use crate::ports::order_store::{Attempt, OrderStore, StoreError, StoreOutcome, StoreRow};

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
