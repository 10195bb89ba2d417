//! The claims of a token, from its JSON.

use serde_json::{Map, Value};

use crate::domain::token::{Claims, Time};

/// What the token claims; `member_claim` names the member.
#[must_use]
pub fn claims_of(json: &Map<String, Value>, member_claim: &str) -> Claims {
    let text = |name: &str| json.get(name).and_then(Value::as_str).map(str::to_owned);
    let time = |name: &str| match json.get(name) {
        None => Time::Absent,
        Some(value) => value.as_f64().map_or(Time::Wrong, Time::At),
    };
    Claims {
        issuer: text("iss"),
        audience: json.get("aud").map(texts).unwrap_or_default(),
        subject: text("sub"),
        member: text(member_claim),
        expires: time("exp"),
        not_before: time("nbf"),
        issued: time("iat"),
        scopes: scopes(json),
    }
}

/// `scope` is a text of scopes with spaces between them (RFC 8693); some issuers have a list, or call it `scp`.
fn scopes(json: &Map<String, Value>) -> Vec<String> {
    let claims = ["scope", "scp"]
        .into_iter()
        .filter_map(|name| json.get(name));
    claims
        .flat_map(|claim| match claim {
            Value::String(all) => all.split(' ').map(str::to_owned).collect(),
            other => texts(other),
        })
        .collect()
}

/// The text, or those of a list.
fn texts(claim: &Value) -> Vec<String> {
    match claim {
        Value::String(text) => vec![text.clone()],
        Value::Array(all) => all
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(json: &Value) -> Claims {
        claims_of(json.as_object().unwrap(), "name")
    }

    #[test]
    fn claims_are_read_by_their_names() {
        let claims = read(&json!({
            "iss": "issuer", "aud": "mall", "sub": "7", "name": "kim",
            "exp": 3, "nbf": 1.5, "iat": 2, "scope": "openid mall.support", "other": {},
        }));
        let expected = Claims {
            issuer: Some("issuer".to_owned()),
            audience: vec!["mall".to_owned()],
            subject: Some("7".to_owned()),
            member: Some("kim".to_owned()),
            expires: Time::At(3.0),
            not_before: Time::At(1.5),
            issued: Time::At(2.0),
            scopes: vec!["openid".to_owned(), "mall.support".to_owned()],
        };
        assert_eq!(claims, expected);
        assert_eq!(read(&json!({})), Claims::default());
    }

    #[test]
    fn of_another_type_they_are_absent_and_times_are_wrong() {
        for value in [
            json!(null),
            json!(true),
            json!({"mall": 1}),
            json!([7, null]),
        ] {
            let claims = read(&json!({"iss": value, "aud": value, "sub": value, "name": value}));
            assert_eq!(claims, Claims::default(), "{value}");
        }
        for value in [json!(null), json!(false), json!("1790000300"), json!([1])] {
            let claims = read(&json!({"exp": value, "nbf": value, "iat": value}));
            let times = [claims.expires, claims.not_before, claims.issued];
            assert_eq!(times, [Time::Wrong; 3], "{value}");
        }
        assert_eq!(read(&json!({"iss": ["issuer"]})).issuer, None);
    }

    #[test]
    fn audiences_may_be_a_list() {
        let claims = read(&json!({"aud": ["account", 7, "mall"]}));
        assert_eq!(claims.audience, ["account", "mall"]);
    }

    #[test]
    fn scopes_are_a_text_or_a_list_under_two_names() {
        for json in [
            json!({"scope": "a b"}),
            json!({"scp": "a b"}),
            json!({"scp": ["a", "b"]}),
            json!({"scope": ["a"], "scp": "b"}),
        ] {
            assert_eq!(read(&json).scopes, ["a", "b"], "{json}");
        }
        let list = read(&json!({"scope": ["a b"]}));
        assert_eq!(list.scopes, ["a b"]);
        assert_eq!(read(&json!({"scope": {"a": true}})).scopes, [""; 0]);
    }
}
