//! The payment gateway.

use std::time::Duration;

use futures_util::future::BoxFuture;
use shared::order_number::OrderNumber;
use shared::payment::Payment;
use shared::reason::Reason;
use shared::trace::context::TraceContext;

pub use crate::domain::purchase::ConfirmAnswer;
pub use crate::domain::review::Standing;

/// How long a request to the gateway waits for its answer. After a timeout it is unknown whether the request has taken effect.
pub const GATEWAY_WAIT: Duration = Duration::from_secs(5);

/// Why a payment may not be cancelled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the payment may not be cancelled: {0}")]
pub struct CancelError(pub String);

/// A payment gateway. All calls are idempotent: an order is charged once, and its charge is cancelled once. Each call is part of the given
/// trace.
pub trait PaymentGateway: Send + Sync {
    /// Charges the payment for the order.
    fn confirm(
        &self,
        number: &OrderNumber,
        payment: &Payment,
        trace: TraceContext,
    ) -> BoxFuture<'static, ConfirmAnswer>;

    /// The current state of the order's payment.
    fn look_up(&self, number: &OrderNumber, trace: TraceContext) -> BoxFuture<'static, Standing>;

    /// Cancels the whole payment. Succeeds if it was cancelled before, by anyone and for any reason. After an error the caller repeats the
    /// call; the gateway must then decide again, and not repeat its earlier refusal.
    fn cancel(
        &self,
        number: &OrderNumber,
        payment: &Payment,
        reason: Reason,
        trace: TraceContext,
    ) -> BoxFuture<'static, Result<(), CancelError>>;
}
