//! A payment gateway that measures its calls, and otherwise passes them on unchanged.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use shared::metrics::{Histogram, HistogramVec};
use shared::order_number::OrderNumber;
use shared::payment::Payment;
use shared::reason::Reason;
use shared::trace::context::TraceContext;

use crate::domain::order::Refund;
use crate::metrics::GatewayMetrics;
use crate::ports::payment::{
    CancelError, ConfirmAnswer, Origin, PaymentGateway, RefundError, Standing,
};

/// The inner gateway and the metrics of its operations.
pub struct MeasuredGateway {
    inner: Arc<dyn PaymentGateway>,
    confirms: Arc<Outcomes>,
    look_ups: Arc<Outcomes>,
    cancels: Arc<Outcomes>,
    refunds: Arc<Outcomes>,
}

/// The durations of one operation by outcome.
struct Outcomes {
    done: Histogram,
    refused: Histogram,
    not_reached: Histogram,
    account: Histogram,
    open: Histogram,
    unknown: Histogram,
}

impl Outcomes {
    fn of(calls: &HistogramVec, operation: &str) -> Arc<Self> {
        let with = |outcome| calls.with_label_values(&[operation, outcome]);
        Arc::new(Self {
            done: with("done"),
            refused: with("refused"),
            not_reached: with("not_reached"),
            account: with("account"),
            open: with("open"),
            unknown: with("unknown"),
        })
    }

    fn measure<T: 'static>(
        self: &Arc<Self>,
        call: BoxFuture<'static, T>,
        outcome: for<'a> fn(&'a Self, &T) -> &'a Histogram,
    ) -> BoxFuture<'static, T> {
        let outcomes = Arc::clone(self);
        let begin = Instant::now();
        call.inspect(move |answer| {
            outcome(&outcomes, answer).observe(begin.elapsed().as_secs_f64());
        })
        .boxed()
    }
}

impl MeasuredGateway {
    /// Measures `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn PaymentGateway>, metrics: &GatewayMetrics) -> Self {
        Self {
            inner,
            confirms: Outcomes::of(&metrics.calls, "confirm"),
            look_ups: Outcomes::of(&metrics.calls, "look_up"),
            cancels: Outcomes::of(&metrics.calls, "cancel"),
            refunds: Outcomes::of(&metrics.calls, "refund"),
        }
    }
}

impl PaymentGateway for MeasuredGateway {
    fn refuses_for(&self) -> Option<Duration> {
        self.inner.refuses_for()
    }

    fn confirm(
        &self,
        number: &OrderNumber,
        payment: &Payment,
        trace: TraceContext,
    ) -> BoxFuture<'static, ConfirmAnswer> {
        let call = self.inner.confirm(number, payment, trace);
        self.confirms
            .measure(call, |outcomes, answer| match answer {
                ConfirmAnswer::Confirmed => &outcomes.done,
                ConfirmAnswer::Declined(_) | ConfirmAnswer::PaidOtherwise => &outcomes.refused,
                ConfirmAnswer::NotReached(trouble) => match trouble.origin {
                    Origin::Gateway | Origin::Payment => &outcomes.not_reached,
                    Origin::Key | Origin::Account => &outcomes.account,
                },
                ConfirmAnswer::NotAsked => &outcomes.open,
                ConfirmAnswer::Unknown(_) => &outcomes.unknown,
            })
    }

    fn look_up(&self, number: &OrderNumber, trace: TraceContext) -> BoxFuture<'static, Standing> {
        let call = self.inner.look_up(number, trace);
        self.look_ups
            .measure(call, |outcomes, answer| match answer {
                Standing::Charged(_)
                | Standing::PartlyCancelled(..)
                | Standing::AwaitsDeposit(_)
                | Standing::Unfinished
                | Standing::Declined
                | Standing::NotCharged => &outcomes.done,
                Standing::Away(_) => &outcomes.not_reached,
                Standing::Strange(..) => &outcomes.unknown,
            })
    }

    fn cancel(
        &self,
        number: &OrderNumber,
        payment: &Payment,
        reason: Reason,
        trace: TraceContext,
    ) -> BoxFuture<'static, Result<(), CancelError>> {
        let call = self.inner.cancel(number, payment, reason, trace);
        self.cancels.measure(call, |outcomes, answer| match answer {
            Ok(()) => &outcomes.done,
            // The payment may be cancelled or not.
            Err(CancelError::NotYet(_)) => &outcomes.unknown,
            Err(CancelError::Refused(_)) => &outcomes.refused,
        })
    }

    fn refund(
        &self,
        number: &OrderNumber,
        payment: &Payment,
        refund: Refund,
        trace: TraceContext,
    ) -> BoxFuture<'static, Result<(), RefundError>> {
        let call = self.inner.refund(number, payment, refund, trace);
        self.refunds.measure(call, |outcomes, answer| match answer {
            Ok(()) => &outcomes.done,
            Err(RefundError::Unknown(_)) => &outcomes.unknown,
            Err(RefundError::NotNow(_) | RefundError::Refused(_)) => &outcomes.refused,
        })
    }
}
