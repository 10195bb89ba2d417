//! Keycloak's administration over HTTP, as far as it is needed here. Must not know how Keycloak runs.

use super::token_endpoint::{self, agent, json};
use anyhow::{Context, Result};
use serde_json::json;
use std::time::{SystemTime, UNIX_EPOCH};

const KEY_PROVIDER: &str = "org.keycloak.keys.KeyProvider";
const RSA: &str = "rsa-generated";

/// The administrator of one Keycloak.
pub(super) struct KeycloakAdmin {
    url: String,
    password: String,
}

impl KeycloakAdmin {
    pub(super) fn new(url: String, password: String) -> Self {
        Self { url, password }
    }

    /// Gives the realm a new key to sign by; the ids of those that it had.
    pub(super) fn add_key(&self, realm: &str) -> Result<Vec<String>> {
        let authorization = format!("Bearer {}", self.token()?);
        let components = self.components(realm);
        let list = format!("{components}?type={KEY_PROVIDER}");
        let found = agent()
            .get(&list)
            .header("authorization", &authorization)
            .call();
        let found = json(&list, found)?;
        let old = found
            .as_array()
            .with_context(|| format!("{list} did not answer with a list"))?
            .iter()
            .filter(|component| component["providerId"] == RSA)
            .map(|component| component["id"].as_str().map(str::to_owned))
            .collect::<Option<Vec<String>>>()
            .context("a key without an id")?;
        let fresh = json!({
            "name": format!("{RSA}-{}", rand::random::<u32>()),
            "providerId": RSA,
            "providerType": KEY_PROVIDER,
            "config": {"priority": [priority().to_string()], "algorithm": ["RS256"]},
        });
        let made = agent()
            .post(&components)
            .header("authorization", &authorization)
            .header("content-type", "application/json")
            .send(fresh.to_string());
        json(&components, made)?;
        Ok(old)
    }

    /// Takes keys away from the realm.
    pub(super) fn take_out(&self, realm: &str, keys: &[String]) -> Result<()> {
        let authorization = format!("Bearer {}", self.token()?);
        for id in keys {
            let url = format!("{}/{id}", self.components(realm));
            let deleted = agent()
                .delete(&url)
                .header("authorization", &authorization)
                .call();
            json(&url, deleted)?;
        }
        Ok(())
    }

    fn components(&self, realm: &str) -> String {
        format!("{}/admin/realms/{realm}/components", self.url)
    }

    fn token(&self) -> Result<String> {
        let grant = [
            ("grant_type", "password"),
            ("client_id", "admin-cli"),
            ("username", "admin"),
            ("password", self.password.as_str()),
        ];
        token_endpoint::ask(&format!("{}/realms/master", self.url), &grant, None)
    }
}

/// Keycloak signs by the key of the highest priority: the newest has the highest.
fn priority() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}
