//! What an order costs, or why it can't be had. Knows neither stock nor coupons; [`Shelf::price`](super::shelf::Shelf::price) finds it out.

use chrono::{DateTime, Utc};
use shared::money::Money;
use shared::reason::Reason;

use super::pending_limits::TooMany;

/// What an order costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// The sum of the lines.
    pub total: Money,
    /// What the coupon takes off.
    pub discount: Money,
}

impl Price {
    /// What is to be paid.
    #[must_use]
    pub fn to_pay(self) -> Money {
        self.total.less(self.discount)
    }
}

/// Why a wish is not granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotGranted {
    /// It can't be served.
    Refused {
        /// The sum of the lines; zero if they have none.
        total: Money,
        /// Why.
        reason: Reason,
    },
    /// Its member has too much pending.
    TooMany {
        /// The sum of the lines.
        total: Money,
        /// What is too much.
        too_many: TooMany,
    },
}

impl NotGranted {
    /// The reason, as an order that was refused has it.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::Refused { reason, .. } => *reason,
            Self::TooMany { too_many, .. } => too_many.reason,
        }
    }

    /// When the same wish may be granted, if that is known.
    #[must_use]
    pub fn retry_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Refused { .. } => None,
            Self::TooMany { too_many, .. } => too_many.first_end,
        }
    }
}
