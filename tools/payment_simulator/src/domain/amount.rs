//! An amount of money in won, exact in memory and in JSON. It must not know what is paid.

use std::{fmt, str::FromStr};

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::Error as _};
use serde_json::value::RawValue;

/// A decimal amount that keeps its digits: `24000.50` stays `24000.50`, and equals `24000.5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(Decimal);

/// The text is not an amount that can be paid.
#[derive(Debug, thiserror::Error)]
#[error("an amount must be a positive decimal number")]
pub struct InvalidAmount;

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// What is left of it; nothing when `other` is larger.
    #[must_use]
    pub fn less(self, other: Self) -> Self {
        Self((self.0 - other.0).max(Decimal::ZERO).normalize())
    }
}

impl FromStr for Amount {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<Self, InvalidAmount> {
        match Decimal::from_str_exact(text) {
            Ok(amount) if amount > Decimal::ZERO => Ok(Self(amount)),
            Ok(_) | Err(_) => Err(InvalidAmount),
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The raw text of the JSON number is read and written, so that no float comes between.
impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = Box::<RawValue>::deserialize(deserializer)?;
        number.get().parse().map_err(D::Error::custom)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string())
            .map_err(S::Error::custom)?
            .serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::Amount;

    #[test]
    fn json_keeps_every_digit() {
        for text in [
            "24000",
            "24000.50",
            "0.01",
            "9007199254740993",
            "123456789012345678.123456789",
        ] {
            let amount: Amount = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&amount).unwrap(), text);
        }
    }

    #[test]
    fn amounts_that_cannot_be_paid_are_refused() {
        for text in [
            "0",
            "-1",
            "0.00",
            "\"24000\"",
            "1e3",
            "null",
            "true",
            "[1]",
            "1.00000000000000000000000000000000001",
        ] {
            assert!(serde_json::from_str::<Amount>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn equal_amounts_may_be_written_differently() {
        assert_eq!(
            "24000".parse::<Amount>().unwrap(),
            "24000.00".parse().unwrap()
        );
    }
}
