//! A payment at the gateway: its key and its amount. Knows their form, not whether the gateway has such a payment.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::money::Money;
use crate::wire::order_dto::PaymentDto;

/// The gateway's key of a payment. Cheap to clone.
///
/// A key of a payment that is yet to be charged is parsed, so both services accept the same ones: 1 to 200 characters, without control
/// characters, and neither `.` nor `..`. A key that is on record already is taken as it is ([`PaymentKey::recorded`]), so that it
/// can be read and its money given back whatever the rule was when it was charged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PaymentKey(Arc<str>);

/// Why a text is no payment key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a payment key has 1 to {} characters, no control characters, and is not . or ..",
    PaymentKey::MAX_CHARS
)]
pub struct InvalidPaymentKey;

impl PaymentKey {
    /// The longest key, in characters (Unicode scalar values): as long as Toss Payments makes them, and as the columns of the
    /// database are wide.
    pub const MAX_CHARS: usize = 200;

    /// A key that the gateway or the database has on record.
    #[must_use]
    pub fn recorded(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the key can be a segment of a URL's path, where a cancellation has it. A URL resolves `.` and `..`, even in their
    /// percent-encoded form, and an empty segment makes another path. Every key that was parsed can.
    #[must_use]
    pub fn fits_into_path(&self) -> bool {
        !matches!(&*self.0, "" | "." | "..")
    }
}

impl fmt::Display for PaymentKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for PaymentKey {
    type Err = InvalidPaymentKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let key = Self(text.into());
        // Control characters get lost in URLs and log lines.
        let is_valid = key.fits_into_path()
            && !text.contains(char::is_control)
            && text.chars().count() <= Self::MAX_CHARS;
        is_valid.then_some(key).ok_or(InvalidPaymentKey)
    }
}

/// A payment: one that is to be made, or one that was.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Payment {
    /// The gateway's key.
    pub key: PaymentKey,
    /// What is paid.
    pub amount: Money,
}

impl TryFrom<PaymentDto> for Payment {
    type Error = InvalidPaymentKey;

    /// A payment that is yet to be charged.
    fn try_from(dto: PaymentDto) -> Result<Self, Self::Error> {
        Ok(Self {
            key: dto.payment_key.parse()?,
            amount: dto.amount,
        })
    }
}

impl From<&Payment> for PaymentDto {
    fn from(payment: &Payment) -> Self {
        Self {
            payment_key: payment.key.as_str().to_owned(),
            amount: payment.amount,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_key(text: &str) -> bool {
        text.parse::<PaymentKey>()
            .is_ok_and(|key| key.as_str() == text)
    }

    mod a_key {
        use super::*;

        #[test]
        fn has_1_to_200_characters_however_many_bytes_they_are() {
            for character in ["k", "키", "🙂"] {
                let lengths = (0..=202).filter(|length| is_key(&character.repeat(*length)));
                assert!(lengths.eq(1..=200), "{character}");
            }
        }

        #[test]
        fn may_have_any_character_but_control_characters() {
            for character in char::MIN..=char::MAX {
                let is_allowed = !character.is_control();
                assert_eq!(
                    is_key(&format!("a{character}b")),
                    is_allowed,
                    "{character:?}"
                );
            }
        }

        #[test]
        fn is_not_a_dot_segment_but_may_look_like_a_path() {
            for text in [".", ".."] {
                assert!(!is_key(text), "{text:?}");
            }
            for text in ["...", "../x", "a/../b", "%2e", "/", " a "] {
                assert!(is_key(text), "{text:?}");
            }
        }

        #[test]
        fn that_is_on_record_is_kept_as_it_is() {
            for text in ["", ".", "a\tb", &"k".repeat(300)] {
                assert_eq!(PaymentKey::recorded(text).as_str(), text);
            }
        }
    }

    #[test]
    fn a_payment_survives_the_wire() {
        let dto = PaymentDto {
            payment_key: "결제 \"key\"".to_owned(),
            amount: Money::from_units(24_000),
        };
        let payment = Payment::try_from(dto.clone()).unwrap();
        assert_eq!(PaymentDto::from(&payment), dto);
    }
}
