//! What a token must claim (RFC 7519, RFC 9068), once its signature is right. Each claim is required by name: a claim that is absent is a
//! flaw, never a check that is left out.
//!
//! Written by hand, although `jsonwebtoken` checks claims, too: by its own clock, with lists of issuers, and nothing of what is the mall's
//! own, such as the member and the scopes.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use shared::member_id::MemberId;

use super::access::Identity;

/// How far the identity provider's clock may be from ours, in seconds.
pub const CLOCK_SKEW: f64 = 30.0;

/// What tokens must say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRules {
    /// The issuer, to the letter.
    pub issuer: String,
    /// The audience that this mall is.
    pub audience: String,
    /// The claim that names the member.
    pub member_claim: String,
    /// The scope of the support.
    pub support_scope: String,
}

/// What is wrong with a token. None of it names a claim's value, which the log and the answer must not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Flaw {
    /// It can't be read.
    #[error("the token is not a signed JWT")]
    Malformed,
    /// Its header says that it is something else.
    #[error("the token is not an access token")]
    Type,
    /// It is signed by an algorithm that is not taken.
    #[error("the token's algorithm is not one of RS256, PS256, ES256 and EdDSA")]
    Algorithm,
    /// The issuer has no such key.
    #[error("the token's key is not one of the issuer's")]
    Key,
    /// The signature is not that of the key.
    #[error("the token's signature is wrong")]
    Signature,
    /// No issuer, or another one.
    #[error("the token is of another issuer")]
    Issuer,
    /// No audience, or others.
    #[error("the token is for another audience")]
    Audience,
    /// No expiry, or not a time.
    #[error("the token has no valid expiry")]
    NoExpiry,
    /// It has expired.
    #[error("the token has expired")]
    Expired,
    /// It is not valid yet, or is issued in the future, or one of these times is none.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// No subject.
    #[error("the token has no subject")]
    Subject,
    /// The claim that names the member is absent, or not a member's identity.
    #[error("the token names no member")]
    Member,
}

impl Flaw {
    /// Every flaw, for tables and metrics.
    pub const ALL: [Self; 12] = [
        Self::Malformed,
        Self::Type,
        Self::Algorithm,
        Self::Key,
        Self::Signature,
        Self::Issuer,
        Self::Audience,
        Self::NoExpiry,
        Self::Expired,
        Self::NotYetValid,
        Self::Subject,
        Self::Member,
    ];

    /// Its name in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Type => "type",
            Self::Algorithm => "algorithm",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::NoExpiry => "no_expiry",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::Subject => "subject",
            Self::Member => "member",
        }
    }
}

impl TokenRules {
    /// Who the bearer of a token with these claims is.
    ///
    /// # Errors
    /// The first flaw.
    pub fn accept(
        &self,
        claims: &Map<String, Value>,
        now: DateTime<Utc>,
    ) -> Result<Identity, Flaw> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        if text("iss") != Some(&self.issuer) {
            return Err(Flaw::Issuer);
        }
        if !claims
            .get("aud")
            .is_some_and(|aud| names(aud, &self.audience))
        {
            return Err(Flaw::Audience);
        }
        check_times(claims, now)?;
        if text("sub").is_none_or(str::is_empty) {
            return Err(Flaw::Subject);
        }
        let member: Option<MemberId> =
            text(&self.member_claim).and_then(|member| member.parse().ok());
        let member = member.ok_or(Flaw::Member)?;
        Ok(if self.is_of_support(claims) {
            Identity::Support(member)
        } else {
            Identity::Member(member)
        })
    }

    /// `scope` is a text of scopes with spaces between them (RFC 8693); some issuers have a list, or call it `scp`.
    fn is_of_support(&self, claims: &Map<String, Value>) -> bool {
        ["scope", "scp"].iter().any(|name| match claims.get(*name) {
            Some(Value::String(scopes)) => {
                scopes.split(' ').any(|scope| scope == self.support_scope)
            }
            Some(scopes) => names(scopes, &self.support_scope),
            None => false,
        })
    }
}

/// Whether the claim is this text, or a list of texts with it.
fn names(claim: &Value, wanted: &str) -> bool {
    match claim {
        Value::String(text) => text == wanted,
        Value::Array(all) => all.iter().any(|one| one.as_str() == Some(wanted)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

fn check_times(claims: &Map<String, Value>, now: DateTime<Utc>) -> Result<(), Flaw> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds since 1970 are exact for 285,000 years"
    )]
    let now = now.timestamp_millis() as f64 / 1_000.0;
    // Seconds since 1970, perhaps with a fraction.
    let time = |name: &str| claims.get(name).map(Value::as_f64);
    match time("exp").flatten() {
        None => return Err(Flaw::NoExpiry),
        Some(end) if now >= end + CLOCK_SKEW => return Err(Flaw::Expired),
        Some(_) => {}
    }
    for name in ["nbf", "iat"] {
        match time(name) {
            None => {}
            Some(Some(begin)) if begin <= now + CLOCK_SKEW => {}
            Some(_) => return Err(Flaw::NotYetValid),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_790_000_000;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(NOW, 0).unwrap()
    }

    fn rules() -> TokenRules {
        TokenRules {
            issuer: "https://id.example/mall".to_owned(),
            audience: "mall".to_owned(),
            member_claim: "sub".to_owned(),
            support_scope: "mall.support".to_owned(),
        }
    }

    fn claims() -> Map<String, Value> {
        let claims = json!({
            "iss": "https://id.example/mall",
            "aud": "mall",
            "sub": "kim",
            "exp": NOW + 300,
            "iat": NOW,
            "nbf": NOW,
        });
        claims.as_object().unwrap().clone()
    }

    fn with(name: &str, value: Value) -> Result<Identity, Flaw> {
        let mut claims = claims();
        claims.insert(name.to_owned(), value);
        rules().accept(&claims, now())
    }

    fn without(name: &str) -> Result<Identity, Flaw> {
        let mut claims = claims();
        claims.remove(name).unwrap();
        rules().accept(&claims, now())
    }

    fn member(name: &str) -> Result<Identity, Flaw> {
        Ok(Identity::Member(name.parse().unwrap()))
    }

    fn support() -> Result<Identity, Flaw> {
        Ok(Identity::Support("kim".parse().unwrap()))
    }

    #[test]
    fn a_right_token_names_its_member() {
        assert_eq!(rules().accept(&claims(), now()), member("kim"));
    }

    #[test]
    fn what_is_absent_is_a_flaw_but_for_the_two_times_that_need_not_be_there() {
        assert_eq!(without("iss"), Err(Flaw::Issuer));
        assert_eq!(without("aud"), Err(Flaw::Audience));
        assert_eq!(without("exp"), Err(Flaw::NoExpiry));
        assert_eq!(without("sub"), Err(Flaw::Subject));
        assert_eq!(without("iat"), member("kim"));
        assert_eq!(without("nbf"), member("kim"));
        assert_eq!(rules().accept(&Map::new(), now()), Err(Flaw::Issuer));
    }

    #[test]
    fn a_claim_of_another_type_is_as_good_as_absent() {
        for value in [
            json!(null),
            json!(true),
            json!(7),
            json!({"mall": 1}),
            json!([7]),
        ] {
            assert_eq!(with("iss", value.clone()), Err(Flaw::Issuer), "{value}");
            assert_eq!(with("aud", value.clone()), Err(Flaw::Audience), "{value}");
            assert_eq!(with("sub", value.clone()), Err(Flaw::Subject), "{value}");
            assert_eq!(with("scope", value.clone()), member("kim"), "{value}");
        }
        for value in [json!(null), json!(true), json!("1790000300"), json!([NOW])] {
            assert_eq!(with("exp", value.clone()), Err(Flaw::NoExpiry), "{value}");
            assert_eq!(
                with("nbf", value.clone()),
                Err(Flaw::NotYetValid),
                "{value}"
            );
            assert_eq!(
                with("iat", value.clone()),
                Err(Flaw::NotYetValid),
                "{value}"
            );
        }
    }

    #[test]
    fn the_issuer_is_right_to_the_letter() {
        for issuer in [
            "",
            "https://id.example/mall/",
            "https://id.example",
            "https://ID.example/mall",
            "http://id.example/mall",
            "https://id.example/mall ",
        ] {
            assert_eq!(with("iss", json!(issuer)), Err(Flaw::Issuer), "{issuer}");
        }
        let list = json!(["https://id.example/mall"]);
        assert_eq!(with("iss", list), Err(Flaw::Issuer));
    }

    #[test]
    fn the_audience_is_the_mall_alone_or_among_others() {
        for aud in [
            json!("mall"),
            json!(["account", "mall"]),
            json!([7, "mall"]),
        ] {
            assert_eq!(with("aud", aud), member("kim"));
        }
        for aud in [
            json!(""),
            json!("Mall"),
            json!("mall account"),
            json!([]),
            json!(["a"]),
        ] {
            assert_eq!(with("aud", aud.clone()), Err(Flaw::Audience), "{aud}");
        }
    }

    #[test]
    fn times_hold_to_the_second_with_the_skew_of_clocks() {
        let skew = CLOCK_SKEW;
        let at = |seconds: f64| json!(seconds + f64::from(i32::try_from(NOW).unwrap()));
        assert_eq!(with("exp", at(-skew + 0.5)), member("kim"));
        assert_eq!(with("exp", at(-skew)), Err(Flaw::Expired));
        assert_eq!(with("exp", json!(0)), Err(Flaw::Expired));
        assert_eq!(with("exp", json!(-1)), Err(Flaw::Expired));
        assert_eq!(with("exp", json!(1e300)), member("kim"));
        for name in ["nbf", "iat"] {
            assert_eq!(with(name, at(skew)), member("kim"));
            assert_eq!(with(name, at(skew + 0.5)), Err(Flaw::NotYetValid));
        }
    }

    #[test]
    fn the_member_is_in_the_claim_that_is_set() {
        let rules = TokenRules {
            member_claim: "preferred_username".to_owned(),
            ..rules()
        };
        let mut claims = claims();
        assert_eq!(rules.accept(&claims, now()), Err(Flaw::Member));
        claims.insert("preferred_username".to_owned(), json!("lee"));
        assert_eq!(rules.accept(&claims, now()), member("lee"));
        claims.remove("sub");
        assert_eq!(rules.accept(&claims, now()), Err(Flaw::Subject));
    }

    #[test]
    fn who_is_no_member_is_refused() {
        for sub in ["auth0|5f7c", "a b", "../kim", "-kim", &"k".repeat(65)] {
            assert_eq!(with("sub", json!(sub)), Err(Flaw::Member), "{sub}");
        }
        assert_eq!(with("sub", json!("")), Err(Flaw::Subject));
    }

    #[test]
    fn the_support_is_known_by_its_whole_scope() {
        for name in ["scope", "scp"] {
            for scopes in [
                json!("mall.support"),
                json!("openid mall.support email"),
                json!(["openid", "mall.support"]),
            ] {
                assert_eq!(with(name, scopes), support());
            }
            for scopes in [
                json!(""),
                json!("mall.supporter"),
                json!("MALL.SUPPORT"),
                json!("mall.support,openid"),
                json!(["openid mall.support"]),
                json!({"mall.support": true}),
            ] {
                assert_eq!(with(name, scopes.clone()), member("kim"), "{scopes}");
            }
        }
    }

    #[test]
    fn each_flaw_has_a_name_and_words_of_its_own() {
        for (at, flaw) in Flaw::ALL.iter().enumerate() {
            let same = |other: &&Flaw| other.name() == flaw.name();
            assert_eq!(Flaw::ALL.iter().position(|other| same(&other)), Some(at));
        }
    }
}
