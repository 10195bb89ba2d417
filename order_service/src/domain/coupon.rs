//! Coupons: what they take off, and when they may be used. Knows nothing of orders.

use chrono::{DateTime, Utc};
use shared::money::Money;
use shared::order_number::OrderNumber;
use shared::reason::Reason;

use super::order::CouponId;

/// A coupon, which one order may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coupon {
    /// Its identity.
    pub id: CouponId,
    /// What it takes off.
    pub discount: Discount,
    /// The smallest total that it applies to.
    pub minimum_total: Money,
    /// Valid from then on.
    pub valid_from: DateTime<Utc>,
    /// Valid until just before then.
    pub valid_until: DateTime<Utc>,
    /// The order that holds it.
    pub used_by: Option<OrderNumber>,
}

/// What a coupon takes off a total.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discount {
    /// A fixed amount, at most the total.
    Fixed(Money),
    /// A percentage, rounded down to whole units, with a maximum.
    Percent {
        /// In hundredths of the total.
        percent: u8,
        /// The most that it takes off.
        maximum: Money,
    },
}

impl Coupon {
    /// What it takes off `total` at `now`.
    ///
    /// # Errors
    /// Why it can't be used.
    pub fn discount_on(&self, total: Money, now: DateTime<Utc>) -> Result<Money, Reason> {
        if self.used_by.is_some() {
            Err(Reason::CouponUsed)
        } else if now < self.valid_from {
            Err(Reason::CouponNotYetValid)
        } else if now >= self.valid_until {
            Err(Reason::CouponExpired)
        } else if total < self.minimum_total {
            Err(Reason::CouponMinimumNotMet)
        } else {
            Ok(self.discount.on(total))
        }
    }
}

impl Discount {
    fn on(self, total: Money) -> Money {
        match self {
            Self::Fixed(amount) => amount.min(total),
            Self::Percent { percent, maximum } => total.percent(percent).min(maximum),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coupon(discount: Discount) -> Coupon {
        Coupon {
            id: 1,
            discount,
            minimum_total: Money::from_units(10_000),
            valid_from: "2026-01-01T00:00:00Z".parse().unwrap(),
            valid_until: "2027-01-01T00:00:00Z".parse().unwrap(),
            used_by: None,
        }
    }

    fn fixed() -> Coupon {
        coupon(Discount::Fixed(Money::from_units(3_000)))
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_fixed_coupon_takes_off_at_most_the_total() {
        let now = at("2026-06-01T00:00:00Z");
        assert_eq!(
            fixed().discount_on(Money::from_units(10_000), now),
            Ok(Money::from_units(3_000))
        );
        let large = coupon(Discount::Fixed(Money::from_units(50_000)));
        assert_eq!(
            large.discount_on(Money::from_units(10_000), now),
            Ok(Money::from_units(10_000))
        );
    }

    #[test]
    fn a_percentage_is_rounded_down_and_capped() {
        let ten = coupon(Discount::Percent {
            percent: 10,
            maximum: Money::from_units(5_000),
        });
        let now = at("2026-06-01T00:00:00Z");
        assert_eq!(
            ten.discount_on(Money::from_units(12_345), now),
            Ok(Money::from_units(1_234))
        );
        assert_eq!(
            ten.discount_on(Money::from_units(90_000), now),
            Ok(Money::from_units(5_000))
        );
    }

    #[test]
    fn a_coupon_that_can_not_be_used_says_why() {
        let total = Money::from_units(10_000);
        assert_eq!(
            fixed().discount_on(total, at("2025-12-31T23:59:59Z")),
            Err(Reason::CouponNotYetValid)
        );
        assert_eq!(
            fixed().discount_on(total, at("2027-01-01T00:00:00Z")),
            Err(Reason::CouponExpired)
        );
        let now = at("2026-01-01T00:00:00Z");
        assert_eq!(
            fixed().discount_on(Money::from_units(9_999), now),
            Err(Reason::CouponMinimumNotMet)
        );
        let used = Coupon {
            used_by: Some("1".parse().unwrap()),
            ..fixed()
        };
        assert_eq!(used.discount_on(total, now), Err(Reason::CouponUsed));
    }
}
