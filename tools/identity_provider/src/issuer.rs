//! Makes tokens by the current key, and changes the key. It must not know of HTTP.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::JwkSet;
use parking_lot::{Mutex, RwLock};
use uuid::Uuid;

use crate::{
    domain::{
        claims::{Claims, Terms},
        metadata::Metadata,
        scope::Scope,
        token_request::TokenRequest,
    },
    keys::{KeyError, KeyStore, SigningKey},
};

/// The issuer with its key.
pub struct Issuer {
    terms: Terms,
    metadata: Metadata,
    store: Mutex<KeyStore>,
    key: RwLock<Arc<SigningKey>>,
}

/// A token as its member gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The signed token.
    pub text: String,
    /// How long it is valid, in seconds.
    pub seconds: i64,
    /// What it allows.
    pub scope: Option<Scope>,
}

impl Issuer {
    /// An issuer that goes on with the key that is kept there.
    ///
    /// # Errors
    /// When there is no key.
    pub fn open(terms: Terms, store: KeyStore) -> Result<Self, KeyError> {
        let key = store.key()?;
        Ok(Self {
            metadata: Metadata::of(&terms.issuer),
            terms,
            store: Mutex::new(store),
            key: RwLock::new(Arc::new(key)),
        })
    }

    /// What it tells about itself.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The keys that verify its tokens.
    pub fn keys(&self) -> JwkSet {
        self.key().set()
    }

    /// A token for that member, made now.
    ///
    /// # Errors
    /// When it can't be signed.
    pub fn issue(&self, request: TokenRequest, now: DateTime<Utc>) -> Result<Token, KeyError> {
        let claims = Claims::of(request, &self.terms, now, Uuid::new_v4());
        Ok(Token {
            text: self.key().sign(&claims)?,
            seconds: self.terms.lifetime.num_seconds(),
            scope: claims.scope().cloned(),
        })
    }

    /// Signs by a new key from now on, and takes the one before out of the set. Returns the new key's id.
    ///
    /// # Errors
    /// When there is no new key; the one before is then still in use.
    pub fn rotate(&self) -> Result<String, KeyError> {
        // Held to the end, so that the key in use is the one that is kept.
        let store = self.store.lock();
        let fresh = store.new_key()?;
        let id = fresh.id().to_owned();
        *self.key.write() = Arc::new(fresh);
        Ok(id)
    }

    fn key(&self) -> Arc<SigningKey> {
        Arc::clone(&self.key.read())
    }
}
