//! Calls with a deadline, a circuit breaker and metrics. Independent of what is called.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, TryFutureExt};
use shared::metrics::Histogram;
use tokio::time::timeout;
use tower_resilience_circuitbreaker::CircuitBreakerConfigError;

use super::breaker::{Breaker, BreakerLimits, Failed};
use crate::domain::my_page::{Absence, Part};
use crate::metrics::MyPageMetrics;

/// The deadline of calls and the limits of their circuit breaker.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long a call may take.
    pub deadline: Duration,
    /// Consecutive failures, timeouts included, that open the breaker.
    pub failures: usize,
    /// How long the breaker stays open. After that a single trial call decides whether it closes.
    pub open_for: Duration,
}

type Call<T> = BoxFuture<'static, Part<T>>;

/// The guard of all calls of one kind.
pub(super) struct Guard<T> {
    deadline: Duration,
    breaker: Breaker<T, Absence>,
    outcomes: Arc<Outcomes>,
}

/// The durations of calls by outcome.
struct Outcomes {
    ok: Histogram,
    timeout: Histogram,
    unavailable: Histogram,
    open: Histogram,
}

impl<T: Send + 'static> Guard<T> {
    /// A guard with this name in metrics and logs.
    ///
    /// # Errors
    /// When the limits are not valid for a breaker.
    pub(super) fn new(
        name: &'static str,
        limits: Limits,
        metrics: &MyPageMetrics,
    ) -> Result<Self, CircuitBreakerConfigError> {
        let breaker = BreakerLimits {
            failures: limits.failures,
            open_for: limits.open_for,
        };
        let state = metrics.breakers.with_label_values(&[name]);
        let of = |outcome| metrics.parts.with_label_values(&[name, outcome]);
        Ok(Self {
            deadline: limits.deadline,
            breaker: Breaker::new(format!("my page: {name}"), breaker, state)?,
            outcomes: Arc::new(Outcomes {
                ok: of("ok"),
                timeout: of("timeout"),
                unavailable: of("unavailable"),
                open: of("open"),
            }),
        })
    }

    /// Makes the call, which ends by its deadline. If the breaker is open, the call is dropped without being polled. Dropping the returned
    /// future cancels the call, which counts as neither failure nor success.
    pub(super) fn call(&self, call: Call<T>) -> Call<T> {
        // The deadline is inside the breaker, so that a timeout counts as a failure.
        let in_time = timeout(self.deadline, call)
            .map(|answer| answer.unwrap_or(Err(Absence::Timeout)))
            .boxed();
        let (begin, outcomes) = (Instant::now(), Arc::clone(&self.outcomes));
        let measure = move |part: &Part<T>| {
            outcomes.of(part).observe(begin.elapsed().as_secs_f64());
        };
        self.breaker
            .call(in_time)
            .map_err(absence)
            .inspect(measure)
            .boxed()
    }
}

impl Outcomes {
    fn of<T>(&self, part: &Part<T>) -> &Histogram {
        match part {
            Ok(_) => &self.ok,
            Err(Absence::Timeout) => &self.timeout,
            Err(Absence::Unavailable) => &self.unavailable,
            Err(Absence::Open) => &self.open,
        }
    }
}

fn absence(failed: Failed<Absence>) -> Absence {
    match failed {
        Failed::Refused => Absence::Open,
        Failed::By(absence) => absence,
    }
}
