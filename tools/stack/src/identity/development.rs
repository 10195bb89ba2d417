//! Our own issuer for development. Must not know what its tokens say.

use super::AUDIENCE;
use crate::programs::identity_provider;
use crate::{Place, Service, ports, secrets};
use anyhow::Result;

const NAME: &str = "identity-provider";
/// The key of guests' orders lives as long as the issuer's own key: both are of the mall's data.
const ORDER_TOKEN_SECRET: &str = "order-token.key";

/// The handle of the child; it ends with the handle.
pub struct IdentityProvider {
    service: Service,
    order_token_secret: String,
}

impl IdentityProvider {
    /// Starts it on `127.0.0.1:port` (0: a free one) and waits until it answers. Its key is kept, so tokens stay valid over a restart.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn start(place: &Place, port: u16) -> Result<Self> {
        let folder = place.data_of(NAME)?;
        let port = ports::given_or_free(port)?;
        Ok(Self {
            order_token_secret: secrets::kept_in(&folder.join(ORDER_TOKEN_SECRET))?,
            service: identity_provider(place, NAME, port, &folder, AUDIENCE)?,
        })
    }

    /// Its URL, as its tokens name it.
    pub fn issuer(&self) -> &str {
        self.service.url()
    }

    /// A token for that member, with that scope if there is one.
    ///
    /// # Errors
    /// When it can't be reached, or refuses.
    pub fn token(&self, member: &str, scope: Option<&str>) -> Result<String> {
        super::token_of(self.issuer(), member, scope)
    }

    /// The child itself.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// The child itself, to be disturbed.
    pub fn service_mut(&mut self) -> &mut Service {
        &mut self.service
    }

    /// The variables by which a composite lets its members in.
    pub(crate) fn client_env(&self) -> Vec<(String, String)> {
        let variables = [
            ("MEMBER_AUTH", "jwt"),
            ("OIDC_ISSUER", self.issuer()),
            ("OIDC_AUDIENCE", AUDIENCE),
            ("ORDER_TOKEN_SECRET", &self.order_token_secret),
        ];
        variables
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec()
    }
}
