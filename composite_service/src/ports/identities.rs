//! Tells who the bearer of a token is.

use futures_util::future::BoxFuture;

use crate::domain::access::Identity;
use crate::domain::token::Flaw;

/// Why a token is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenRefusal {
    /// It is wrong.
    Flawed(Flaw),
    /// Nobody can tell: the issuer's keys could not be fetched yet.
    NoKeys,
}

impl From<Flaw> for TokenRefusal {
    fn from(flaw: Flaw) -> Self {
        Self::Flawed(flaw)
    }
}

/// Tells who the bearer of a token is.
pub trait Identities: Send + Sync {
    /// The bearer of `token`. Waits for the issuer's keys for two seconds at most, and only when its key is not known.
    fn bearer_of(&self, token: &str) -> BoxFuture<'static, Result<Identity, TokenRefusal>>;

    /// Whether tokens can be checked: the issuer's keys have been fetched once.
    fn has_keys(&self) -> bool;
}
