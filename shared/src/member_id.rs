//! The identity of a member, as the proxy that logs shoppers in names it. Knows its form, not whether there is such a member.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The longest identity, in characters.
pub const MAX_LENGTH: usize = 64;

/// A member: 1 to 64 of the characters that mean nothing special in any URL, the first a letter or a digit. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(Arc<str>);

/// Why a text is no member's identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a member's identity is 1 to {MAX_LENGTH} of the characters A-Z a-z 0-9 . _ -, the first a letter or a digit"
)]
pub struct InvalidMemberId;

impl MemberId {
    /// The identity as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MemberId {
    type Err = InvalidMemberId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_valid = (1..=MAX_LENGTH).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
        if is_valid {
            Ok(Self(text.into()))
        } else {
            Err(InvalidMemberId)
        }
    }
}

impl fmt::Display for MemberId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for MemberId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Serialize for MemberId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for MemberId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_identities_are_kept_as_they_are() {
        for text in [
            "1",
            "kim.minji",
            "0b5c4f0e-8c2f-4f0e-9d86-081884c7d659",
            &"m".repeat(64),
        ] {
            assert_eq!(text.parse::<MemberId>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn texts_that_mean_something_in_a_url_or_a_list_are_refused() {
        for text in [
            "",
            ".",
            "..",
            "-a",
            "a/b",
            "a b",
            "a,b",
            "a?b",
            "a%2e",
            "민지",
            &"m".repeat(65),
        ] {
            assert_eq!(text.parse::<MemberId>(), Err(InvalidMemberId), "{text:?}");
        }
        assert!(serde_json::from_str::<MemberId>("\"a/b\"").is_err());
    }
}
