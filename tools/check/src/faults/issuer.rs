//! Faults of the issuer of tokens. Must not know what the tokens are shown for.

use crate::faults::fault::Fault;
use crate::wallet::Wallet;
use anyhow::{Context, Result};
use stack::{Stack, until};
use std::sync::Arc;
use std::time::Duration;

/// Keycloak takes a minute on a quiet machine.
const START_LIMIT: Duration = Duration::from_secs(400);

/// kill -9, then a new start.
pub(super) struct Killed {
    wallet: Option<Arc<Wallet>>,
}

/// A new key signs, everybody gets a token by it, and the old one is taken out.
pub(super) struct Rotated {
    wallet: Option<Arc<Wallet>>,
    replaced: Vec<String>,
}

impl Killed {
    pub(super) fn new(wallet: Option<&Arc<Wallet>>) -> Self {
        let wallet = wallet.cloned();
        Self { wallet }
    }
}

impl Rotated {
    pub(super) fn new(wallet: Option<&Arc<Wallet>>) -> Self {
        Self {
            wallet: wallet.cloned(),
            replaced: Vec::new(),
        }
    }
}

fn given(wallet: Option<&Arc<Wallet>>) -> Result<&Wallet> {
    wallet.map(Arc::as_ref).context("there is no issuer")
}

impl Fault for Killed {
    fn strike(&mut self, _: &mut Stack) -> Result<()> {
        let wallet = given(self.wallet.as_ref())?;
        wallet.issuer_is_away();
        wallet.issuer.lock().service().kill_9()
    }

    fn heal(&mut self, _: &mut Stack) -> Result<()> {
        given(self.wallet.as_ref())?
            .issuer
            .lock()
            .service()
            .restart()
    }

    /// Nobody is refused while it starts.
    fn settle(&mut self, _: &mut Stack) -> Result<()> {
        let wallet = given(self.wallet.as_ref())?;
        until("waiting for the issuer", START_LIMIT, || {
            let is_ready = wallet.issuer.lock().service().is_ready();
            Ok(is_ready.then_some(()))
        })?;
        wallet.issuer_is_back();
        Ok(())
    }
}

impl Fault for Rotated {
    fn strike(&mut self, _: &mut Stack) -> Result<()> {
        let wallet = given(self.wallet.as_ref())?;
        self.replaced = wallet.of_members();
        wallet.issuer.lock().replace_key()?;
        wallet.renew()
    }

    fn heal(&mut self, _: &mut Stack) -> Result<()> {
        let wallet = given(self.wallet.as_ref())?;
        wallet.issuer.lock().take_out_replaced()?;
        wallet.retire(std::mem::take(&mut self.replaced));
        Ok(())
    }
}
