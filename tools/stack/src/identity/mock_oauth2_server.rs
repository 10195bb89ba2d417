//! mock-oauth2-server as a child process: another's small identity provider. Must not know who asks for tokens.

use super::{AUDIENCE, SUPPORT_SCOPE, token_endpoint};
use crate::kafka_accounts::{KAFKA_AUDIENCE, TokenIssuer};
use crate::programs::base_url;
use crate::{Part, Place, Service, Spec, ports, provide};
use anyhow::{Context, Result};
use serde_json::json;
use std::fs;
use std::time::Duration;

const START_LIMIT: Duration = Duration::from_secs(60);
const NAME: &str = "mock-oauth2-server";
/// It has any issuer that is asked for; the last part of the URL is its name.
const ISSUER: &str = "mall";
const MAIN: &str = "no.nav.security.mock.oauth2.StandaloneMockOAuth2ServerKt";
const TOKEN_SECONDS: u32 = 3_600;

/// The handle of the child; it ends with the handle. Its RS256 key comes with the program, so it is the same everywhere.
pub struct MockOauth2Server {
    service: Service,
    issuer: String,
}

impl MockOauth2Server {
    /// Starts it on a free port and waits until it answers.
    ///
    /// # Errors
    /// When it can't be installed or started.
    pub fn start(place: &Place) -> Result<Self> {
        let libs = provide(Part::MockOauth2Server)?;
        let file = place.data_of(NAME)?.join("config.json");
        fs::write(&file, settings()).with_context(|| format!("cannot write {}", file.display()))?;
        let port = ports::free_port()?;
        let url = base_url(port);
        let issuer = format!("{url}/{ISSUER}");
        let mut service = Service::start(Spec {
            name: NAME.into(),
            program: "java".into(),
            args: vec![
                "-Xmx64m".into(),
                "-XX:+UseSerialGC".into(),
                "-cp".into(),
                libs.join("*").into_os_string(),
                MAIN.into(),
            ],
            env: vec![
                ("SERVER_HOSTNAME".to_owned(), "127.0.0.1".to_owned()),
                ("SERVER_PORT".to_owned(), port.to_string()),
                ("JSON_CONFIG_PATH".to_owned(), file.display().to_string()),
            ],
            log: place.log_of(NAME),
            ready: format!("{url}/isalive"),
            url,
            ..Spec::default()
        })?;
        service.wait_ready(START_LIMIT)?;
        Ok(Self { service, issuer })
    }

    /// Its URL, as its tokens name it.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// As an issuer of logins at Kafka. Any client gets a token that says its id, whatever its secret is.
    pub fn for_kafka(&self) -> TokenIssuer {
        TokenIssuer {
            issuer: self.issuer.clone(),
            keys: format!("{}/jwks", self.issuer),
            endpoint: format!("{}/token", self.issuer),
        }
    }

    /// A token for that member, with that scope if there is one. It gives [`SUPPORT_SCOPE`] to everybody, and no other.
    ///
    /// # Errors
    /// When it can't be reached, or refuses.
    pub fn token(&self, member: &str, scope: Option<&str>) -> Result<String> {
        let grant = [
            ("grant_type", "client_credentials"),
            ("client_id", member),
            // It wants one, and takes any.
            ("client_secret", "any"),
        ];
        token_endpoint::ask(&self.issuer, &grant, scope)
    }

    /// The child itself.
    pub fn service(&mut self) -> &mut Service {
        &mut self.service
    }
}

/// By itself it would take the scope for the audience.
fn settings() -> String {
    let claims = |scope: Option<&str>| {
        let mut claims = json!({"sub": "${client_id}", "aud": [AUDIENCE]});
        if let Some(scope) = scope {
            claims["scope"] = json!(scope);
        }
        claims
    };
    let mapping = |parameter: &str, value: &str, scope: Option<&str>| {
        json!({
            "requestParam": parameter,
            "match": value,
            "typeHeader": "at+jwt",
            "claims": claims(scope),
        })
    };
    // Who shows id and secret by HTTP's basic authentication has no parameter `client_id`.
    let for_kafka = json!({
        "requestParam": "scope",
        "match": KAFKA_AUDIENCE,
        "claims": {"sub": "${clientId}", "aud": [KAFKA_AUDIENCE]},
    });
    let callback = json!({
        "issuerId": ISSUER,
        "tokenExpiry": TOKEN_SECONDS,
        "requestMappings": [
            mapping("scope", SUPPORT_SCOPE, Some(SUPPORT_SCOPE)),
            for_kafka,
            mapping("client_id", "*", None),
        ],
    });
    json!({"interactiveLogin": false, "tokenCallbacks": [callback]}).to_string()
}
