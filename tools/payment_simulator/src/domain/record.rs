//! What is kept of a decision, and what of it the outside may read. It must not know where it is kept.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{amount::Amount, refusal::Refusal, request::Request};

/// A decision: enough to restore the ledger and to repeat the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Its place in the journal, from 1, without gaps.
    pub sequence: u64,
    /// When the request came.
    pub requested_at: DateTime<Utc>,
    /// When it was decided.
    pub at: DateTime<Utc>,
    /// The caller's name for the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// What was asked.
    pub request: Request,
    /// What was decided.
    pub outcome: Outcome,
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    /// The order was charged.
    Charged,
    /// The card company declined.
    Declined,
    /// The money was given back.
    Canceled,
    /// Nothing was done; recorded only to repeat the answer to an idempotency key.
    Refused(Refusal),
}

/// A line of the ledger: money moved, or did not because the card company declined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its place in the journal; a refusal that is remembered in between leaves a gap.
    pub sequence: u64,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What happened.
    pub kind: Kind,
    /// The payment.
    pub payment_key: String,
    /// The order.
    pub order_id: String,
    /// How much.
    pub amount: Amount,
}

/// What happened to the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// Taken.
    Charged,
    /// Asked for, and declined.
    Declined,
    /// Given back.
    Canceled,
}
