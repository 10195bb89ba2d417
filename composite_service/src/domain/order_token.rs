//! The token that opens a guest's order: HMAC-SHA256 (RFC 2104) of its number, so that nothing has to be stored for it.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use shared::hex::hex;
use shared::idempotency::IdempotencyKey;
use shared::member_id::MemberId;
use shared::order_number::OrderNumber;

/// Tells what is signed apart, so that a token of one kind is never one of another.
const OF_ORDER: &str = "order";
const OF_KEY: &str = "idempotency-key";

/// A text that may open an order. Not shown by `Debug`: whoever has it has the order.
#[derive(Clone, PartialEq, Eq)]
pub struct OrderToken(String);

impl OrderToken {
    /// A text that came with a request.
    #[must_use]
    pub fn received(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The token as it is sent.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OrderToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OrderToken(…)")
    }
}

/// Makes and checks order tokens with a secret that all instances share.
#[derive(Clone)]
pub struct OrderTokens(Hmac<Sha256>);

impl OrderTokens {
    /// The least length of the secret, in bytes.
    pub const LEAST_SECRET: usize = 32;

    /// With this secret.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        let hmac = Hmac::new_from_slice(secret);
        Self(hmac.unwrap_or_else(|_| unreachable!("an HMAC takes a key of any length")))
    }

    /// The token of an order: 64 hexadecimal digits.
    #[must_use]
    pub fn of(&self, number: &OrderNumber) -> OrderToken {
        OrderToken(hex(&self.signed(&[OF_ORDER, number.as_str()])))
    }

    /// Whether it is the token of this order. Takes the same time whatever is wrong with it.
    #[must_use]
    pub fn is_for(&self, token: &OrderToken, number: &OrderNumber) -> bool {
        let expected = self.of(number);
        // Hashed again before they are compared: how many bytes two hashes share says nothing of the texts.
        self.signed(&[token.expose()]) == self.signed(&[expected.expose()])
    }

    /// A member's idempotency key as the order service gets it: no other member and no guest can come upon it.
    #[must_use]
    pub fn key_of(&self, member: &MemberId, key: &IdempotencyKey) -> IdempotencyKey {
        let signed = self.signed(&[OF_KEY, member.as_str(), key.as_str()]);
        IdempotencyKey::recorded(hex(&signed))
    }

    /// None of the parts contains a zero byte, so the parts can't be told in another way.
    fn signed(&self, parts: &[&str]) -> [u8; 32] {
        let mut hmac = self.0.clone();
        for part in parts {
            hmac.update(part.as_bytes());
            hmac.update(&[0]);
        }
        hmac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for OrderTokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OrderTokens(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> OrderTokens {
        OrderTokens::new(&[b's'; OrderTokens::LEAST_SECRET])
    }

    fn number(text: &str) -> OrderNumber {
        text.parse().unwrap()
    }

    #[test]
    fn a_token_is_the_hmac_of_its_order() {
        // openssl: printf 'order\0001\000' | openssl dgst -sha256 -hmac ssssssssssssssssssssssssssssssss
        assert_eq!(
            tokens().of(&number("1")).expose(),
            "6d49b08739dee932ff64cf6356015727dd54485cb0318c3f98a7d95aa249d7c7"
        );
    }

    #[test]
    fn a_token_opens_its_order_only() {
        let token = tokens().of(&number("12"));
        assert!(tokens().is_for(&token, &number("12")));
        for other in ["1", "2", "120", "012"] {
            assert!(!tokens().is_for(&token, &number(other)), "{other}");
        }
        let text = token.expose();
        for wrong in [&text[1..], &text.to_uppercase(), &format!("{text} "), ""] {
            assert!(!tokens().is_for(&OrderToken::received(wrong), &number("12")));
        }
        let others = OrderTokens::new(&[b't'; OrderTokens::LEAST_SECRET]);
        assert!(!others.is_for(&token, &number("12")));
    }

    #[test]
    fn neither_a_token_nor_the_secret_is_shown() {
        let token = tokens().of(&number("1"));
        let shown = format!("{token:?} {:?}", tokens());
        assert_eq!(shown, "OrderToken(…) OrderTokens(…)");
    }

    #[test]
    fn the_keys_of_members_never_meet() {
        let key = |member: &str, key: &str| {
            tokens().key_of(&member.parse().unwrap(), &key.parse().unwrap())
        };
        let all = [
            key("kim", "1"),
            key("lee", "1"),
            key("kim", "2"),
            key("ki", "m1"),
        ];
        for (at, one) in all.iter().enumerate() {
            assert_eq!(all.iter().position(|other| other == one), Some(at));
            assert!(one.as_str().parse::<IdempotencyKey>().is_ok());
        }
        assert_eq!(key("kim", "1"), all[0]);
    }
}
