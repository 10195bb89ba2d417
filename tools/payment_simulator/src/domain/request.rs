//! What a caller can ask for. It must not know how the request came, nor what is answered.

use serde::{Deserialize, Serialize};

use super::amount::Amount;

/// A request that changes the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Request {
    /// Charge an order.
    Confirm(Confirm),
    /// Give the money of a charged payment back.
    Cancel(Cancel),
}

/// Charge an order with a payment the shopper has prepared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Confirm {
    /// The payment.
    pub payment_key: String,
    /// The order it pays.
    pub order_id: String,
    /// What is charged.
    pub amount: Amount,
}

/// Give the amount of a payment back, or a part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cancel {
    /// The payment.
    pub payment_key: String,
    /// Why.
    pub cancel_reason: String,
    /// How much; all that is left when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_amount: Option<Amount>,
}
