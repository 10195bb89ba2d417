//! The issuer's keys (RFC 7517) and the signatures that they verify.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use shared::json::{self, Fault};

use crate::domain::token::Flaw;

/// More keys than this are not read: each costs memory, and no issuer has so many.
const MOST_KEYS: usize = 100;

/// How many verified tokens are remembered. A signature costs some 100 µs of processor time, and members send the same token many times.
const MOST_REMEMBERED: usize = 10_000;

/// Claims, by the SHA-256 of the whole token.
type Remembered = HashMap<[u8; 32], Arc<Map<String, Value>>>;

/// The issuer's keys that can verify tokens.
#[derive(Default)]
pub struct KeySet {
    keys: Vec<VerificationKey>,
    /// The claims of tokens that these keys have verified. It ends with the set, so that no token outlives the key that signed it. Wrong tokens
    /// are not remembered: anybody can make as many as he likes.
    verified: Mutex<Remembered>,
}

struct VerificationKey {
    id: Option<String>,
    key: DecodingKey,
    /// The algorithms that it is for, and nothing of the claims: the domain checks those.
    validation: Validation,
}

/// A set as it is published. Each key is read by itself, so that one that is not known here does not lose the others.
#[derive(Deserialize)]
struct Published {
    keys: Vec<Value>,
}

/// A set, and why some of its keys are not in it.
pub struct ReadKeys {
    /// The keys that can be used.
    pub set: KeySet,
    /// For each of the others, what is wrong with it.
    pub left_out: Vec<String>,
}

impl KeySet {
    /// Reads a published set.
    ///
    /// # Errors
    /// When it is not a JSON object with a list `keys`.
    pub fn read(bytes: &[u8]) -> Result<ReadKeys, Fault> {
        let published: Published = json::read(bytes)?;
        let mut read = ReadKeys {
            set: Self::default(),
            left_out: Vec::new(),
        };
        for (key, nth) in published.keys.into_iter().zip(1..) {
            match usable(key) {
                Ok(_) if read.set.keys.len() == MOST_KEYS => {
                    let told = format!("key {nth}: there are more than {MOST_KEYS}");
                    read.left_out.push(told);
                }
                Ok(key) => read.set.keys.push(key),
                Err(cause) => read.left_out.push(format!("key {nth}: {cause}")),
            }
        }
        Ok(read)
    }

    /// How many keys it has.
    #[must_use]
    pub fn count(&self) -> usize {
        self.keys.len()
    }

    /// The claims of the token, if one of these keys has signed it. Whether they are still valid must be looked at each time.
    ///
    /// # Errors
    /// [`Flaw::Key`] when none of the keys is the token's; otherwise what is wrong with the token.
    pub fn verify(&self, token: &str, head: &Head) -> Result<Arc<Map<String, Value>>, Flaw> {
        let digest: [u8; 32] = Sha256::digest(token).into();
        if let Some(claims) = self.remembered().get(&digest) {
            return Ok(Arc::clone(claims));
        }
        let claims = Arc::new(self.verify_signature(token, head)?);
        let mut remembered = self.remembered();
        if remembered.len() == MOST_REMEMBERED {
            remembered.clear();
        }
        remembered.insert(digest, Arc::clone(&claims));
        Ok(claims)
    }

    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        // A panic between two operations of the map leaves a map as whole as before.
        self.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn verify_signature(&self, token: &str, head: &Head) -> Result<Map<String, Value>, Flaw> {
        let mut keys = self.keys.iter().filter(|key| key.is_for(head));
        let key = keys.next().ok_or(Flaw::Key)?;
        // Without an id there is no telling which one is meant.
        if head.key_id.is_none() && keys.next().is_some() {
            return Err(Flaw::Key);
        }
        decode(token, &key.key, &key.validation)
            .map(|data| data.claims)
            .map_err(|error| match error.kind() {
                ErrorKind::InvalidSignature => Flaw::Signature,
                ErrorKind::InvalidAlgorithm => Flaw::Algorithm,
                // Claims that are no object, or a header with extensions that must be understood (`crit`).
                _ => Flaw::Malformed,
            })
    }
}

impl VerificationKey {
    fn is_for(&self, head: &Head) -> bool {
        (head.key_id.is_none() || self.id == head.key_id)
            && self.validation.algorithms.contains(&head.algorithm)
    }
}

/// What a token's header says of its signature. Keys that it brings along, or says where to get, are never used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    key_id: Option<String>,
    algorithm: Algorithm,
}

impl Head {
    /// The header of a token.
    ///
    /// # Errors
    /// When it can't be read, or names an algorithm or a type that is not taken.
    pub fn of(token: &str) -> Result<Self, Flaw> {
        let header = match jsonwebtoken::decode_header(token) {
            Ok(header) => header,
            Err(_) => return Err(flaw_of_head(token)),
        };
        if !TAKEN.contains(&header.alg) {
            return Err(Flaw::Algorithm);
        }
        let is_access_token = header.typ.as_deref().is_none_or(|typ| {
            let typ = typ.to_ascii_lowercase();
            matches!(
                typ.strip_prefix("application/").unwrap_or(&typ),
                "jwt" | "at+jwt"
            )
        });
        if !is_access_token {
            return Err(Flaw::Type);
        }
        Ok(Self {
            key_id: header.kid,
            algorithm: header.alg,
        })
    }
}

/// The algorithms that are taken: all with public keys, so that nobody who can check a token can make one.
const TAKEN: [Algorithm; 4] = [
    Algorithm::RS256,
    Algorithm::PS256,
    Algorithm::ES256,
    Algorithm::EdDSA,
];

/// `none` and other names that the library does not know make the whole header unreadable to it.
fn flaw_of_head(token: &str) -> Flaw {
    #[derive(Deserialize)]
    struct Named {
        alg: String,
    }
    let head = token.split('.').next().unwrap_or_default();
    let bytes = URL_SAFE_NO_PAD.decode(head);
    let named = bytes
        .ok()
        .and_then(|bytes| json::read::<Named>(&bytes).ok());
    match named {
        Some(named) if Algorithm::from_str(&named.alg).is_err() => Flaw::Algorithm,
        _ => Flaw::Malformed,
    }
}

fn usable(key: Value) -> Result<VerificationKey, String> {
    let jwk: Jwk = serde_json::from_value(key).map_err(|_| "it can't be read".to_owned())?;
    if jwk
        .common
        .public_key_use
        .as_ref()
        .is_some_and(|public_use| *public_use != PublicKeyUse::Signature)
    {
        return Err("it is not for signatures".to_owned());
    }
    let operations = jwk.common.key_operations.as_deref();
    if operations.is_some_and(|operations| !operations.contains(&KeyOperations::Verify)) {
        return Err("it is not to verify signatures".to_owned());
    }
    let mut algorithms = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => vec![Algorithm::RS256, Algorithm::PS256],
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => {
            vec![Algorithm::ES256]
        }
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
            vec![Algorithm::EdDSA]
        }
        _ => return Err("its type or curve is not taken".to_owned()),
    };
    if let Some(only) = jwk.common.key_algorithm {
        algorithms.retain(|algorithm| only == (*algorithm).into());
    }
    let Some(first) = algorithms.first() else {
        return Err("its algorithm is not taken".to_owned());
    };
    let mut validation = Validation::new(*first);
    validation.algorithms = algorithms;
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let key = DecodingKey::from_jwk(&jwk).map_err(|error| error.to_string())?;
    Ok(VerificationKey {
        id: jwk.common.key_id,
        key,
        validation,
    })
}
