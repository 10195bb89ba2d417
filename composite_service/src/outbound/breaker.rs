//! A circuit breaker for calls of one kind: after enough failures in a row it refuses calls for a while, and then lets a single trial call
//! decide. Independent of what is called.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, TryFutureExt};
use shared::metrics::IntGauge;
use tower::util::{ServiceFn, service_fn};
use tower::{Layer, ServiceExt};
use tower_resilience_circuitbreaker::{
    CircuitBreaker, CircuitBreakerConfigError, CircuitBreakerError, CircuitBreakerLayer,
    CircuitState, DefaultClassifier,
};

/// When a breaker opens, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct BreakerLimits {
    /// Consecutive failures that open the breaker.
    pub failures: usize,
    /// How long it stays open. After that a single trial call decides whether it closes.
    pub open_for: Duration,
}

type Call<T, E> = BoxFuture<'static, Result<T, E>>;
type Guarded<T, E> = CircuitBreaker<ServiceFn<fn(Call<T, E>) -> Call<T, E>>, DefaultClassifier>;

/// The breaker of calls that succeed with `T` and fail with `E`.
pub(super) struct Breaker<T, E> {
    guarded: Guarded<T, E>,
    opening: Arc<Mutex<Option<Instant>>>,
    open_for: Duration,
}

/// A call did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failed<E> {
    /// It was made, and has failed.
    By(E),
    /// The breaker was open, so it was not made.
    Refused,
}

impl<T: Send + 'static, E: Send + 'static> Breaker<T, E> {
    /// A closed breaker with this name in logs. `state` shows it: 0 closed, 1 half open, 2 open.
    ///
    /// # Errors
    /// When the limits are not valid for a breaker.
    pub(super) fn new(
        name: String,
        limits: BreakerLimits,
        state: IntGauge,
    ) -> Result<Self, CircuitBreakerConfigError> {
        let opening = Arc::new(Mutex::new(None));
        let opens = Arc::clone(&opening);
        let layer = CircuitBreakerLayer::builder()
            .name(name.clone())
            .consecutive_failures(limits.failures)
            .wait_duration_in_open(limits.open_for)
            .permitted_calls_in_half_open(1)
            .on_state_transition(move |_, now| {
                let opened = (now == CircuitState::Open).then(Instant::now);
                *opens.lock().unwrap_or_else(PoisonError::into_inner) = opened;
                show(&name, &state, now);
            })
            .build()?;
        let identity = std::convert::identity as fn(Call<T, E>) -> Call<T, E>;
        Ok(Self {
            guarded: layer.layer(service_fn(identity)),
            opening,
            open_for: limits.open_for,
        })
    }

    /// Makes the call. If the breaker is open, the call is dropped without being polled. Dropping the returned future cancels the call,
    /// which counts as neither failure nor success.
    pub(super) fn call(&self, call: Call<T, E>) -> BoxFuture<'static, Result<T, Failed<E>>> {
        self.guarded
            .clone()
            .oneshot(call)
            .map_err(|error| match error {
                CircuitBreakerError::OpenCircuit => Failed::Refused,
                CircuitBreakerError::Inner(error) => Failed::By(error),
            })
            .boxed()
    }

    /// For how long it still refuses every call; `None` when it lets some through.
    pub(super) fn refuses_for(&self) -> Option<Duration> {
        let opened_at = *self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        let left = self.open_for.saturating_sub(opened_at?.elapsed());
        (!left.is_zero()).then_some(left)
    }
}

fn show(name: &str, state: &IntGauge, now: CircuitState) {
    match now {
        CircuitState::Closed => {
            log::info!("{name} is available again");
            state.set(0);
        }
        CircuitState::HalfOpen => state.set(1),
        CircuitState::Open => {
            log::warn!("{name} has failed repeatedly; its circuit breaker is open");
            state.set(2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::{pending, ready};

    fn breaker(open_for: Duration) -> Breaker<(), ()> {
        let limits = BreakerLimits {
            failures: 2,
            open_for,
        };
        Breaker::new(
            "test".to_owned(),
            limits,
            IntGauge::new("test", "test").unwrap(),
        )
        .unwrap()
    }

    async fn fails(breaker: &Breaker<(), ()>) -> Failed<()> {
        breaker.call(ready(Err(())).boxed()).await.unwrap_err()
    }

    const LONG: Duration = Duration::from_secs(3_600);

    #[tokio::test]
    async fn refuses_calls_after_enough_failures_in_a_row_and_tells_for_how_long() {
        let breaker = breaker(LONG);
        assert_eq!(fails(&breaker).await, Failed::By(()));
        assert_eq!(breaker.call(ready(Ok(())).boxed()).await, Ok(()));
        assert_eq!(fails(&breaker).await, Failed::By(()));
        assert_eq!(breaker.refuses_for(), None);
        assert_eq!(fails(&breaker).await, Failed::By(()));
        let left = breaker.refuses_for().unwrap();
        assert!(!left.is_zero() && left <= LONG, "{left:?}");
        // A call that would never end is not even begun.
        assert_eq!(breaker.call(pending().boxed()).await, Err(Failed::Refused));
    }

    #[tokio::test]
    async fn lets_one_trial_call_through_after_its_time() {
        let breaker = breaker(Duration::from_nanos(1));
        for _ in 0..2 {
            fails(&breaker).await;
        }
        assert_eq!(breaker.refuses_for(), None);
        let mut trial = Box::pin(breaker.call(pending().boxed()));
        assert_eq!((&mut trial).now_or_never(), None);
        assert_eq!(fails(&breaker).await, Failed::Refused);
        drop(trial);
        assert_eq!(breaker.call(ready(Ok(())).boxed()).await, Ok(()));
        assert_eq!(fails(&breaker).await, Failed::By(()));
        assert_eq!(breaker.refuses_for(), None);
    }
}
