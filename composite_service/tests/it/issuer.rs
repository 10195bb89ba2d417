//! An issuer of tokens on loopback, whose keys and conduct the test decides.

use std::sync::{Arc, Mutex};

use actix_web::{HttpResponse, web};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::encoding::Pkcs8V1Der;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use composite_service::domain::token::TokenRules;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::harness::clock;
use crate::loopback_server::LoopbackServer;

pub(crate) const AUDIENCE: &str = "mall";
pub(crate) const SUPPORT_SCOPE: &str = "mall.support";

/// A key that signs tokens.
pub(crate) struct SigningKey {
    pub(crate) id: &'static str,
    pub(crate) algorithm: Algorithm,
    pub(crate) private: EncodingKey,
}

impl SigningKey {
    pub(crate) fn es256(id: &'static str) -> Self {
        let rng = SystemRandom::new();
        let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rng).unwrap();
        Self {
            id,
            algorithm: Algorithm::ES256,
            private: EncodingKey::from_ec_der(pair.as_ref()),
        }
    }

    pub(crate) fn ed25519(id: &'static str) -> Self {
        let pair = Ed25519KeyPair::generate().unwrap().to_pkcs8v1().unwrap();
        Self {
            id,
            algorithm: Algorithm::EdDSA,
            private: EncodingKey::from_ed_der(pair.as_ref()),
        }
    }

    /// For `RS256` or `PS256`.
    pub(crate) fn rsa(id: &'static str, algorithm: Algorithm) -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            STANDARD.encode(der.as_ref())
        );
        Self {
            id,
            algorithm,
            private: EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap(),
        }
    }

    /// The public key as it is published.
    pub(crate) fn published(&self) -> Value {
        let mut key = Jwk::from_encoding_key(&self.private, self.algorithm).unwrap();
        key.common.key_id = Some(self.id.to_owned());
        serde_json::to_value(key).unwrap()
    }

    pub(crate) fn header(&self) -> Header {
        Header {
            kid: Some(self.id.to_owned()),
            ..Header::new(self.algorithm)
        }
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_as(&self.header(), claims)
    }

    pub(crate) fn sign_as(&self, header: &Header, claims: &Value) -> String {
        encode(header, claims, &self.private).unwrap()
    }
}

/// What the issuer serves.
#[derive(Default)]
struct Served {
    issuer: String,
    keys: Vec<Value>,
    is_away: bool,
    fetches: usize,
}

/// The running issuer; it ends when dropped.
pub(crate) struct Issuer {
    pub(crate) server: LoopbackServer,
    served: Arc<Mutex<Served>>,
}

impl Issuer {
    /// One with these keys.
    pub(crate) fn start(keys: &[&SigningKey]) -> Self {
        let served = Arc::new(Mutex::new(Served::default()));
        let state = web::Data::new(Arc::clone(&served));
        let server = LoopbackServer::start(move |app| {
            app.app_data(state.clone())
                .route(
                    "/realm/.well-known/openid-configuration",
                    web::get().to(configuration),
                )
                .route("/keys", web::get().to(published));
        });
        let issuer = Self { server, served };
        issuer.served.lock().unwrap().issuer = issuer.name();
        issuer.publish(keys);
        issuer
    }

    /// The issuer as its tokens name it.
    pub(crate) fn name(&self) -> String {
        format!("{}realm", self.server.url)
    }

    pub(crate) fn publish(&self, keys: &[&SigningKey]) {
        self.publish_all(keys.iter().map(|key| key.published()).collect());
    }

    pub(crate) fn publish_all(&self, keys: Vec<Value>) {
        self.served.lock().unwrap().keys = keys;
    }

    /// Whether it answers 503 to all.
    pub(crate) fn be_away(&self, is_away: bool) {
        self.served.lock().unwrap().is_away = is_away;
    }

    /// How often its keys were asked for.
    pub(crate) fn fetches(&self) -> usize {
        self.served.lock().unwrap().fetches
    }

    /// It calls itself so in its configuration.
    pub(crate) fn rename(&self, issuer: &str) {
        self.served.lock().unwrap().issuer = issuer.to_owned();
    }

    pub(crate) fn rules(&self) -> TokenRules {
        TokenRules {
            issuer: self.name(),
            audience: AUDIENCE.to_owned(),
            member_claim: "sub".to_owned(),
            support_scope: SUPPORT_SCOPE.to_owned(),
        }
    }

    /// The claims of a member's right token, by the clock of the tests.
    pub(crate) fn claims(&self, member: &str) -> Value {
        let now = clock().0.timestamp();
        json!({
            "iss": self.name(),
            "aud": AUDIENCE,
            "sub": member,
            "iat": now,
            "nbf": now,
            "exp": now + 300,
        })
    }
}

async fn configuration(
    served: web::Data<Arc<Mutex<Served>>>,
    request: actix_web::HttpRequest,
) -> HttpResponse {
    let served = served.lock().unwrap();
    if served.is_away {
        return HttpResponse::ServiceUnavailable().finish();
    }
    let keys = format!("http://{}/keys", request.connection_info().host());
    HttpResponse::Ok().json(json!({"issuer": served.issuer, "jwks_uri": keys}))
}

async fn published(served: web::Data<Arc<Mutex<Served>>>) -> HttpResponse {
    let mut served = served.lock().unwrap();
    served.fetches += 1;
    if served.is_away {
        return HttpResponse::ServiceUnavailable().finish();
    }
    HttpResponse::Ok().json(json!({"keys": served.keys}))
}

/// A part of a token, as it is written.
pub(crate) fn encoded(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}
