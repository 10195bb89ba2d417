//! What makes a repeated request known as such: the shopper's key, and the fingerprint of what was asked for with it.

use std::str::FromStr;
use std::sync::Arc;

use crate::hex::hex;

/// A shopper's idempotency key: 1 to 255 printable ASCII characters without a space at either end. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdempotencyKey(Arc<str>);

/// Why a text is no idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an idempotency key has 1 to {} printable ASCII characters and no space at its ends",
    IdempotencyKey::MAX_LENGTH
)]
pub struct InvalidIdempotencyKey;

impl IdempotencyKey {
    /// The longest key, in characters: the width of the database's columns.
    pub const MAX_LENGTH: usize = 255;

    /// A key that the database has on record.
    #[must_use]
    pub fn recorded(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IdempotencyKey {
    type Err = InvalidIdempotencyKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Databases ignore spaces at the end when they compare, so a key with one would be that without.
        let is_valid = is_printable(text, Self::MAX_LENGTH) && text.trim() == text;
        is_valid
            .then(|| Self(text.into()))
            .ok_or(InvalidIdempotencyKey)
    }
}

/// A short text that is the same for the same request, and for no other: 1 to 64 printable ASCII characters. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(Arc<str>);

/// Why a text is no fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a fingerprint has 1 to {} printable ASCII characters",
    Fingerprint::MAX_LENGTH
)]
pub struct InvalidFingerprint;

impl Fingerprint {
    /// The longest fingerprint, in characters: the width of the database's columns, and a SHA-256 in hexadecimal digits.
    pub const MAX_LENGTH: usize = 64;

    /// The fingerprint of a request whose meaning has this SHA-256.
    #[must_use]
    pub fn of_digest(digest: [u8; 32]) -> Self {
        Self(hex(&digest).into())
    }

    /// A fingerprint that the database has on record.
    #[must_use]
    pub fn recorded(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The fingerprint as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        is_printable(text, Self::MAX_LENGTH)
            .then(|| Self(text.into()))
            .ok_or(InvalidFingerprint)
    }
}

fn is_printable(text: &str, max_length: usize) -> bool {
    (1..=max_length).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// A shopper's idempotency key, and what it is used for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Idempotency {
    /// The key.
    pub key: IdempotencyKey,
    /// Tells the same request from another one with this key.
    pub fingerprint: Fingerprint,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_key(text: &str) -> bool {
        text.parse::<IdempotencyKey>()
            .is_ok_and(|key| key.as_str() == text)
    }

    fn is_fingerprint(text: &str) -> bool {
        text.parse::<Fingerprint>()
            .is_ok_and(|fingerprint| fingerprint.as_str() == text)
    }

    mod a_key {
        use super::*;

        #[test]
        fn has_1_to_255_characters() {
            assert!(
                (0..=257)
                    .filter(|length| is_key(&"k".repeat(*length)))
                    .eq(1..=255)
            );
        }

        #[test]
        fn is_of_printable_ascii() {
            for character in char::MIN..=char::MAX {
                let is_allowed = matches!(character, ' '..='~');
                assert_eq!(
                    is_key(&format!("a{character}b")),
                    is_allowed,
                    "{character:?}"
                );
            }
        }

        #[test]
        fn neither_begins_nor_ends_with_a_space() {
            for text in [" ", " k", "k ", "\tk", "k\n"] {
                assert!(!is_key(text), "{text:?}");
            }
            assert!(is_key("two words"));
        }

        #[test]
        fn that_is_on_record_is_kept_as_it_is() {
            assert_eq!(IdempotencyKey::recorded("a\tb ").as_str(), "a\tb ");
        }
    }

    mod a_fingerprint {
        use super::*;

        #[test]
        fn of_a_digest_is_one() {
            let fingerprint = Fingerprint::of_digest([0xa7; 32]);
            assert_eq!(fingerprint.as_str(), "a7".repeat(32));
            assert!(is_fingerprint(fingerprint.as_str()));
        }

        #[test]
        fn has_1_to_64_printable_ascii_characters() {
            let lengths = (0..=66).filter(|length| is_fingerprint(&"f".repeat(*length)));
            assert!(lengths.eq(1..=64));
            for character in char::MIN..=char::MAX {
                let is_allowed = matches!(character, ' '..='~');
                let text = character.to_string();
                assert_eq!(is_fingerprint(&text), is_allowed, "{character:?}");
            }
        }
    }
}
