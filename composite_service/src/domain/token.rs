//! What a token must claim (RFC 7519, RFC 9068), once its signature is right. Each claim is required by name: a claim that is absent is a
//! flaw, never a check that is left out.
//!
//! Written by hand, although `jsonwebtoken` checks claims, too: by its own clock, with lists of issuers, and nothing of what is the mall's
//! own, such as the member and the scopes.

use chrono::{DateTime, Utc};
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

/// A time of a token.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Time {
    /// The claim is absent.
    #[default]
    Absent,
    /// The claim is no time.
    Wrong,
    /// Seconds since 1970, perhaps with a fraction.
    At(f64),
}

/// What a token claims. A claim of another type than it must have is as good as absent, but for times.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Claims {
    /// `iss`.
    pub issuer: Option<String>,
    /// `aud`, one or several.
    pub audience: Vec<String>,
    /// `sub`.
    pub subject: Option<String>,
    /// The claim that [`TokenRules::member_claim`] names.
    pub member: Option<String>,
    /// `exp`.
    pub expires: Time,
    /// `nbf`.
    pub not_before: Time,
    /// `iat`.
    pub issued: Time,
    /// The scopes.
    pub scopes: Vec<String>,
}

impl TokenRules {
    /// Who the bearer of a token with these claims is.
    ///
    /// # Errors
    /// The first flaw.
    pub fn accept(&self, claims: &Claims, now: DateTime<Utc>) -> Result<Identity, Flaw> {
        if claims.issuer.as_ref() != Some(&self.issuer) {
            return Err(Flaw::Issuer);
        }
        if !claims.audience.contains(&self.audience) {
            return Err(Flaw::Audience);
        }
        check_times(claims, now)?;
        if claims.subject.as_deref().is_none_or(str::is_empty) {
            return Err(Flaw::Subject);
        }
        let member = claims.member.as_deref();
        let member: Option<MemberId> = member.and_then(|member| member.parse().ok());
        let member = member.ok_or(Flaw::Member)?;
        Ok(if claims.scopes.contains(&self.support_scope) {
            Identity::Support(member)
        } else {
            Identity::Member(member)
        })
    }
}

fn check_times(claims: &Claims, now: DateTime<Utc>) -> Result<(), Flaw> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds since 1970 are exact for 285,000 years"
    )]
    let now = now.timestamp_millis() as f64 / 1_000.0;
    match claims.expires {
        Time::Absent | Time::Wrong => return Err(Flaw::NoExpiry),
        Time::At(end) if now >= end + CLOCK_SKEW => return Err(Flaw::Expired),
        Time::At(_) => {}
    }
    for time in [claims.not_before, claims.issued] {
        match time {
            Time::Absent => {}
            Time::At(begin) if begin <= now + CLOCK_SKEW => {}
            Time::At(_) | Time::Wrong => return Err(Flaw::NotYetValid),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_790_000_000;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(NOW, 0).unwrap()
    }

    fn at(seconds: f64) -> Time {
        Time::At(seconds + f64::from(i32::try_from(NOW).unwrap()))
    }

    fn rules() -> TokenRules {
        TokenRules {
            issuer: "https://id.example/mall".to_owned(),
            audience: "mall".to_owned(),
            member_claim: "sub".to_owned(),
            support_scope: "mall.support".to_owned(),
        }
    }

    fn claims() -> Claims {
        Claims {
            issuer: Some("https://id.example/mall".to_owned()),
            audience: vec!["mall".to_owned()],
            subject: Some("kim".to_owned()),
            member: Some("kim".to_owned()),
            expires: at(300.0),
            not_before: at(0.0),
            issued: at(0.0),
            scopes: Vec::new(),
        }
    }

    /// What a token is worth that differs so.
    fn with(change: impl FnOnce(&mut Claims)) -> Result<Identity, Flaw> {
        let mut claims = claims();
        change(&mut claims);
        rules().accept(&claims, now())
    }

    fn member() -> Result<Identity, Flaw> {
        Ok(Identity::Member("kim".parse().unwrap()))
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_right_token_names_its_member() {
        assert_eq!(with(|_| {}), member());
    }

    #[test]
    fn what_is_absent_is_a_flaw_but_for_the_two_times_that_need_not_be_there() {
        assert_eq!(with(|claims| claims.issuer = None), Err(Flaw::Issuer));
        assert_eq!(with(|claims| claims.audience.clear()), Err(Flaw::Audience));
        let absent = Time::Absent;
        assert_eq!(with(|claims| claims.expires = absent), Err(Flaw::NoExpiry));
        assert_eq!(with(|claims| claims.subject = None), Err(Flaw::Subject));
        assert_eq!(with(|claims| claims.member = None), Err(Flaw::Member));
        assert_eq!(with(|claims| claims.issued = absent), member());
        assert_eq!(with(|claims| claims.not_before = absent), member());
        assert_eq!(
            with(|claims| *claims = Claims::default()),
            Err(Flaw::Issuer)
        );
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
            let told = with(|claims| claims.issuer = Some(issuer.to_owned()));
            assert_eq!(told, Err(Flaw::Issuer), "{issuer}");
        }
    }

    #[test]
    fn the_audience_is_the_mall_alone_or_among_others() {
        for audience in [&["mall"][..], &["account", "mall"]] {
            assert_eq!(with(|claims| claims.audience = texts(audience)), member());
        }
        for audience in [&[""][..], &["Mall"], &["mall account"], &["account"]] {
            let told = with(|claims| claims.audience = texts(audience));
            assert_eq!(told, Err(Flaw::Audience), "{audience:?}");
        }
    }

    #[test]
    fn times_hold_to_the_second_with_the_skew_of_clocks() {
        let expires = |time| with(|claims| claims.expires = time);
        assert_eq!(expires(at(0.5 - CLOCK_SKEW)), member());
        assert_eq!(expires(at(-CLOCK_SKEW)), Err(Flaw::Expired));
        assert_eq!(expires(Time::At(0.0)), Err(Flaw::Expired));
        assert_eq!(expires(Time::At(-1.0)), Err(Flaw::Expired));
        assert_eq!(expires(Time::At(1e300)), member());
        assert_eq!(expires(Time::Wrong), Err(Flaw::NoExpiry));
        for set in [
            |claims: &mut Claims, time| claims.not_before = time,
            |claims: &mut Claims, time| claims.issued = time,
        ] {
            assert_eq!(with(|claims| set(claims, at(CLOCK_SKEW))), member());
            for time in [at(CLOCK_SKEW + 0.5), Time::Wrong] {
                assert_eq!(with(|claims| set(claims, time)), Err(Flaw::NotYetValid));
            }
        }
    }

    #[test]
    fn who_is_no_member_is_refused() {
        for name in ["", "auth0|5f7c", "a b", "../kim", "-kim", &"k".repeat(65)] {
            let told = with(|claims| claims.member = Some(name.to_owned()));
            assert_eq!(told, Err(Flaw::Member), "{name}");
        }
        let told = with(|claims| claims.subject = Some(String::new()));
        assert_eq!(told, Err(Flaw::Subject));
    }

    #[test]
    fn the_support_is_known_by_its_whole_scope() {
        let support = Ok(Identity::Support("kim".parse().unwrap()));
        let scoped = |scopes| with(|claims: &mut Claims| claims.scopes = texts(scopes));
        assert_eq!(scoped(&["openid", "mall.support"]), support);
        for scopes in [
            &[""][..],
            &["mall.supporter"],
            &["MALL.SUPPORT"],
            &["mall.support,openid"],
            &["openid mall.support"],
        ] {
            assert_eq!(scoped(scopes), member(), "{scopes:?}");
        }
    }

    #[test]
    fn each_flaw_has_a_name_and_words_of_its_own() {
        for (at, flaw) in Flaw::ALL.iter().enumerate() {
            let same = |other: &&Flaw| {
                other.name() == flaw.name() || other.to_string() == flaw.to_string()
            };
            assert_eq!(Flaw::ALL.iter().position(|other| same(&other)), Some(at));
        }
    }
}
