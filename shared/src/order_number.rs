//! The order number: `yyyyMMddHHmmss` and a random number. Knows its form, not where time and chance come from.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use chrono::{Datelike, NaiveDateTime};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The longest order number that payment gateways and the database take, in digits.
pub const MAX_DIGITS: usize = 40;

const TIME_DIGITS: usize = 14;
const RANDOM_DIGITS: usize = 18;

/// The exclusive upper bound of the random part: eighteen digits.
pub const RANDOM_BOUND: u64 = 1_000_000_000_000_000_000;

/// The unique number of an order: one to forty ASCII digits. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderNumber(Arc<str>);

/// Why a text is not an order number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an order number is 1 to {MAX_DIGITS} digits")]
pub struct InvalidOrderNumber;

impl OrderNumber {
    /// Makes the number of an order that is placed at `local_time` (in the service's zone).
    /// `random` is taken modulo [`RANDOM_BOUND`], so the number always has 32 digits. A year that has not four digits becomes the nearest
    /// that has.
    #[must_use]
    pub fn new(local_time: NaiveDateTime, random: u64) -> Self {
        let random_part = random % RANDOM_BOUND;
        // Not by `%Y`, which writes a sign before years that have not four digits.
        let year = local_time.year().clamp(0, 9_999);
        let rest = local_time.format("%m%d%H%M%S");
        Self(format!("{year:04}{rest}{random_part:0RANDOM_DIGITS$}").into())
    }

    /// The time at which the order was placed, in the zone of the service that made the number. `None` for a number of another form, as
    /// Spring services make.
    #[must_use]
    pub fn placed_at(&self) -> Option<NaiveDateTime> {
        let time = self.0.get(..TIME_DIGITS)?;
        (self.0.len() == TIME_DIGITS + RANDOM_DIGITS)
            .then(|| NaiveDateTime::parse_from_str(time, "%Y%m%d%H%M%S").ok())
            .flatten()
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for OrderNumber {
    type Err = InvalidOrderNumber;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_valid = (1..=MAX_DIGITS).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_valid {
            Ok(Self(text.into()))
        } else {
            Err(InvalidOrderNumber)
        }
    }
}

impl fmt::Display for OrderNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for OrderNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Serialize for OrderNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for OrderNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DigitsVisitor;
        impl de::Visitor<'_> for DigitsVisitor {
            type Value = OrderNumber;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{InvalidOrderNumber}")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<OrderNumber, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(DigitsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_noon() -> NaiveDateTime {
        "2026-11-23T12:00:05".parse().unwrap()
    }

    #[test]
    fn a_new_number_is_the_time_and_a_random_part_32_digits_together() {
        assert_eq!(
            OrderNumber::new(at_noon(), 7).as_str(),
            "20261123120005000000000000000007"
        );
        assert_eq!(OrderNumber::new(at_noon(), u64::MAX).as_str().len(), 32);
    }

    #[test]
    fn of_any_time_is_one_that_can_be_read() {
        for time in [
            NaiveDateTime::MIN,
            NaiveDateTime::MAX,
            "+10000-01-01T00:00:00".parse().unwrap(),
            "-0001-12-31T23:59:59".parse().unwrap(),
            // A leap second.
            "2016-12-31T23:59:60".parse().unwrap(),
        ] {
            let number = OrderNumber::new(time, 7);
            assert_eq!(number.as_str().parse(), Ok(number.clone()), "{time}");
            assert_eq!(number.as_str().len(), 32);
        }
    }

    #[test]
    fn that_is_new_tells_its_time_and_one_of_another_form_does_not() {
        let number = OrderNumber::new(at_noon(), 7);
        assert_eq!(number.placed_at(), Some(at_noon()));
        for text in ["1", "20261123120005", &"9".repeat(32), &"1".repeat(40)] {
            let number: OrderNumber = text.parse().unwrap();
            assert_eq!(number.placed_at(), None, "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "2026-11", "２０２６", "1 ", &"1".repeat(41)] {
            assert_eq!(
                text.parse::<OrderNumber>(),
                Err(InvalidOrderNumber),
                "{text:?}"
            );
        }
        assert!("1".repeat(40).parse::<OrderNumber>().is_ok());
    }
}
