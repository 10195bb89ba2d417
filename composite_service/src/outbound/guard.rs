//! A call behind a deadline and a circuit breaker, measured. Knows no part of any page.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, TryFutureExt};
use shared::metrics::{Histogram, IntGauge};
use tokio::time::timeout;
use tower::util::{ServiceFn, service_fn};
use tower::{Layer, ServiceExt};
use tower_resilience_circuitbreaker::{
    CircuitBreaker, CircuitBreakerConfigError, CircuitBreakerError, CircuitBreakerLayer,
    CircuitState, DefaultClassifier,
};

use crate::domain::my_page::{Absence, Part};
use crate::metrics::MyPageMetrics;

/// How long calls may take, and what becomes of them when they fail.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Until a call is given up.
    pub deadline: Duration,
    /// Failures in a row, time-outs among them, after which nobody is asked for a while.
    pub failures: usize,
    /// How long that while is. After it one call is let through, and decides.
    pub open_for: Duration,
}

type Call<T> = BoxFuture<'static, Part<T>>;
type Breaker<T> = CircuitBreaker<ServiceFn<fn(Call<T>) -> Call<T>>, DefaultClassifier>;

/// The guard of all calls for one thing.
pub(super) struct Guard<T> {
    deadline: Duration,
    breaker: Breaker<T>,
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
    /// Guards what is called `name`.
    ///
    /// # Errors
    /// When the limits make no breaker.
    pub(super) fn new(
        name: &'static str,
        limits: Limits,
        metrics: &MyPageMetrics,
    ) -> Result<Self, CircuitBreakerConfigError> {
        let state = metrics.breakers.with_label_values(&[name]);
        let layer = CircuitBreakerLayer::builder()
            .name(name)
            .consecutive_failures(limits.failures)
            .wait_duration_in_open(limits.open_for)
            .permitted_calls_in_half_open(1)
            .on_state_transition(move |_, now| show(name, &state, now))
            .build()?;
        let of = |outcome| metrics.parts.with_label_values(&[name, outcome]);
        Ok(Self {
            deadline: limits.deadline,
            breaker: layer.layer(service_fn(std::convert::identity as fn(Call<T>) -> Call<T>)),
            outcomes: Arc::new(Outcomes {
                ok: of("ok"),
                timeout: of("timeout"),
                unavailable: of("unavailable"),
                open: of("open"),
            }),
        })
    }

    /// Lets the call happen, unless the breaker is open: then it is dropped before it has begun. It ends by its deadline. Whoever does
    /// not wait for it cancels it, which the breaker takes for neither failure nor success.
    pub(super) fn call(&self, call: Call<T>) -> Call<T> {
        let in_time = timeout(self.deadline, call)
            .map(|answer| answer.unwrap_or(Err(Absence::Timeout)))
            .boxed();
        let (begin, outcomes) = (Instant::now(), Arc::clone(&self.outcomes));
        let measure = move |part: &Part<T>| {
            outcomes.of(part).observe(begin.elapsed().as_secs_f64());
        };
        self.breaker
            .clone()
            .oneshot(in_time)
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

fn absence(error: CircuitBreakerError<Absence>) -> Absence {
    match error {
        CircuitBreakerError::OpenCircuit => Absence::Open,
        CircuitBreakerError::Inner(absence) => absence,
    }
}

fn show(name: &str, state: &IntGauge, now: CircuitState) {
    match now {
        CircuitState::Closed => {
            log::info!("my page: {name} answers again");
            state.set(0);
        }
        CircuitState::HalfOpen => state.set(1),
        CircuitState::Open => {
            log::warn!("my page: {name} fails again and again; nobody is asked for a while");
            state.set(2);
        }
    }
}
