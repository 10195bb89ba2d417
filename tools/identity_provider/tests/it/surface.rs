//! Discovery, health, and clean errors for requests that make no sense.

use std::process::Command;

use reqwest::Method;

use crate::provider::{Provider, answer};

const GRANT: (&str, &str) = ("grant_type", "client_credentials");
const MINJI: (&str, &str) = ("client_id", "minji");

#[tokio::test]
async fn the_discovery_document_is_of_this_issuer() {
    let provider = Provider::start(&[]);
    let metadata = provider.get("/.well-known/openid-configuration").await;
    let issuer = &provider.issuer;
    assert_eq!(metadata["issuer"], issuer.as_str());
    assert_eq!(metadata["token_endpoint"], format!("{issuer}/token"));
    assert_eq!(
        metadata["id_token_signing_alg_values_supported"][0],
        "ES256"
    );
    assert_eq!(provider.get("/livez").await["status"], "UP");
}

#[tokio::test]
async fn refusals_have_the_standards_codes() {
    let provider = Provider::start(&[]);
    let long = "x".repeat(20_000);
    for (form, status, code) in [
        (&[][..], 400, "invalid_request"),
        (&[GRANT], 400, "invalid_request"),
        (&[GRANT, MINJI, MINJI], 400, "invalid_request"),
        (&[GRANT, ("client_id", "no/member")], 401, "invalid_client"),
        (
            &[("grant_type", "password"), MINJI],
            400,
            "unsupported_grant_type",
        ),
        (&[GRANT, MINJI, ("scope", "a  b")], 400, "invalid_scope"),
        (&[GRANT, MINJI, ("state", &long)], 413, "invalid_request"),
    ] {
        let (refused, body) = answer(provider.ask(form)).await;
        assert_eq!(
            (refused.as_u16(), &body["error"]),
            (status, &code.into()),
            "{form:?}"
        );
        assert!(body["error_description"].is_string(), "{body}");
    }
    let json = provider.request(Method::POST, "/token").json(&"minji");
    assert_eq!(answer(json).await.1["error"], "invalid_request");
}

#[tokio::test]
async fn no_answer_with_a_token_or_a_refusal_is_stored() {
    let provider = Provider::start(&[]);
    for form in [&[GRANT, MINJI][..], &[GRANT]] {
        let response = provider.ask(form).send().await.unwrap();
        assert_eq!(response.headers()["cache-control"], "no-store", "{form:?}");
    }
}

#[tokio::test]
async fn an_unknown_path_and_a_wrong_method_are_told() {
    let provider = Provider::start(&[]);
    let (status, _) = answer(provider.request(Method::GET, "/authorize")).await;
    assert_eq!(status, 404);
    for (method, path) in [
        (Method::GET, "/token"),
        (Method::POST, "/jwks"),
        (Method::GET, "/rotate"),
    ] {
        let (status, _) = answer(provider.request(method, path)).await;
        assert_eq!(status, 405, "{path}");
    }
}

#[test]
fn an_address_that_others_reach_is_refused() {
    let output = Command::new(env!("CARGO_BIN_EXE_identity_provider"))
        .args(["--listen", "0.0.0.0:0"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("loopback"));
}
