//! Tokens and the issuer's keys, fetched over real HTTP.

use std::sync::Arc;
use std::time::Duration;

use composite_service::config::authentication::KeySource;
use composite_service::domain::access::Identity;
use composite_service::domain::token::Flaw;
use composite_service::metrics::TokenMetrics;
use composite_service::outbound::http::client;
use composite_service::outbound::http::jwks_client::JwksClient;
use composite_service::outbound::token_verifier::TokenVerifier;
use composite_service::ports::identities::{Identities, TokenRefusal};
use futures_util::FutureExt;
use futures_util::future::join_all;
use jsonwebtoken::Algorithm;
use serde_json::json;
use shared::metrics::Metrics;

use crate::harness::clock;
use crate::issuer::{Issuer, SigningKey};

/// A verifier of the issuer's tokens, which finds the keys by its configuration.
pub(crate) fn verifier(issuer: &Issuer) -> TokenVerifier {
    verifier_by(issuer, KeySource::OfIssuer(issuer.name()))
}

fn verifier_by(issuer: &Issuer, keys: KeySource) -> TokenVerifier {
    let client = JwksClient::new(client(Duration::from_secs(3)).unwrap(), keys);
    let metrics = TokenMetrics::new(&Metrics::new().unwrap()).unwrap();
    TokenVerifier::start(client, issuer.rules(), Arc::new(clock()), metrics)
}

fn kim() -> Result<Identity, TokenRefusal> {
    Ok(Identity::Member("kim".parse().unwrap()))
}

fn flawed(flaw: Flaw) -> Result<Identity, TokenRefusal> {
    Err(TokenRefusal::Flawed(flaw))
}

mod a_token {
    use super::*;

    #[actix::test]
    async fn of_each_algorithm_is_believed() {
        let keys = [
            SigningKey::es256("a"),
            SigningKey::ed25519("b"),
            SigningKey::rsa("c", Algorithm::RS256),
            SigningKey::rsa("d", Algorithm::PS256),
        ];
        let issuer = Issuer::start(&keys.each_ref());
        let verifier = verifier(&issuer);
        assert!(!verifier.has_keys());
        for key in &keys {
            let token = key.sign(&issuer.claims("kim"));
            assert_eq!(
                verifier.bearer_of(&token).await,
                kim(),
                "{:?}",
                key.algorithm
            );
        }
        assert!(verifier.has_keys());
        assert_eq!(issuer.fetches(), 1);
    }

    #[actix::test]
    async fn without_a_key_id_is_believed_only_if_one_key_can_be_meant() {
        let (key, other) = (SigningKey::es256("a"), SigningKey::ed25519("b"));
        let issuer = Issuer::start(&[&key, &other]);
        let mut header = key.header();
        header.kid = None;
        let token = key.sign_as(&header, &issuer.claims("kim"));
        assert_eq!(verifier(&issuer).bearer_of(&token).await, kim());

        issuer.publish(&[&key, &SigningKey::es256("c")]);
        let told = verifier(&issuer).bearer_of(&token).await;
        assert_eq!(told, flawed(Flaw::Key));
    }

    /// What was verified once is remembered, and counts for that very token only.
    #[actix::test]
    async fn that_was_believed_before_vouches_for_no_other() {
        let key = SigningKey::es256("a");
        let issuer = Issuer::start(&[&key]);
        let verifier = verifier(&issuer);
        let token = key.sign(&issuer.claims("kim"));
        for _ in 0..3 {
            assert_eq!(verifier.bearer_of(&token).await, kim());
        }
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let other = key.sign(&issuer.claims("lee"));
        let (of_lee, _) = other.rsplit_once('.').unwrap();
        for wrong in [
            format!("{of_lee}.{signature}"),
            format!("{signed}."),
            format!("{signed}.{}", &signature[1..]),
        ] {
            let told = verifier.bearer_of(&wrong).await;
            assert!(matches!(told, Err(TokenRefusal::Flawed(_))), "{told:?}");
        }
    }

    #[actix::test]
    async fn of_a_set_with_keys_that_are_not_known_here_is_believed() {
        let key = SigningKey::es256("a");
        let issuer = Issuer::start(&[]);
        let strange = [
            json!({"kty": "OKP", "crv": "Ed448", "kid": "x", "x": "AA", "alg": "EdDSA"}),
            json!({"kty": "AKP", "kid": "y", "alg": "ML-DSA-65", "pub": "AA"}),
            json!({"kty": "EC", "crv": "secp256k1", "kid": "z", "x": "AA", "y": "AA"}),
            json!({"kty": "oct", "kid": "s", "k": "AAAA"}),
            json!({"kty": "RSA", "kid": "n"}),
            json!("nonsense"),
        ];
        let mut all = strange.to_vec();
        all.insert(3, key.published());
        issuer.publish_all(all);
        let token = key.sign(&issuer.claims("kim"));
        assert_eq!(verifier(&issuer).bearer_of(&token).await, kim());
    }

    #[actix::test]
    async fn by_a_key_that_is_not_for_signatures_is_refused() {
        let key = SigningKey::es256("a");
        for (name, value) in [
            ("use", json!("enc")),
            ("key_ops", json!(["sign"])),
            ("alg", json!("ES384")),
            ("alg", json!("ECDH-ES")),
        ] {
            let issuer = Issuer::start(&[]);
            let mut published = key.published();
            published[name] = value.clone();
            issuer.publish_all(vec![published]);
            let token = key.sign(&issuer.claims("kim"));
            let told = verifier(&issuer).bearer_of(&token).await;
            assert_eq!(told, flawed(Flaw::Key), "{name} {value}");
        }
    }
}

mod the_keys {
    use super::*;

    #[actix::test]
    async fn are_read_where_the_settings_say() {
        let key = SigningKey::es256("a");
        let issuer = Issuer::start(&[&key]);
        issuer.rename("https://elsewhere.example");
        let at = issuer.server.url.join("keys").unwrap();
        let verifier = verifier_by(&issuer, KeySource::At(at));
        let token = key.sign(&issuer.claims("kim"));
        assert_eq!(verifier.bearer_of(&token).await, kim());
    }

    #[actix::test]
    async fn of_a_configuration_of_another_issuer_are_not_read() {
        let key = SigningKey::es256("a");
        let issuer = Issuer::start(&[&key]);
        issuer.rename(&format!("{}/", issuer.name()));
        let verifier = verifier(&issuer);
        let token = key.sign(&issuer.claims("kim"));
        assert_eq!(verifier.bearer_of(&token).await, Err(TokenRefusal::NoKeys));
        assert_eq!((verifier.has_keys(), issuer.fetches()), (false, 0));
    }

    #[actix::test]
    async fn that_can_not_be_fetched_yet_refuse_nobody_for_good() {
        let key = SigningKey::es256("a");
        let issuer = Issuer::start(&[&key]);
        issuer.be_away(true);
        let verifier = verifier(&issuer);
        let token = key.sign(&issuer.claims("kim"));
        assert_eq!(verifier.bearer_of(&token).await, Err(TokenRefusal::NoKeys));
        issuer.be_away(false);
        assert_eq!(verifier.bearer_of(&token).await, kim());
    }

    #[actix::test]
    async fn stay_while_the_issuer_is_away_and_are_looked_for() {
        let (key, other) = (SigningKey::es256("a"), SigningKey::es256("b"));
        let issuer = Issuer::start(&[&key]);
        let verifier = verifier(&issuer);
        let token = key.sign(&issuer.claims("kim"));
        assert_eq!(verifier.bearer_of(&token).await, kim());
        issuer.be_away(true);
        let unknown = other.sign(&issuer.claims("kim"));
        assert_eq!(verifier.bearer_of(&unknown).await, flawed(Flaw::Key));
        assert_eq!(verifier.bearer_of(&token).await, kim());
    }

    #[actix::test]
    async fn that_are_new_are_believed_at_their_first_token() {
        let (key, new) = (SigningKey::es256("a"), SigningKey::es256("b"));
        let issuer = Issuer::start(&[&key]);
        let verifier = verifier(&issuer);
        let token = key.sign(&issuer.claims("kim"));
        assert_eq!(verifier.bearer_of(&token).await, kim());
        issuer.publish(&[&key, &new]);
        let token = new.sign(&issuer.claims("kim"));
        assert_eq!(verifier.bearer_of(&token).await, kim());
        assert_eq!(issuer.fetches(), 2);
    }

    #[actix::test]
    async fn that_were_taken_out_are_refused_after_the_next_fetch() {
        let (key, next) = (SigningKey::es256("a"), SigningKey::es256("b"));
        let issuer = Issuer::start(&[&key]);
        let verifier = verifier(&issuer);
        let token = key.sign(&issuer.claims("kim"));
        assert_eq!(verifier.bearer_of(&token).await, kim());
        issuer.publish(&[&next]);
        // Its key makes the verifier look.
        let of_next = next.sign(&issuer.claims("kim"));
        assert_eq!(verifier.bearer_of(&of_next).await, kim());
        assert_eq!(verifier.bearer_of(&token).await, flawed(Flaw::Key));
    }
}

mod a_flood_of_unknown_keys {
    use super::*;

    #[actix::test]
    async fn costs_one_fetch_a_second_and_delays_no_honest_token() {
        let (key, stranger) = (SigningKey::es256("a"), SigningKey::es256("b"));
        let issuer = Issuer::start(&[&key]);
        let verifier = verifier(&issuer);
        let honest = key.sign(&issuer.claims("kim"));
        assert_eq!(verifier.bearer_of(&honest).await, kim());

        let flood = (0..10_000).map(|n| {
            let mut header = stranger.header();
            header.kid = Some(format!("unknown-{n}"));
            stranger.sign_as(&header, &issuer.claims("kim"))
        });
        let flood: Vec<_> = flood.collect();
        // All are under way before any has its answer.
        let answers = join_all(flood.iter().map(|token| verifier.bearer_of(token)));
        let mut answers = Box::pin(answers);
        assert!((&mut answers).now_or_never().is_none());
        // An honest token needs no fetch, so its answer is there at once.
        assert_eq!(verifier.bearer_of(&honest).now_or_never(), Some(kim()));

        for told in answers.await {
            assert_eq!(told, flawed(Flaw::Key));
        }
        assert_eq!(issuer.fetches(), 2);
    }
}
