//! The payment gateway.

use std::time::Duration;

use futures_util::future::BoxFuture;
use shared::order_number::OrderNumber;
use shared::payment::Payment;
use shared::reason::Reason;
use shared::trace::context::TraceContext;

pub use crate::domain::purchase::ConfirmAnswer;
pub use crate::domain::review::Standing;

/// How long a request to the gateway waits for its answer. Whether one that was given up has its effect is unknown.
pub const GATEWAY_WAIT: Duration = Duration::from_secs(5);

/// Why a payment is perhaps not cancelled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the payment may not be cancelled: {0}")]
pub struct CancelError(pub String);

/// A payment gateway. All calls are harmless when repeated: an order is charged once, and its money given back once. Each is a part of the
/// trace that it is given.
pub trait PaymentGateway: Send + Sync {
    /// Charges the payment for the order.
    fn confirm(
        &self,
        number: &OrderNumber,
        payment: &Payment,
        trace: TraceContext,
    ) -> BoxFuture<'static, ConfirmAnswer>;

    /// What it says of the order now.
    fn look_up(&self, number: &OrderNumber, trace: TraceContext) -> BoxFuture<'static, Standing>;

    /// Gives all of the money back; whoever has done so before, and for whatever reason, it is given back. An error asks for a repetition,
    /// which is decided anew.
    fn cancel(
        &self,
        number: &OrderNumber,
        payment: &Payment,
        reason: Reason,
        trace: TraceContext,
    ) -> BoxFuture<'static, Result<(), CancelError>>;
}
