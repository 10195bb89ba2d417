//! Whom a token is about. Knows the form of a member's identity, not whether there is such a member.

use std::{fmt, str::FromStr};

use serde::Serialize;

use super::refusal::Refusal;

const MAX_LENGTH: usize = 64;

/// A member: 1 to 64 of the characters that mean nothing special in any URL, the first a letter or a digit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Subject(String);

impl FromStr for Subject {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_valid = (1..=MAX_LENGTH).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
        if is_valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(Refusal::InvalidClient)
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_a_subject() {
        for text in ["minji", "7", "a.b_c-d", &"m".repeat(64)] {
            assert_eq!(text.parse::<Subject>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn anything_else_is_not() {
        for text in [
            "",
            "-minji",
            ".",
            "min ji",
            "민지",
            "a/b",
            "a\n",
            &"m".repeat(65),
        ] {
            let refused = text.parse::<Subject>();
            assert_eq!(refused, Err(Refusal::InvalidClient), "{text:?}");
        }
    }
}
