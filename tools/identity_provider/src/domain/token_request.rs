//! A request for a token: the client credentials grant of RFC 6749, section 4.4. It must not know how it came.

use super::{refusal::Refusal, scope::Scope, subject::Subject};

/// A request that gets a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRequest {
    /// Who asks, and whom the token is about.
    pub subject: Subject,
    /// What it shall allow.
    pub scope: Option<Scope>,
}

impl TokenRequest {
    /// Reads the parameters of a form. A parameter without a value counts as absent, and one that is not known is ignored, as the standard
    /// wants it.
    ///
    /// # Errors
    /// The standard's refusal.
    pub fn read(parameters: &[(String, String)]) -> Result<Self, Refusal> {
        let grant_type = required(parameters, "grant_type")?;
        if grant_type != "client_credentials" {
            return Err(Refusal::UnsupportedGrantType);
        }
        Ok(Self {
            subject: required(parameters, "client_id")?.parse()?,
            scope: optional(parameters, "scope")?.map(str::parse).transpose()?,
        })
    }
}

fn required<'a>(parameters: &'a [(String, String)], name: &str) -> Result<&'a str, Refusal> {
    optional(parameters, name)?
        .ok_or_else(|| Refusal::InvalidRequest(format!("the parameter {name} is missing")))
}

fn optional<'a>(
    parameters: &'a [(String, String)],
    name: &str,
) -> Result<Option<&'a str>, Refusal> {
    let mut values = parameters
        .iter()
        .filter(|(found, _)| found == name)
        .map(|(_, value)| value.as_str());
    let first = values.next();
    if values.next().is_some() {
        return Err(Refusal::InvalidRequest(format!(
            "the parameter {name} is there twice"
        )));
    }
    Ok(first.filter(|value| !value.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRANT: (&str, &str) = ("grant_type", "client_credentials");
    const MINJI: (&str, &str) = ("client_id", "minji");

    fn read(parameters: &[(&str, &str)]) -> Result<TokenRequest, Refusal> {
        let owned: Vec<(String, String)> = parameters
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        TokenRequest::read(&owned)
    }

    fn code(parameters: &[(&str, &str)]) -> &'static str {
        read(parameters).unwrap_err().code()
    }

    #[test]
    fn a_member_asks_for_a_token() {
        let plain = TokenRequest {
            subject: "minji".parse().unwrap(),
            scope: None,
        };
        assert_eq!(read(&[GRANT, MINJI]).unwrap(), plain);
        let ignored = [
            GRANT,
            MINJI,
            ("scope", ""),
            ("client_secret", "x"),
            ("x", "1"),
            ("x", "2"),
        ];
        assert_eq!(read(&ignored).unwrap(), plain);
        let scoped = read(&[GRANT, MINJI, ("scope", "mall.support")]).unwrap();
        assert_eq!(scoped.scope, Some("mall.support".parse().unwrap()));
    }

    #[test]
    fn what_is_missing_or_there_twice_is_an_invalid_request() {
        for parameters in [
            &[][..],
            &[MINJI],
            &[GRANT],
            &[GRANT, ("client_id", "")],
            &[GRANT, GRANT, MINJI],
            &[GRANT, MINJI, MINJI],
            &[GRANT, MINJI, ("scope", "a"), ("scope", "b")],
        ] {
            assert_eq!(code(parameters), "invalid_request", "{parameters:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_refused_by_its_own_code() {
        assert_eq!(
            code(&[("grant_type", "password"), MINJI]),
            "unsupported_grant_type"
        );
        assert_eq!(code(&[GRANT, ("client_id", "min ji")]), "invalid_client");
        assert_eq!(code(&[GRANT, MINJI, ("scope", "a  b")]), "invalid_scope");
    }
}
