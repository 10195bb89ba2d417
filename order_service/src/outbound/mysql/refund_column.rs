//! The column `refunds` ↔ the refunds of an order. A corrupt column is an error, and never becomes a refund.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::idempotency::{Fingerprint, IdempotencyKey};
use shared::json;
use shared::money::Money;

use crate::domain::order::Idempotency;
use crate::domain::refund::{Pieces, Refund, RefundState};

/// No column is longer, in characters: [`MAX_REFUNDS`](shared::limits::MAX_REFUNDS) refunds of all lines, each of some 2,000 characters.
pub(super) const MAX_REFUND_COLUMN: usize = 1_000_000;

#[derive(Serialize, Deserialize)]
struct StoredRefund {
    number: u16,
    state: StoredState,
    amount: Money,
    pieces: Vec<StoredPieces>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    requested_at: DateTime<Utc>,
}

#[derive(Serialize, Deserialize)]
struct StoredPieces {
    line: u16,
    quantity: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum StoredState {
    Requested,
    Done,
    Refused,
}

/// The column of an order with these refunds.
pub(super) fn column(refunds: &[Refund]) -> Option<String> {
    if refunds.is_empty() {
        return None;
    }
    let stored: Vec<StoredRefund> = refunds.iter().map(StoredRefund::from).collect();
    let text = serde_json::to_string(&stored);
    // Numbers, texts and lists always have a JSON form.
    debug_assert!(text.is_ok(), "{text:?}");
    text.ok()
}

/// The refunds of an order with this column, or what is wrong with it.
pub(super) fn refunds(column: Option<&str>) -> Result<Vec<Refund>, String> {
    let Some(text) = column else {
        return Ok(Vec::new());
    };
    let stored: Vec<StoredRefund> =
        json::read(text.as_bytes()).map_err(|fault| fault.to_string())?;
    Ok(stored.into_iter().map(Refund::from).collect())
}

impl From<&Refund> for StoredRefund {
    fn from(refund: &Refund) -> Self {
        let stored_pieces = |pieces: &Pieces| StoredPieces {
            line: pieces.line,
            quantity: pieces.quantity,
        };
        let idempotency = refund.idempotency.as_ref();
        Self {
            number: refund.number,
            state: match refund.state {
                RefundState::Requested => StoredState::Requested,
                RefundState::Done => StoredState::Done,
                RefundState::Refused => StoredState::Refused,
            },
            amount: refund.amount,
            pieces: refund.pieces.iter().map(stored_pieces).collect(),
            key: idempotency.map(|idempotency| idempotency.key.as_str().to_owned()),
            fingerprint: idempotency.map(|idempotency| idempotency.fingerprint.as_str().to_owned()),
            requested_at: refund.requested_at,
        }
    }
}

impl From<StoredRefund> for Refund {
    fn from(stored: StoredRefund) -> Self {
        let pieces = |pieces: StoredPieces| Pieces {
            line: pieces.line,
            quantity: pieces.quantity,
        };
        Self {
            number: stored.number,
            state: match stored.state {
                StoredState::Requested => RefundState::Requested,
                StoredState::Done => RefundState::Done,
                StoredState::Refused => RefundState::Refused,
            },
            amount: stored.amount,
            pieces: stored.pieces.into_iter().map(pieces).collect(),
            idempotency: stored
                .key
                .zip(stored.fingerprint)
                .map(|(key, fingerprint)| Idempotency {
                    key: IdempotencyKey::recorded(key),
                    fingerprint: Fingerprint::recorded(fingerprint),
                }),
            requested_at: stored.requested_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refund(number: u16, state: RefundState) -> Refund {
        Refund {
            number,
            pieces: vec![Pieces {
                line: 2,
                quantity: 3,
            }],
            amount: "966.5".parse().unwrap(),
            state,
            idempotency: (state != RefundState::Refused).then(|| Idempotency {
                key: "a \"key\"".parse().unwrap(),
                fingerprint: "f".parse().unwrap(),
            }),
            requested_at: "2026-11-30T01:02:03.000004Z".parse().unwrap(),
        }
    }

    #[test]
    fn refunds_survive_the_column() {
        let kept = [
            refund(1, RefundState::Refused),
            refund(2, RefundState::Done),
            refund(3, RefundState::Requested),
        ];
        assert_eq!(refunds(column(&kept).as_deref()), Ok(kept.to_vec()));
        assert_eq!((column(&[]), refunds(None)), (None, Ok(Vec::new())));
    }

    #[test]
    fn a_corrupt_column_is_told() {
        let right = column(&[refund(1, RefundState::Done)]).unwrap();
        for corrupt in [
            "",
            "{}",
            "[1]",
            &right.replace("DONE", "DOING"),
            &right.replace("966.5", "-1"),
            &right.replace("\"line\":2", "\"line\":-2"),
            &right[..right.len() - 1],
        ] {
            assert!(refunds(Some(corrupt)).is_err(), "{corrupt}");
        }
    }
}
