//! A payment gateway behind a circuit breaker: while charging fails again and again, nobody is asked to charge.
//!
//! Only charges are guarded. Look-ups and cancellations are always made: they have their own pace, and are what unfinished purchases need as
//! soon as the gateway is back.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use shared::order_number::OrderNumber;
use shared::payment::Payment;
use shared::reason::Reason;
use shared::trace::context::TraceContext;
use tower_resilience_circuitbreaker::CircuitBreakerConfigError;

use super::breaker::{Breaker, BreakerLimits, Failed};
use crate::domain::order::Refund;
use crate::metrics::GatewayMetrics;
use crate::ports::payment::{CancelError, ConfirmAnswer, PaymentGateway, RefundError, Standing};

/// The inner gateway and its breaker.
pub struct GuardedGateway {
    inner: Arc<dyn PaymentGateway>,
    breaker: Breaker<ConfirmAnswer, ConfirmAnswer>,
}

impl GuardedGateway {
    /// Guards `inner`.
    ///
    /// # Errors
    /// When the limits are not valid for a breaker.
    pub fn new(
        inner: Arc<dyn PaymentGateway>,
        limits: BreakerLimits,
        metrics: &GatewayMetrics,
    ) -> Result<Self, CircuitBreakerConfigError> {
        let state = metrics.breaker.clone();
        Ok(Self {
            inner,
            breaker: Breaker::new("the payment gateway".to_owned(), limits, state)?,
        })
    }
}

/// The answer, as an error if it says that other payments can't be charged either. A decline is an answer of a healthy gateway.
fn judged(answer: ConfirmAnswer) -> Result<ConfirmAnswer, ConfirmAnswer> {
    match &answer {
        ConfirmAnswer::NotReached(trouble) | ConfirmAnswer::Unknown(trouble)
            if trouble.concerns_all() =>
        {
            Err(answer)
        }
        ConfirmAnswer::NotReached(_)
        | ConfirmAnswer::Unknown(_)
        | ConfirmAnswer::NotAsked
        | ConfirmAnswer::Confirmed
        | ConfirmAnswer::Declined(_)
        | ConfirmAnswer::PaidOtherwise => Ok(answer),
    }
}

impl PaymentGateway for GuardedGateway {
    fn refuses_for(&self) -> Option<Duration> {
        self.breaker.refuses_for()
    }

    fn confirm(
        &self,
        number: &OrderNumber,
        payment: &Payment,
        trace: TraceContext,
    ) -> BoxFuture<'static, ConfirmAnswer> {
        let (inner, number, payment) = (Arc::clone(&self.inner), number.clone(), payment.clone());
        // The inner gateway is asked when the breaker polls the call, which an open one never does.
        let call = async move { judged(inner.confirm(&number, &payment, trace).await) };
        self.breaker
            .call(call.boxed())
            .map(|answer| match answer {
                Ok(answer) | Err(Failed::By(answer)) => answer,
                Err(Failed::Refused) => ConfirmAnswer::NotAsked,
            })
            .boxed()
    }

    fn look_up(&self, number: &OrderNumber, trace: TraceContext) -> BoxFuture<'static, Standing> {
        self.inner.look_up(number, trace)
    }

    fn cancel(
        &self,
        number: &OrderNumber,
        payment: &Payment,
        reason: Reason,
        trace: TraceContext,
    ) -> BoxFuture<'static, Result<(), CancelError>> {
        self.inner.cancel(number, payment, reason, trace)
    }

    fn refund(
        &self,
        number: &OrderNumber,
        payment: &Payment,
        refund: Refund,
        trace: TraceContext,
    ) -> BoxFuture<'static, Result<(), RefundError>> {
        self.inner.refund(number, payment, refund, trace)
    }
}
