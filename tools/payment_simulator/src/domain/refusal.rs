//! Why a request is not done. It must not know the HTTP statuses that tell it.

use serde::{Deserialize, Serialize};

/// A decision against a request. The same request with the same idempotency key is refused the same way again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// The order is charged already, or the payment was used for another order.
    #[error("the payment has already been processed")]
    AlreadyProcessedPayment,
    /// The money has been given back before.
    #[error("the payment has already been canceled")]
    AlreadyCanceledPayment,
    /// The card company declines.
    #[error("the card company declined the payment")]
    RejectCardCompany,
    /// No such payment.
    #[error("there is no such payment")]
    NotFoundPayment,
    /// More than is left of the payment.
    #[error("more is to be canceled than is left")]
    NotCancelableAmount,
    /// The payment was never charged.
    #[error("the payment cannot be canceled")]
    NotCancelablePayment,
    /// The card company can't do it now. A later request may be done, unless it has the idempotency key of this one.
    #[error("a temporary error has occurred, try again later")]
    ProviderError,
}

/// The request is in the way of another one; unlike a [`Refusal`] this is not remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// The idempotency key belongs to another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// An earlier request for the same payment, order or idempotency key is not finished.
    #[error("an earlier request is still being processed")]
    StillProcessing,
}
