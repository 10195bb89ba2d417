//! What a token allows, by the grammar of RFC 6749, section 3.3. Knows no scope by name.

use std::str::FromStr;

use serde::Serialize;

use super::refusal::Refusal;

/// Words with one space between them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Scope(String);

impl FromStr for Scope {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_word = |word: &str| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'))
        };
        if text.split(' ').all(is_word) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Refusal::InvalidScope)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_with_one_space_between_them_are_a_scope() {
        for text in ["mall.support", "a b", "urn:x:y!#"] {
            assert_eq!(text.parse(), Ok(Scope(text.to_owned())));
        }
    }

    #[test]
    fn anything_else_is_none() {
        for text in ["", " ", "a  b", " a", "a ", "a\tb", "a\"", "a\\b", "é"] {
            assert_eq!(
                text.parse::<Scope>(),
                Err(Refusal::InvalidScope),
                "{text:?}"
            );
        }
    }
}
