//! Puts the parts together: key, issuer and HTTP server. It must not know what a token says.

use std::net::{SocketAddr, TcpListener};

use actix_web::dev::Server;
use anyhow::Context as _;
use chrono::Duration;

use crate::{cli::Settings, domain::claims::Terms, http, issuer::Issuer, keys::KeyStore};

/// An issuer that holds its address and its key, and is ready to run.
pub struct IdentityProvider {
    address: SocketAddr,
    server: Server,
}

impl IdentityProvider {
    /// Reads or makes the key and binds the address. Needs the actix runtime.
    ///
    /// # Errors
    /// When it can't.
    pub fn bind(settings: &Settings) -> anyhow::Result<Self> {
        let store = match &settings.data {
            Some(folder) => KeyStore::in_folder(folder)?,
            None => KeyStore::in_memory(),
        };
        // Bound first: the issuer's own name has the port.
        let failed = || format!("cannot listen on {}", settings.listen);
        let listener = TcpListener::bind(settings.listen).with_context(failed)?;
        let address = listener.local_addr().with_context(failed)?;
        let terms = Terms {
            issuer: format!("http://{address}"),
            audience: settings.audience.clone(),
            lifetime: Duration::seconds(settings.token_seconds),
        };
        let issuer = Issuer::open(terms, store)?;
        let server = http::serve(issuer, listener).with_context(failed)?;
        match &settings.data {
            Some(folder) => {
                log::info!(
                    "identity provider listening on {address}, key in {}",
                    folder.display()
                );
            }
            None => log::info!("identity provider listening on {address}, key in memory only"),
        }
        Ok(Self { address, server })
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until a signal stops it.
    ///
    /// # Errors
    /// When the server fails.
    pub async fn run(self) -> anyhow::Result<()> {
        self.server.await.context("the HTTP server failed")
    }
}
