//! The tokens of the members and of the support, renewed long before they expire. Must not know what they are shown for.

use crate::issuer::{Issuer, SharedIssuer, members};
use crate::told::{Millis, now};
use anyhow::{Context, Result};
use parking_lot::RwLock;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

/// Tokens are good for an hour. They are renewed more often so that many are in use, and because the issuer may be away when it is time.
const RENEW_EVERY: Duration = Duration::from_secs(20);

/// A composite refuses a token at the latest so long after its key was taken out, if the issuer answers. While it does not, the keys that
/// were there last are believed.
const REFUSED_WITHIN: Millis = 60_000;

/// All tokens.
pub(crate) struct Wallet {
    pub(crate) issuer: SharedIssuer,
    names: Vec<String>,
    tokens: RwLock<Tokens>,
}

struct Tokens {
    /// In the order of the names.
    members: Vec<String>,
    support: String,
    /// Tokens whose key was taken out, and when.
    retired: Vec<(String, Millis)>,
    /// Since when the issuer answers without a break; none while it is away.
    answers_since: Option<Millis>,
}

impl Wallet {
    /// With a token of each member, which are renewed until it is dropped.
    pub(crate) fn open(issuer: SharedIssuer) -> Result<Arc<Self>> {
        let names = members()?;
        let (members, support) = ask(&issuer.lock(), &names)?;
        let wallet = Arc::new(Self {
            issuer,
            names,
            tokens: RwLock::new(Tokens {
                members,
                support,
                retired: Vec::new(),
                answers_since: Some(now()),
            }),
        });
        let weak = Arc::downgrade(&wallet);
        thread::Builder::new()
            .name("tokens".to_owned())
            .spawn(move || keep_fresh(&weak))
            .context("cannot start the thread that renews tokens")?;
        Ok(wallet)
    }

    /// Asks for all tokens anew; keeps those that it has if it can't.
    pub(crate) fn renew(&self) -> Result<()> {
        // Locked until the tokens are here: those of two renewals must not overtake each other.
        let issuer = self.issuer.lock();
        let (members, support) = ask(&issuer, &self.names)?;
        let mut tokens = self.tokens.write();
        tokens.members = members;
        tokens.support = support;
        Ok(())
    }

    /// The tokens that the members have now.
    pub(crate) fn of_members(&self) -> Vec<String> {
        self.tokens.read().members.clone()
    }

    /// The key of these tokens was taken out.
    pub(crate) fn retire(&self, retired: Vec<String>) {
        let at = now();
        let retired = retired.into_iter().map(|token| (token, at));
        self.tokens.write().retired.extend(retired);
    }

    /// The issuer is away: nobody can know now that a key was taken out.
    pub(crate) fn issuer_is_away(&self) {
        self.tokens.write().answers_since = None;
    }

    /// The issuer answers again.
    pub(crate) fn issuer_is_back(&self) {
        self.tokens.write().answers_since = Some(now());
    }

    /// The token of the member at that place.
    pub(crate) fn token(&self, member: usize) -> String {
        let members = &self.tokens.read().members;
        let at = member % members.len().max(1);
        members.get(at).cloned().unwrap_or_default()
    }

    /// The name of the member at that place.
    pub(crate) fn name(&self, member: usize) -> &str {
        let at = member % self.names.len().max(1);
        self.names.get(at).map_or("", String::as_str)
    }

    /// The token of somebody who may see every order.
    pub(crate) fn support(&self) -> String {
        self.tokens.read().support.clone()
    }

    /// A token of that member whose key was taken out long ago, and known to be.
    pub(crate) fn retired(&self, member: usize) -> Option<String> {
        let tokens = self.tokens.read();
        let long_ago = now() - REFUSED_WITHIN;
        tokens.answers_since.filter(|since| *since < long_ago)?;
        let old = tokens.retired.iter().filter(|(_, at)| *at < long_ago);
        // Each retirement is of all members, in their order.
        old.map(|(token, _)| token)
            .nth(member % self.names.len().max(1))
            .cloned()
    }
}

fn ask(issuer: &Issuer, names: &[String]) -> Result<(Vec<String>, String)> {
    let members = names.iter().map(|name| issuer.token(name));
    Ok((members.collect::<Result<_>>()?, issuer.support_token()?))
}

fn keep_fresh(wallet: &Weak<Wallet>) {
    loop {
        thread::sleep(RENEW_EVERY);
        let Some(wallet) = wallet.upgrade() else {
            return;
        };
        // While the issuer is away the tokens that are there stay good.
        let _ = wallet.renew();
    }
}
