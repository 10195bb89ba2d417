//! What a token says: the claims of an access token. It must not know how it is signed.

use chrono::{DateTime, Duration, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::{scope::Scope, subject::Subject, token_request::TokenRequest};

/// What all tokens of an issuer have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The issuer's URL.
    pub issuer: String,
    /// For whom the tokens are.
    pub audience: String,
    /// How long they are valid.
    pub lifetime: Duration,
}

/// The claims of one token: those that RFC 9068, section 2.2 requires, and the scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claims {
    iss: String,
    sub: Subject,
    client_id: Subject,
    aud: String,
    iat: i64,
    exp: i64,
    jti: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<Scope>,
}

impl Claims {
    /// The claims of a token with this id that is made now. The member asks in person, and so is the client, too.
    #[must_use]
    pub fn of(request: TokenRequest, terms: &Terms, now: DateTime<Utc>, id: Uuid) -> Self {
        let issued_at = now.timestamp();
        Self {
            iss: terms.issuer.clone(),
            sub: request.subject.clone(),
            client_id: request.subject,
            aud: terms.audience.clone(),
            iat: issued_at,
            exp: issued_at + terms.lifetime.num_seconds(),
            jti: id.to_string(),
            scope: request.scope,
        }
    }

    /// What the token allows.
    #[must_use]
    pub fn scope(&self) -> Option<&Scope> {
        self.scope.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};

    use super::*;

    fn claims(scope: Option<&str>) -> Claims {
        let terms = Terms {
            issuer: "http://127.0.0.1:7012".to_owned(),
            audience: "mall".to_owned(),
            lifetime: Duration::hours(1),
        };
        let request = TokenRequest {
            subject: "minji".parse().unwrap(),
            scope: scope.map(|scope| scope.parse().unwrap()),
        };
        let now = DateTime::from_timestamp(1_000, 999).unwrap();
        Claims::of(request, &terms, now, Uuid::nil())
    }

    #[test]
    fn a_token_names_issuer_member_audience_and_times() {
        let expected = json!({
            "iss": "http://127.0.0.1:7012", "sub": "minji", "client_id": "minji", "aud": "mall",
            "iat": 1_000, "exp": 4_600,
            "jti": "00000000-0000-0000-0000-000000000000",
        });
        assert_eq!(to_value(claims(None)).unwrap(), expected);
    }

    #[test]
    fn a_scope_is_there_when_asked_for() {
        let claims = to_value(claims(Some("mall.support"))).unwrap();
        assert_eq!(claims["scope"], "mall.support");
    }
}
