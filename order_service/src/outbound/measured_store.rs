//! A store of orders whose calls are measured. Changes nothing of what they do.

use std::sync::Arc;
use std::time::Instant;

use shared::metrics::{Histogram, HistogramVec};
use shared::order_number::OrderNumber;

use crate::domain::decide::Transition;
use crate::domain::order::Order;
use crate::metrics::StoreMetrics;
use crate::ports::order_store::{Attempt, OrderStore, StoreError, StoreOutcome};

/// The store within, and the clocks beside it.
pub struct MeasuredStore {
    inner: Arc<dyn OrderStore>,
    batch_size: Histogram,
    at_once: Outcomes,
    in_turn: Outcomes,
    loads: Outcomes,
}

/// The durations of one operation by outcome.
struct Outcomes {
    ok: Histogram,
    held: Histogram,
    failed: Histogram,
}

impl Outcomes {
    fn of(durations: &HistogramVec, labels: &[&str]) -> Self {
        let with = |outcome| durations.with_label_values(&[labels, &[outcome]].concat());
        Self {
            ok: with("ok"),
            held: with("held"),
            failed: with("failed"),
        }
    }

    fn measure<T>(&self, call: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let begin = Instant::now();
        let result = call();
        let durations = match &result {
            Ok(_) => &self.ok,
            Err(StoreError::Held(_)) => &self.held,
            Err(StoreError::Unavailable(_) | StoreError::Refused(_) | StoreError::Corrupt(_)) => {
                &self.failed
            }
        };
        durations.observe(begin.elapsed().as_secs_f64());
        result
    }
}

impl MeasuredStore {
    /// Measures `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn OrderStore>, metrics: &StoreMetrics) -> Self {
        Self {
            inner,
            batch_size: metrics.batch_size.clone(),
            at_once: Outcomes::of(&metrics.commits, &["at_once"]),
            in_turn: Outcomes::of(&metrics.commits, &["in_turn"]),
            loads: Outcomes::of(&metrics.loads, &[]),
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a batch is far smaller than 2^52"
    )]
    fn count(&self, batch: &[Transition]) {
        self.batch_size.observe(batch.len() as f64);
    }
}

impl OrderStore for MeasuredStore {
    fn load(&self, number: &OrderNumber) -> Result<Option<Order>, StoreError> {
        self.loads.measure(|| self.inner.load(number))
    }

    fn apply(&self, batch: &[Transition]) -> Result<Vec<StoreOutcome>, StoreError> {
        self.count(batch);
        self.in_turn.measure(|| self.inner.apply(batch))
    }

    fn apply_what_is_free(&self, batch: &[Transition]) -> Result<Vec<Attempt>, StoreError> {
        self.count(batch);
        self.at_once
            .measure(|| self.inner.apply_what_is_free(batch))
    }

    fn ping(&self) -> Result<(), StoreError> {
        self.inner.ping()
    }
}
