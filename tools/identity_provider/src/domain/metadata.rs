//! What the issuer tells about itself, by OpenID Connect Discovery 1.0, section 3. It must not know how it is served.

use serde::Serialize;

/// The path of this document.
pub const DISCOVERY_PATH: &str = "/.well-known/openid-configuration";
/// The path of the keys.
pub const JWKS_PATH: &str = "/jwks";
/// The path of the tokens.
pub const TOKEN_PATH: &str = "/token";

/// The discovery document. There is no authorization endpoint, so no response type is supported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Metadata {
    issuer: String,
    jwks_uri: String,
    token_endpoint: String,
    grant_types_supported: [&'static str; 1],
    response_types_supported: [&'static str; 0],
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: [&'static str; 1],
    token_endpoint_auth_methods_supported: [&'static str; 1],
}

impl Metadata {
    /// The document of the issuer at this URL.
    #[must_use]
    pub fn of(issuer: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            jwks_uri: format!("{issuer}{JWKS_PATH}"),
            token_endpoint: format!("{issuer}{TOKEN_PATH}"),
            grant_types_supported: ["client_credentials"],
            response_types_supported: [],
            subject_types_supported: ["public"],
            id_token_signing_alg_values_supported: ["ES256"],
            token_endpoint_auth_methods_supported: ["none"],
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};

    use super::*;

    #[test]
    fn the_document_names_issuer_keys_and_tokens() {
        let expected = json!({
            "issuer": "http://127.0.0.1:7012",
            "jwks_uri": "http://127.0.0.1:7012/jwks",
            "token_endpoint": "http://127.0.0.1:7012/token",
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": [],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["none"],
        });
        assert_eq!(
            to_value(Metadata::of("http://127.0.0.1:7012")).unwrap(),
            expected
        );
    }
}
