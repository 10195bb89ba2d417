//! The key that signs, and the file that keeps it. It must not know what is signed.

use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use jsonwebtoken::{
    Algorithm, EncodingKey, Header, encode,
    jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash},
};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use serde::Serialize;

/// Media type of an access token, RFC 9068.
const TOKEN_TYPE: &str = "at+jwt";
const FILE: &str = "signing-key.pem";
/// Only its owner reads it.
const PRIVATE: u32 = 0o600;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file can't be used.
    #[error("cannot use the key file {}", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// It has something else in it.
    #[error("{} has no P-256 key in PEM", .0.display())]
    NoKey(PathBuf, #[source] rcgen::Error),
    /// A key can't be made.
    #[error("cannot make a key")]
    Generate(#[from] rcgen::Error),
    /// A key can't be used.
    #[error("cannot use the key")]
    Use(#[from] jsonwebtoken::errors::Error),
}

/// An ES256 key that signs tokens.
pub struct SigningKey {
    private: EncodingKey,
    public: Jwk,
    id: String,
}

impl SigningKey {
    fn of(pair: &KeyPair) -> Result<Self, KeyError> {
        let private = EncodingKey::from_ec_der(pair.serialized_der());
        let mut public = Jwk::from_encoding_key(&private, Algorithm::ES256)?;
        // By RFC 7638 the same key has the same id after a restart.
        let id = public.thumbprint(ThumbprintHash::SHA256)?;
        public.common.key_id = Some(id.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self {
            private,
            public,
            id,
        })
    }

    /// Its id, `kid`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The set of keys that verify its tokens: its own public half.
    #[must_use]
    pub fn set(&self) -> JwkSet {
        JwkSet {
            keys: vec![self.public.clone()],
        }
    }

    /// A token with these claims.
    ///
    /// # Errors
    /// When they can't be signed.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, KeyError> {
        let header = Header {
            typ: Some(TOKEN_TYPE.to_owned()),
            kid: Some(self.id.clone()),
            ..Header::new(Algorithm::ES256)
        };
        Ok(encode(&header, claims, &self.private)?)
    }
}

/// Where the key is kept.
#[derive(Clone, Debug)]
pub struct KeyStore {
    file: Option<PathBuf>,
}

impl KeyStore {
    /// In this folder, which is made when missing.
    ///
    /// # Errors
    /// When the folder can't be made.
    pub fn in_folder(folder: &Path) -> Result<Self, KeyError> {
        fs::create_dir_all(folder).map_err(|error| KeyError::File(folder.to_owned(), error))?;
        Ok(Self {
            file: Some(folder.join(FILE)),
        })
    }

    /// In memory only.
    #[must_use]
    pub fn in_memory() -> Self {
        Self { file: None }
    }

    /// The key that is kept; a new one when there is none yet.
    ///
    /// # Errors
    /// When it can't be read, or a new one can't be kept.
    pub fn key(&self) -> Result<SigningKey, KeyError> {
        let Some(file) = &self.file else {
            return self.new_key();
        };
        match fs::read_to_string(file) {
            Ok(text) => {
                let pair = KeyPair::from_pem_and_sign_algo(&text, &PKCS_ECDSA_P256_SHA256)
                    .map_err(|error| KeyError::NoKey(file.clone(), error))?;
                SigningKey::of(&pair)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => self.new_key(),
            Err(error) => Err(KeyError::File(file.clone(), error)),
        }
    }

    /// A new key, kept instead of the one before.
    ///
    /// # Errors
    /// When it can't be made or kept; the one before is still kept then.
    pub fn new_key(&self) -> Result<SigningKey, KeyError> {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        if let Some(file) = &self.file {
            replace(file, &pair.serialize_pem())
                .map_err(|error| KeyError::File(file.clone(), error))?;
        }
        SigningKey::of(&pair)
    }
}

/// A reader never sees half of it, and nobody else ever reads it.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    let fresh = file.with_extension("pem.new");
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut opened = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(PRIVATE)
        .open(&fresh)?;
    opened.write_all(text.as_bytes())?;
    opened.sync_all()?;
    fs::rename(&fresh, file)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_kept_key_stays_until_a_new_one_is_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let store = KeyStore::in_folder(&folder.path().join("new")).unwrap();
        let first = store.key().unwrap();
        assert_eq!(store.key().unwrap().id(), first.id());
        let second = store.new_key().unwrap();
        assert_ne!(second.id(), first.id());
        assert_eq!(store.key().unwrap().id(), second.id());
        assert_eq!(second.set().keys.len(), 1);
    }

    #[test]
    fn only_its_owner_reads_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let store = KeyStore::in_folder(folder.path()).unwrap();
        store.key().unwrap();
        store.new_key().unwrap();
        let found: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(found.len(), 1);
        let mode = found[0].as_ref().unwrap().metadata().unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_with_something_else_is_named_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        fs::write(&file, "precious").unwrap();
        let refused = KeyStore::in_folder(folder.path()).unwrap().key().err();
        assert!(refused.unwrap().to_string().contains(FILE));
        assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    }

    #[test]
    fn in_memory_each_key_is_new() {
        let store = KeyStore::in_memory();
        assert_ne!(store.key().unwrap().id(), store.key().unwrap().id());
    }
}
