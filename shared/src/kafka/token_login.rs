//! Logging in at Kafka by tokens (OAUTHBEARER, RFC 7628), which an OpenID issuer gives for a client's id and secret. librdkafka asks for
//! them and renews them by itself, on a thread of its own (KIP-768), so that clients that are not polled have one as well.
//!
//! | variable | default | meaning |
//! |---|---|---|
//! | `KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL` | required | where tokens are asked for |
//! | `KAFKA_SASL_OAUTHBEARER_CLIENT_ID`, `KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET` | required | the client that they are for |
//! | `KAFKA_SASL_OAUTHBEARER_SCOPE` | none | the scope that is asked for |
//! | `KAFKA_HTTPS_CA_LOCATION` | the system's authorities | PEM file of the authorities that the issuer's certificate is from |

use rdkafka::ClientConfig;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::env::EnvReader;
use crate::http_url::required_http_url;

const URL: &str = "KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL";
const CLIENT_ID: &str = "KAFKA_SASL_OAUTHBEARER_CLIENT_ID";
const CLIENT_SECRET: &str = "KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET";
const SCOPE: &str = "KAFKA_SASL_OAUTHBEARER_SCOPE";
const CA: &str = "KAFKA_HTTPS_CA_LOCATION";

/// The variables of the module's table.
pub(super) const VARIABLES: [&str; 5] = [URL, CLIENT_ID, CLIENT_SECRET, SCOPE, CA];

/// The librdkafka setting that names the client.
pub(super) const CLIENT_ID_SETTING: &str = "sasl.oauthbearer.client.id";

/// Where tokens come from.
#[derive(Debug, Clone)]
pub(super) struct TokenLogin {
    endpoint: Option<Url>,
    client_id: String,
    client_secret: SecretString,
    scope: String,
    ca: Option<String>,
}

impl TokenLogin {
    /// Reads the variables of the module's table.
    pub(super) fn from_env(env: &mut EnvReader) -> Self {
        Self {
            endpoint: required_http_url(env, URL),
            client_id: env.required_text(CLIENT_ID),
            client_secret: env.required_start_secret(CLIENT_SECRET, 1),
            scope: env.text(SCOPE, ""),
            ca: env.readable_file(CA),
        }
    }

    /// Adds it to a client's settings.
    pub(super) fn apply(&self, config: &mut ClientConfig) {
        config
            .set("sasl.oauthbearer.method", "oidc")
            .set(CLIENT_ID_SETTING, &self.client_id)
            .set(
                "sasl.oauthbearer.client.secret",
                self.client_secret.expose_secret(),
            );
        if let Some(endpoint) = &self.endpoint {
            config.set("sasl.oauthbearer.token.endpoint.url", endpoint.as_str());
        }
        if !self.scope.is_empty() {
            config.set("sasl.oauthbearer.scope", &self.scope);
        }
        if let Some(ca) = &self.ca {
            config.set("https.ca.location", ca);
        }
    }
}
