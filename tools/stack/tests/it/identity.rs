//! The identity providers: each serves discovery and keys, and gives tokens with the claims that the mall wants.

use crate::support::{exists, place};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use stack::{AUDIENCE, IdentityProvider, Keycloak, MockOauth2Server, SUPPORT_SCOPE};
use std::collections::BTreeSet;

fn get(url: &str) -> Value {
    let text = ureq::get(url).call().unwrap().body_mut().read_to_string();
    serde_json::from_str(&text.unwrap()).unwrap()
}

/// The ids of the keys that the issuer publishes for signatures.
fn key_ids(issuer: &str) -> BTreeSet<String> {
    let metadata = get(&format!("{issuer}/.well-known/openid-configuration"));
    assert_eq!(metadata["issuer"], issuer);
    let keys = get(metadata["jwks_uri"].as_str().unwrap());
    let keys = keys["keys"].as_array().unwrap();
    let signing = keys.iter().filter(|key| key["use"] == "sig");
    signing
        .map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

/// Header and claims, unverified.
fn read(token: &str) -> (Value, Value) {
    let mut parts = token
        .split('.')
        .map(|part| URL_SAFE_NO_PAD.decode(part).unwrap())
        .map(|json| serde_json::from_slice(&json).unwrap_or_default());
    (parts.next().unwrap(), parts.next().unwrap())
}

fn key_of(token: &str) -> String {
    read(token).0["kid"].as_str().unwrap().to_owned()
}

/// The claims of a token that is for the mall, whose key is published.
fn claims(issuer: &str, token: &str, algorithm: &str) -> Value {
    let (header, claims) = read(token);
    assert_eq!(header["alg"], algorithm);
    assert!(key_ids(issuer).contains(header["kid"].as_str().unwrap()));
    assert_eq!(claims["iss"], issuer);
    assert_eq!(claims["aud"], AUDIENCE);
    let (issued, expires) = (claims["iat"].as_i64(), claims["exp"].as_i64());
    assert!(expires.unwrap() - issued.unwrap() >= 3_500, "{claims}");
    assert!(claims["sub"].is_string(), "{claims}");
    claims
}

#[test]
fn our_own_issuer_gives_tokens_and_keeps_its_key() {
    let (_folder, place) = place();
    let mut issuer = IdentityProvider::start(&place, 0).unwrap();
    let token = issuer.token("minji", None).unwrap();
    let said = claims(issuer.issuer(), &token, "ES256");
    assert_eq!((&said["sub"], said.get("scope")), (&"minji".into(), None));
    let token = issuer.token("grace", Some(SUPPORT_SCOPE)).unwrap();
    assert_eq!(
        claims(issuer.issuer(), &token, "ES256")["scope"],
        SUPPORT_SCOPE
    );
    let refused = issuer.token("no member", None).unwrap_err();
    assert!(
        format!("{refused:#}").contains("invalid_client"),
        "{refused:#}"
    );

    let service = issuer.service_mut();
    service
        .restart_until_ready(std::time::Duration::from_secs(30))
        .unwrap();
    assert!(key_ids(issuer.issuer()).contains(&key_of(&token)));
}

#[test]
fn the_mock_server_gives_tokens_for_the_mall() {
    let (_folder, place) = place();
    let mut server = MockOauth2Server::start(&place).unwrap();
    let token = server.token("minji", None).unwrap();
    let said = claims(server.issuer(), &token, "RS256");
    assert_eq!((&said["sub"], said.get("scope")), (&"minji".into(), None));
    let token = server.token("grace", Some(SUPPORT_SCOPE)).unwrap();
    let said = claims(server.issuer(), &token, "RS256");
    assert_eq!(
        (&said["sub"], &said["scope"]),
        (&"grace".into(), &SUPPORT_SCOPE.into())
    );

    let pid = server.service().pid();
    drop(server);
    assert!(!exists(pid), "the server outlived its handle");
}

/// One test for all, because a start takes a minute.
#[test]
fn keycloak_gives_tokens_rotates_its_keys_and_keeps_them_over_a_kill() {
    let (_folder, place) = place();
    let mut keycloak = Keycloak::start(&place).unwrap();
    let issuer = keycloak.issuer().to_owned();
    let first = keycloak.token("minji", None).unwrap();
    let said = claims(&issuer, &first, "RS256");
    assert_eq!(said[Keycloak::MEMBER_CLAIM], "minji");
    assert_ne!(said["sub"], "minji");

    let scope = |member: &str| {
        let token = keycloak.token(member, Some(SUPPORT_SCOPE)).unwrap();
        claims(&issuer, &token, "RS256")["scope"].clone()
    };
    assert_eq!(scope(Keycloak::SUPPORT), SUPPORT_SCOPE);
    assert_eq!(scope("minji"), "", "the role is missing");
    let refused = keycloak.token("nobody", None).unwrap_err();
    assert!(
        format!("{refused:#}").contains("invalid_grant"),
        "{refused:#}"
    );

    keycloak.rotate().unwrap();
    assert!(!key_ids(&issuer).contains(&key_of(&first)));
    let second = keycloak.token("minji", None).unwrap();
    claims(&issuer, &second, "RS256");

    keycloak.restart().unwrap();
    assert_eq!(key_ids(&issuer), BTreeSet::from([key_of(&second)]));
    claims(&issuer, &keycloak.token("minji", None).unwrap(), "RS256");

    let pid = keycloak.service().pid();
    drop(keycloak);
    assert!(!exists(pid), "the server outlived its handle");
}
