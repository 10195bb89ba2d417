//! A refund as it is stored with its order.

use chrono::{DateTime, Utc};
use shared::idempotency::Idempotency;
use shared::money::Money;

/// Pieces of one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pieces {
    /// The line's number within its order, from 1.
    pub line: u16,
    /// How many, at least one.
    pub quantity: u32,
}

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundState {
    /// The gateway is to be asked, or was.
    Requested,
    /// The money is given back, and the pieces are in the stock again.
    Done,
    /// The gateway has refused. The order keeps the pieces.
    Refused,
}

/// What the gateway has said about a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefundOutcome {
    /// It has given the money back.
    Done,
    /// It refuses to, and will refuse again.
    Refused,
    /// It does not do so now, and may do so when it is asked again.
    NotNow,
}

/// A refund of some or all pieces of a paid order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Its number within its order, from 1. The gateway knows the refund by it.
    pub number: u16,
    /// The pieces, in the order of their lines.
    pub pieces: Vec<Pieces>,
    /// What is given back.
    pub amount: Money,
    /// Where it stands.
    pub state: RefundState,
    /// The request that asked for it; `None` once the same request may ask again.
    pub idempotency: Option<Idempotency>,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
}

impl Refund {
    /// How many pieces of a line it takes from the order, unless it was refused.
    #[must_use]
    pub fn taken(&self, line: u16) -> u32 {
        if self.state == RefundState::Refused {
            return 0;
        }
        let of_line = self.pieces.iter().filter(|pieces| pieces.line == line);
        of_line.map(|pieces| pieces.quantity).sum()
    }
}
