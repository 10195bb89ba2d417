//! The payment gateway.

use std::time::Duration;

use futures_util::future::BoxFuture;
use shared::order_number::OrderNumber;
use shared::payment::Payment;
use shared::reason::Reason;
use shared::trace::context::TraceContext;

use crate::domain::order::Refund;

pub use crate::domain::purchase::{ConfirmAnswer, Origin, Trouble};
pub use crate::domain::review::{Oddity, Standing};

/// How long a request to the gateway waits for its answer. After a timeout it is unknown whether the request has taken effect.
pub const GATEWAY_WAIT: Duration = Duration::from_secs(5);

/// Why a payment is not, or may not be, cancelled. Each has the cause, for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CancelError {
    /// A later attempt may succeed.
    #[error("the payment may not be cancelled yet: {0}")]
    NotYet(String),
    /// The gateway refuses, and will refuse again. A person must give the money back.
    #[error("the gateway refuses to cancel the payment: {0}")]
    Refused(String),
}

/// Why the money of a refund is not, or may not be, given back. Each has the cause, for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefundError {
    /// It may have been given back; the same call tells, when it is repeated.
    #[error("the money may not be given back yet: {0}")]
    Unknown(String),
    /// The gateway does not give it back now. Another refund may succeed.
    #[error("the gateway does not give the money back now: {0}")]
    NotNow(String),
    /// The gateway refuses, and will refuse again.
    #[error("the gateway refuses to give the money back: {0}")]
    Refused(String),
}

/// A payment gateway. All calls are idempotent: an order is charged once, and its charge is cancelled once. Each call is part of the given
/// trace.
pub trait PaymentGateway: Send + Sync {
    /// For how long it will not be asked to charge, because it has failed too often; `None` when it will be asked. Other calls are always
    /// made.
    fn refuses_for(&self) -> Option<Duration>;

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

    /// Gives a part of the payment back. The gateway knows the refund by its number: it gives its money back once, and answers each
    /// repetition as the first call that it has decided.
    fn refund(
        &self,
        number: &OrderNumber,
        payment: &Payment,
        refund: Refund,
        trace: TraceContext,
    ) -> BoxFuture<'static, Result<(), RefundError>>;
}
