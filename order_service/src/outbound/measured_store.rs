//! Measures the calls of an order store, and passes them on unchanged.

use std::sync::Arc;
use std::time::Instant;

use shared::metrics::{Histogram, HistogramVec};
use shared::order_number::OrderNumber;

use crate::domain::decide::Transition;
use crate::domain::order::Order;
use crate::metrics::StoreMetrics;
use crate::ports::order_store::{Fate, OnHeldRow, OrderStore, StoreError};

/// An order store with its histograms.
pub struct MeasuredStore {
    inner: Arc<dyn OrderStore>,
    batch_size: Histogram,
    at_once: Outcomes,
    in_turn: Outcomes,
    loads: Outcomes,
}

/// The durations of one operation, by outcome.
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

    fn measure<T>(
        &self,
        call: impl FnOnce() -> T,
        failure: impl Fn(&T) -> Option<&StoreError>,
    ) -> T {
        let begin = Instant::now();
        let result = call();
        let durations = match failure(&result) {
            None => &self.ok,
            Some(StoreError::Held(_)) => &self.held,
            Some(StoreError::Unavailable(_) | StoreError::Refused(_) | StoreError::Corrupt(_)) => {
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
        self.loads
            .measure(|| self.inner.load(number), |loaded| loaded.as_ref().err())
    }

    fn write(&self, batch: &[Transition], on_held_row: OnHeldRow) -> Vec<Fate> {
        self.count(batch);
        let durations = match on_held_row {
            OnHeldRow::Skip => &self.at_once,
            OnHeldRow::Wait => &self.in_turn,
        };
        durations.measure(
            || self.inner.write(batch, on_held_row),
            |fates| failure(fates),
        )
    }

    fn ping(&self) -> Result<(), StoreError> {
        self.inner.ping()
    }
}

/// A transaction fails for its whole batch, so the first fate stands for all.
fn failure(fates: &[Fate]) -> Option<&StoreError> {
    match fates.first() {
        Some(Fate::Failing(error)) => Some(error),
        Some(Fate::Stored(_) | Fate::Stale(_) | Fate::Held(_)) | None => None,
    }
}
