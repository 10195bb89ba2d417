//! The payment gateway.

use futures_util::future::BoxFuture;
use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::trace::context::TraceContext;
use shared::wire::order_dto::PaymentDto;

pub use crate::domain::purchase::ConfirmAnswer;
pub use crate::domain::review::Standing;

/// The longest payment key, in characters.
pub const MAX_PAYMENT_KEY: usize = 200;

/// Whether a text can be a payment's key. A cancellation has the key in its path, where URLs lose dot segments, tabs and line ends:
/// such a payment could be charged and not be cancelled, or another one would be.
#[must_use]
pub fn is_payment_key(text: &str) -> bool {
    (1..=MAX_PAYMENT_KEY).contains(&text.chars().count())
        && !text.contains(char::is_control)
        && !matches!(text, "." | "..")
}

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
        payment: &PaymentDto,
        trace: TraceContext,
    ) -> BoxFuture<'static, ConfirmAnswer>;

    /// What it says of the order now.
    fn look_up(&self, number: &OrderNumber, trace: TraceContext) -> BoxFuture<'static, Standing>;

    /// Gives all of the money back; whoever has done so before, and for whatever reason, it is given back. An error asks for a repetition,
    /// which is decided anew.
    fn cancel(
        &self,
        number: &OrderNumber,
        payment: &PaymentDto,
        reason: Reason,
        trace: TraceContext,
    ) -> BoxFuture<'static, Result<(), CancelError>>;
}
