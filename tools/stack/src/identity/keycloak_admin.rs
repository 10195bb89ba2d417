//! Keycloak's administration over HTTP, as far as it is needed here. Must not know how Keycloak runs.

use super::token_endpoint::{self, agent, json};
use anyhow::{Context, Result};
use serde_json::{Value, json};

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

    /// Gives the realm a new key to sign by, and takes away those that it had.
    pub(super) fn rotate(&self, realm: &str) -> Result<()> {
        let authorization = format!("Bearer {}", self.token()?);
        let components = format!("{}/admin/realms/{realm}/components", self.url);
        let list = format!("{components}?type={KEY_PROVIDER}");
        let found = agent()
            .get(&list)
            .header("authorization", &authorization)
            .call();
        let found = json(&list, found)?;
        let old: Vec<&Value> = found
            .as_array()
            .with_context(|| format!("{list} did not answer with a list"))?
            .iter()
            .filter(|component| component["providerId"] == RSA)
            .collect();
        let fresh = json!({
            "name": format!("{RSA}-{}", rand::random::<u32>()),
            "providerId": RSA,
            "providerType": KEY_PROVIDER,
            "config": {"priority": ["100"], "algorithm": ["RS256"]},
        });
        // The new one first: at no time is there none.
        let made = agent()
            .post(&components)
            .header("authorization", &authorization)
            .header("content-type", "application/json")
            .send(fresh.to_string());
        json(&components, made)?;
        for component in old {
            let id = component["id"].as_str().context("a key without an id")?;
            let url = format!("{components}/{id}");
            let deleted = agent()
                .delete(&url)
                .header("authorization", &authorization)
                .call();
            json(&url, deleted)?;
        }
        Ok(())
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
