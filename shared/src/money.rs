//! Money: a decimal amount, never a float. Knows arithmetic and JSON, no currency conversion and no prices.

mod shares;

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;

use crate::json::{self, Number};

/// The decimal places that the database keeps (`DECIMAL(19,2)`).
pub const MAX_SCALE: u32 = 2;

/// A non-negative amount with at most two decimal places, below 10^17. On the wire `{"amount": 12000}`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(Decimal);

/// Why a number is not an amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMoney {
    /// Not a decimal number at all.
    #[error("an amount is a decimal number")]
    NotANumber,
    /// Below zero.
    #[error("an amount is not negative")]
    Negative,
    /// More decimal places than [`MAX_SCALE`].
    #[error("an amount has at most {MAX_SCALE} decimal places")]
    TooPrecise,
    /// More digits than the database keeps.
    #[error("an amount is below 10^17")]
    TooLarge,
}

impl Money {
    /// No money.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// Whole units, as prices in won are.
    #[must_use]
    pub fn from_units(units: u32) -> Self {
        Self(Decimal::from(units))
    }

    /// The amount as a decimal number.
    #[must_use]
    pub fn as_decimal(self) -> Decimal {
        self.0
    }

    /// The sum, or `None` when it is too large to be kept.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0
            .checked_add(other.0)
            .and_then(|sum| Self::try_from(sum).ok())
    }

    /// The price of `quantity` pieces, or `None` when it is too large to be kept.
    #[must_use]
    pub fn checked_times(self, quantity: u32) -> Option<Self> {
        self.0
            .checked_mul(Decimal::from(quantity))
            .and_then(|product| Self::try_from(product).ok())
    }

    /// What is left after a discount; zero when the discount is larger.
    #[must_use]
    pub fn less(self, discount: Self) -> Self {
        Self((self.0 - discount.0).max(Decimal::ZERO))
    }

    /// The price of `part` of `whole` like pieces that cost this amount together, rounded down to whole units. All of them cost exactly this
    /// amount, and so do none of none.
    #[must_use]
    pub fn part(self, part: u32, whole: u32) -> Self {
        if part >= whole {
            return self;
        }
        Self((self.0 * Decimal::from(part) / Decimal::from(whole)).floor())
    }

    /// `percent` hundredths of the amount, rounded down to whole units.
    #[must_use]
    pub fn percent(self, percent: u8) -> Self {
        Self((self.0 * Decimal::from(percent) / Decimal::ONE_HUNDRED).floor())
    }
}

impl TryFrom<Decimal> for Money {
    type Error = InvalidMoney;

    fn try_from(amount: Decimal) -> Result<Self, Self::Error> {
        let normal = amount.normalize();
        if normal.is_sign_negative() && !normal.is_zero() {
            Err(InvalidMoney::Negative)
        } else if normal.scale() > MAX_SCALE {
            Err(InvalidMoney::TooPrecise)
        } else if normal >= Decimal::from(100_000_000_000_000_000_u64) {
            Err(InvalidMoney::TooLarge)
        } else {
            Ok(Self(normal))
        }
    }
}

/// Reads the grammar of JSON's numbers, so an amount is the same as a number and as a string. `Decimal` can't read it: it takes
/// underscores and a plus sign, too, and rounds what has too many digits.
impl FromStr for Money {
    type Err = InvalidMoney;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = Number::parse(text).ok_or(InvalidMoney::NotANumber)?;
        if number.is_negative {
            return Err(InvalidMoney::Negative);
        }
        if number.exponent < -i64::from(MAX_SCALE) {
            return Err(InvalidMoney::TooPrecise);
        }
        let hundredths = number.scaled(MAX_SCALE).ok_or(InvalidMoney::TooLarge)?;
        Decimal::try_from_i128_with_scale(hundredths, MAX_SCALE)
            .map_err(|_| InvalidMoney::TooLarge)?
            .try_into()
    }
}

impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

/// Money as a bare JSON number, exact: the form that payment gateways use. For `#[serde(with = "…")]`.
pub mod plain {
    use super::{Money, RawValue, Serialize, Serializer, ToPrimitive};
    use serde::{Deserialize, Deserializer, ser};

    /// Writes the number.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(money: &Money, serializer: S) -> Result<S::Ok, S::Error> {
        match money.0.to_u64() {
            Some(units) if money.0.is_integer() => serializer.serialize_u64(units),
            _ => RawValue::from_string(money.0.to_string())
                .map_err(ser::Error::custom)?
                .serialize(serializer),
        }
    }

    /// Reads a number, a string, or `{"amount": …}`.
    ///
    /// # Errors
    /// When it is none of them, or not an amount of money.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Money, D::Error> {
        Money::deserialize(deserializer)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Wrapped {
            #[serde(with = "plain")]
            amount: Money,
        }
        Wrapped { amount: *self }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Money {
    /// Reads `{"amount": 12000}`, and a number or a string with a number in either place. The number's own text is parsed, so that no
    /// digit passes through a float.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Wrapped {
            amount: Box<RawValue>,
        }
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        if raw.get().starts_with('{') {
            let wrapped: Wrapped = json::read(raw.get().as_bytes()).map_err(de::Error::custom)?;
            amount(&wrapped.amount)
        } else {
            amount(&raw)
        }
        .map_err(de::Error::custom)
    }
}

/// The amount in a JSON number or string.
fn amount(raw: &RawValue) -> Result<Money, InvalidMoney> {
    if raw.get().starts_with('"') {
        let text: String =
            json::read(raw.get().as_bytes()).map_err(|_| InvalidMoney::NotANumber)?;
        text.parse()
    } else {
        raw.get().parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn won(text: &str) -> Money {
        text.parse().unwrap()
    }

    #[test]
    fn no_digit_is_lost_on_the_wire() {
        for (text, json) in [
            ("12000", r#"{"amount":12000}"#),
            ("0.1", r#"{"amount":0.1}"#),
            ("99999999999999999", r#"{"amount":99999999999999999}"#),
            ("12345678901234.56", r#"{"amount":12345678901234.56}"#),
        ] {
            assert_eq!(serde_json::to_string(&won(text)).unwrap(), json);
            assert_eq!(serde_json::from_str::<Money>(json).unwrap(), won(text));
        }
    }

    #[test]
    fn strings_and_bare_numbers_are_read_too() {
        for json in [
            r#"{"amount":"12000.50"}"#,
            r#""12000.5""#,
            "12000.5",
            "1.20005e4",
            r#""1.20005E+4""#,
            r#"{"amoun\u0074":"1\u0032000.5"}"#,
        ] {
            assert_eq!(
                serde_json::from_str::<Money>(json).unwrap(),
                won("12000.5"),
                "{json}"
            );
        }
    }

    #[test]
    fn a_number_and_a_string_have_the_same_grammar() {
        for text in [
            "24_000",
            "24,000",
            " 24000",
            "24000 ",
            "+24000",
            "024000",
            "24000.",
            ".5",
            "0x10",
            "２４０００",
            "24000원",
            "Infinity",
        ] {
            for json in [
                text.to_owned(),
                format!("{text:?}"),
                format!(r#"{{"amount":{text:?}}}"#),
            ] {
                // Around a bare number, white space is JSON's own.
                let is_white_space = json == text && text.trim() != text;
                let read = json::read::<Money>(json.as_bytes());
                assert_eq!(read.is_ok(), is_white_space, "{json}");
            }
        }
    }

    #[test]
    fn what_is_neither_a_number_nor_an_amount_is_refused() {
        for json in [
            "[24000]",
            r#"{"amount":[24000]}"#,
            r#"{"amount":{"amount":24000}}"#,
            r#"{"amount":null}"#,
            r#"{"amount":true}"#,
            r#"{"amount":1,"amount":2}"#,
            "{}",
            "null",
        ] {
            assert!(json::read::<Money>(json.as_bytes()).is_err(), "{json}");
        }
    }

    #[test]
    fn other_texts_are_refused_with_a_reason() {
        for (text, reason) in [
            ("", InvalidMoney::NotANumber),
            ("null", InvalidMoney::NotANumber),
            ("NaN", InvalidMoney::NotANumber),
            ("-1", InvalidMoney::Negative),
            ("0.001", InvalidMoney::TooPrecise),
            ("100000000000000000", InvalidMoney::TooLarge),
            ("1e17", InvalidMoney::TooLarge),
            ("1e999999999999", InvalidMoney::TooLarge),
            ("1e-999999999999", InvalidMoney::TooPrecise),
            (
                "0.10000000000000000000000000000000000001",
                InvalidMoney::TooPrecise,
            ),
        ] {
            assert_eq!(text.parse::<Money>(), Err(reason), "{text}");
        }
        assert_eq!(won("1.50"), won("1.5"));
        assert_eq!(won("-0"), Money::ZERO);
    }

    #[test]
    fn arithmetic_is_exact_and_never_below_zero_or_too_large() {
        assert_eq!(won("0.1").checked_add(won("0.2")), Some(won("0.3")));
        assert_eq!(won("12000").checked_times(2), Some(won("24000")));
        assert_eq!(won("99999999999999999").checked_times(2), None);
        assert_eq!(won("3").less(won("5")), Money::ZERO);
        assert_eq!(won("12345").percent(10), won("1234"));
    }
}
