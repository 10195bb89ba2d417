//! Identity providers as child processes: our own for development, and others' for tests. Must not know who asks for tokens.
//!
//! Each is an OpenID issuer: it has an [`issuer`](IdentityProvider::issuer) URL, below which its discovery document is, and gives tokens to
//! members.

mod token_endpoint;
mod development;
mod mock_oauth2_server;
mod realm;
mod keycloak_admin;
mod keycloak;

pub use development::IdentityProvider;
pub use keycloak::Keycloak;
pub use mock_oauth2_server::MockOauth2Server;
pub use token_endpoint::token_of;

/// The audience of all tokens for the mall.
pub const AUDIENCE: &str = "mall";

/// The scope of those who may act on every order.
pub const SUPPORT_SCOPE: &str = "mall.support";
