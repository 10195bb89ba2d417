//! Puts the parts together: ledger, journal, faults and HTTP server. It must not know what a payment is.

use std::net::SocketAddr;

use actix_web::dev::Server;
use anyhow::Context as _;

use crate::{cli::Settings, domain::ledger::Ledger, gateway::Gateway, http, journal::Journal};

/// A simulator that holds its address and its ledger, and is ready to run.
pub struct Simulator {
    address: SocketAddr,
    server: Server,
    journal: Journal,
}

impl Simulator {
    /// Restores the ledger and binds the address. Needs the actix runtime.
    pub fn bind(settings: &Settings) -> anyhow::Result<Self> {
        let mut ledger = Ledger::default();
        let journal = match &settings.ledger {
            Some(path) => Journal::open(path, |record| ledger.commit(record).map(drop))
                .with_context(|| format!("cannot restore the ledger from {}", path.display()))?,
            None => Journal::in_memory(),
        };
        let gateway = Gateway::new(ledger, journal.clone());
        let (server, address) = http::serve(gateway, &settings.secret_key, &settings.listen)
            .with_context(|| format!("cannot listen on {}", settings.listen))?;
        match &settings.ledger {
            Some(path) => log::info!(
                "payment simulator listening on {address}, ledger in {}",
                path.display()
            ),
            None => log::info!("payment simulator listening on {address}, ledger in memory only"),
        }
        Ok(Self {
            address,
            server,
            journal,
        })
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until a signal stops it, or the ledger can no longer be written.
    pub async fn run(self) -> anyhow::Result<()> {
        tokio::select! {
            ended = self.server => ended.context("the HTTP server failed"),
            failure = self.journal.failure() => Err(failure.into()),
        }
    }
}
