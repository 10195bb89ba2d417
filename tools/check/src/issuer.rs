//! The issuer of the members' tokens, a process beside the mall. Must not know who shows which token.

use anyhow::{Context, Result, bail};
use parking_lot::Mutex;
use rand::RngExt;
use stack::{AUDIENCE, IdentityProvider, Keycloak, Place, SAMPLE_MEMBERS, SUPPORT_SCOPE, Service};
use std::sync::Arc;

/// Which issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssuerKind {
    /// The real one. It takes a minute to start.
    Keycloak,
    /// The workspace's own, which is there at once. It has one key, which can't be rotated.
    Development,
}

/// One that runs.
pub(crate) struct Issuer {
    server: Server,
    /// Makes the order tokens of guests.
    order_token_secret: String,
    /// The keys that were replaced and not yet taken out.
    replaced: Vec<String>,
}

/// Used by whoever needs tokens, and by faults.
pub(crate) type SharedIssuer = Arc<Mutex<Issuer>>;

enum Server {
    Keycloak(Keycloak),
    Development(IdentityProvider),
}

impl Issuer {
    /// Starts it and waits until it answers.
    pub(crate) fn start(kind: IssuerKind, place: &Place) -> Result<SharedIssuer> {
        let server = match kind {
            IssuerKind::Keycloak => Server::Keycloak(Keycloak::start(place)?),
            IssuerKind::Development => Server::Development(IdentityProvider::start(place, 0)?),
        };
        let mut chance = rand::rng();
        let secret: [u64; 4] = std::array::from_fn(|_| chance.random());
        Ok(Arc::new(Mutex::new(Self {
            server,
            order_token_secret: secret.map(|part| format!("{part:016x}")).concat(),
            replaced: Vec::new(),
        })))
    }

    /// The variables by which a composite lets its members in.
    pub(crate) fn composite_env(&self) -> Vec<(String, String)> {
        let (issuer, claim) = match &self.server {
            Server::Keycloak(keycloak) => (keycloak.issuer(), Keycloak::MEMBER_CLAIM),
            Server::Development(provider) => (provider.issuer(), "sub"),
        };
        [
            ("MEMBER_AUTH", "jwt"),
            ("OIDC_ISSUER", issuer),
            ("OIDC_AUDIENCE", AUDIENCE),
            ("OIDC_MEMBER_CLAIM", claim),
            ("ORDER_TOKEN_SECRET", &self.order_token_secret),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// A token of that member.
    pub(crate) fn token(&self, member: &str) -> Result<String> {
        match &self.server {
            Server::Keycloak(keycloak) => keycloak.token(member, None),
            Server::Development(provider) => provider.token(member, None),
        }
    }

    /// A token of somebody who may see every order.
    pub(crate) fn support_token(&self) -> Result<String> {
        let scope = Some(SUPPORT_SCOPE);
        match &self.server {
            Server::Keycloak(keycloak) => keycloak.token(Keycloak::SUPPORT, scope),
            Server::Development(provider) => {
                let member = members()?.pop().context("there are no sample members")?;
                provider.token(&member, scope)
            }
        }
    }

    /// The child.
    pub(crate) fn service(&mut self) -> &mut Service {
        match &mut self.server {
            Server::Keycloak(keycloak) => keycloak.service(),
            Server::Development(provider) => provider.service_mut(),
        }
    }

    /// Signs by a new key; the old one stays good.
    pub(crate) fn replace_key(&mut self) -> Result<()> {
        self.replaced.extend(self.keycloak()?.add_key()?);
        Ok(())
    }

    /// Takes out the keys that were replaced.
    pub(crate) fn take_out_replaced(&mut self) -> Result<()> {
        self.keycloak()?.take_out(&self.replaced)?;
        self.replaced.clear();
        Ok(())
    }

    fn keycloak(&self) -> Result<&Keycloak> {
        match &self.server {
            Server::Keycloak(keycloak) => Ok(keycloak),
            Server::Development(_) => bail!("this issuer's key can't be rotated"),
        }
    }
}

/// The names of the members that every issuer knows.
pub(crate) fn members() -> Result<Vec<String>> {
    let members: Vec<serde_json::Value> =
        serde_json::from_str(SAMPLE_MEMBERS).context("the sample members are not JSON")?;
    let names = members
        .iter()
        .map(|member| member["memberId"].as_str().map(str::to_owned));
    names
        .collect::<Option<_>>()
        .context("a sample member without a name")
}
