//! Makes credentials that must not be believed. Must not know what is asked for with them.

use crate::plan::{Forgery, Shopper};
use crate::wallet::Wallet;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// Headers of a request.
pub(crate) type Headers = Vec<(&'static str, String)>;

/// What is shown for an order of `owner`; `None` where such a thing can't be had. `order_tokens` are those of other orders.
pub(crate) fn credentials(
    forgery: Forgery,
    owner: Shopper,
    wallet: &Wallet,
    other_order_token: Option<String>,
) -> Option<Headers> {
    let member = match owner {
        Shopper::Member(member) => member,
        // Anybody who is somebody is not this guest.
        Shopper::Guest => 0,
    };
    let bearer = |token: String| vec![("Authorization", format!("Bearer {token}"))];
    match forgery {
        Forgery::OtherMember => Some(bearer(wallet.token(member + 1))),
        Forgery::Nothing => Some(Headers::new()),
        Forgery::Header => Some(vec![("X-Member-Id", wallet.name(member).to_owned())]),
        Forgery::OtherSignature => {
            let (own, other) = (wallet.token(member), wallet.token(member + 1));
            with_signature_of(&own, &other).map(bearer)
        }
        Forgery::UnknownKey => with_unknown_key(&wallet.token(member)).map(bearer),
        Forgery::RetiredKey => wallet.retired(member).map(bearer),
        Forgery::OtherOrderToken => other_order_token.map(|token| vec![("Order-Token", token)]),
    }
}

fn with_signature_of(token: &str, other: &str) -> Option<String> {
    let (claims, _) = token.rsplit_once('.')?;
    let (_, signature) = other.rsplit_once('.')?;
    Some(format!("{claims}.{signature}"))
}

fn with_unknown_key(token: &str) -> Option<String> {
    let (header, rest) = token.split_once('.')?;
    let header = URL_SAFE_NO_PAD.decode(header).ok()?;
    let mut header: Value = serde_json::from_slice(&header).ok()?;
    header["kid"] = json!("a key that nobody has");
    let header = URL_SAFE_NO_PAD.encode(header.to_string());
    Some(format!("{header}.{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &Value, claims: &str, signature: &str) -> String {
        let header = URL_SAFE_NO_PAD.encode(header.to_string());
        format!("{header}.{claims}.{signature}")
    }

    #[test]
    fn claims_stay_and_the_signature_is_anothers() {
        let one = token(&json!({"kid": "k"}), "one", "s1");
        let other = token(&json!({"kid": "k"}), "other", "s2");
        let forged = with_signature_of(&one, &other).unwrap();
        assert_eq!(forged, one.replace("s1", "s2"));
    }

    #[test]
    fn only_the_name_of_the_key_is_another() {
        let one = token(&json!({"kid": "k", "alg": "RS256"}), "one", "s1");
        let forged = with_unknown_key(&one).unwrap();
        let (header, rest) = forged.split_once('.').unwrap();
        let header: Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
        assert_eq!((&header["alg"], rest), (&json!("RS256"), "one.s1"));
        assert_ne!(header["kid"], "k");
    }
}
