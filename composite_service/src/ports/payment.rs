//! The payment gateway.

use futures_util::future::BoxFuture;
use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::order_dto::PaymentDto;

/// What the gateway did with a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfirmAnswer {
    /// It has charged.
    Confirmed,
    /// It has declined, with a text for the shopper. Nothing is charged.
    Declined(String),
    /// It knows the order by another payment. Nothing is charged by this one.
    PaidOtherwise,
    /// It was not reached, or did not begin. Nothing is charged by this attempt.
    NotReached(String),
    /// It may have charged or not.
    Unknown(String),
}

/// Why a payment is perhaps not cancelled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the payment may not be cancelled: {0}")]
pub struct CancelError(pub String);

/// A payment gateway. Both calls are harmless when repeated: the order number is their idempotency key.
pub trait PaymentGateway: Send + Sync {
    /// Charges the payment for the order.
    fn confirm(&self, number: &OrderNumber, payment: &PaymentDto) -> BoxFuture<'static, ConfirmAnswer>;

    /// Gives the money back. An error asks for a repetition.
    fn cancel(&self, number: &OrderNumber, payment: &PaymentDto, reason: Reason) -> BoxFuture<'static, Result<(), CancelError>>;
}
