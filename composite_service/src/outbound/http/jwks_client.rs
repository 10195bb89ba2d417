//! Reads the issuer's keys: OpenID Connect Discovery 1.0, section 4, or RFC 8414, and the set that it names (RFC 7517).

use reqwest::{Client, StatusCode};
use serde::Deserialize;
use shared::json::{self, Fault};
use url::Url;

use super::error_chain;
use crate::config::authentication::KeySource;
use crate::outbound::key_set::{KeySet, ReadKeys};

/// The largest answer that is read, in bytes. A set of keys has a few kilobytes.
const MOST_BYTES: usize = 1 << 20;

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum JwksError {
    /// An address can't be read.
    #[error("{url}: {cause}")]
    Unreadable {
        /// The address.
        url: Url,
        /// The cause.
        cause: String,
    },
    /// The configuration is another issuer's.
    #[error("the configuration is of the issuer {told:?}, and OIDC_ISSUER is {expected:?}")]
    OtherIssuer {
        /// The issuer of the configuration.
        told: String,
        /// The one that is set.
        expected: String,
    },
    /// What should be a URL is none.
    #[error("{0} is no URL")]
    NoUrl(&'static str),
}

#[derive(Deserialize)]
struct Configuration {
    issuer: String,
    jwks_uri: String,
}

/// Reads the issuer's keys.
pub struct JwksClient {
    client: Client,
    source: KeySource,
    /// Where the keys were told to be, until they can't be read there.
    discovered: Option<Url>,
}

impl JwksClient {
    /// Reads from there.
    #[must_use]
    pub fn new(client: Client, source: KeySource) -> Self {
        Self {
            client,
            source,
            discovered: None,
        }
    }

    /// The keys as they are published now.
    ///
    /// # Errors
    /// When they can't be read, or belong to another issuer.
    pub async fn fetch(&mut self) -> Result<ReadKeys, JwksError> {
        let url = self.address().await?;
        let keys = self.read(&url, KeySet::read).await;
        if keys.is_err() {
            // They may have moved.
            self.discovered = None;
        }
        keys
    }

    async fn address(&mut self) -> Result<Url, JwksError> {
        let issuer = match (&self.source, &self.discovered) {
            (KeySource::At(url), _) | (_, Some(url)) => return Ok(url.clone()),
            (KeySource::OfIssuer(issuer), None) => issuer.clone(),
        };
        let url = configuration_of(&issuer)?;
        let told: Configuration = self.read(&url, |bytes| json::read(bytes)).await?;
        if told.issuer != issuer {
            return Err(JwksError::OtherIssuer {
                told: told.issuer,
                expected: issuer,
            });
        }
        let keys = Url::parse(&told.jwks_uri).map_err(|_| JwksError::NoUrl("jwks_uri"))?;
        Ok(self.discovered.insert(keys).clone())
    }

    async fn read<T>(
        &self,
        url: &Url,
        reader: impl FnOnce(&[u8]) -> Result<T, Fault>,
    ) -> Result<T, JwksError> {
        let read = match self.get(url).await {
            Ok(bytes) => reader(&bytes).map_err(|fault| fault.to_string()),
            Err(cause) => Err(cause),
        };
        read.map_err(|cause| JwksError::Unreadable {
            url: url.clone(),
            cause,
        })
    }

    async fn get(&self, url: &Url) -> Result<Vec<u8>, String> {
        let told = |error: reqwest::Error| error_chain(&error.without_url());
        let mut response = self.client.get(url.clone()).send().await.map_err(told)?;
        if response.status() != StatusCode::OK {
            return Err(format!("it answered {}", response.status()));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(told)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MOST_BYTES {
                return Err(format!("its answer has more than {MOST_BYTES} bytes"));
            }
        }
        Ok(bytes)
    }
}

/// Behind the issuer's own path.
fn configuration_of(issuer: &str) -> Result<Url, JwksError> {
    let base = issuer.trim_end_matches('/');
    Url::parse(&format!("{base}/.well-known/openid-configuration"))
        .map_err(|_| JwksError::NoUrl("OIDC_ISSUER"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_is_behind_the_issuers_path() {
        for (issuer, url) in [
            (
                "https://id.example",
                "https://id.example/.well-known/openid-configuration",
            ),
            (
                "https://id.example/",
                "https://id.example/.well-known/openid-configuration",
            ),
            (
                "http://id:8080/realms/mall",
                "http://id:8080/realms/mall/.well-known/openid-configuration",
            ),
        ] {
            assert_eq!(configuration_of(issuer).unwrap().as_str(), url);
        }
        assert!(configuration_of("id.example").is_err());
    }
}
