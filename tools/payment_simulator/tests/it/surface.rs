//! Authentication, health, and clean errors for requests that make no sense.

use std::process::Command;

use reqwest::Method;

use crate::simulator::{SECRET_KEY, Simulator, answer, command};

#[tokio::test]
async fn a_wrong_secret_key_is_unauthorized() {
    let simulator = Simulator::start();
    let request = || simulator.request(Method::GET, "/v1/payments/p1");
    let unauthorized = [
        request(),
        request().basic_auth("test_sk_other", Some("")),
        request().basic_auth(SECRET_KEY, Some("password")),
        request().bearer_auth(SECRET_KEY),
        simulator.request(Method::GET, "/v1/payments/no/such/path"),
    ];
    for request in unauthorized {
        assert_eq!(
            answer(request).await.unwrap().code(),
            (401, "UNAUTHORIZED_KEY")
        );
    }
    assert_eq!(
        answer(simulator.request(Method::GET, "/livez"))
            .await
            .unwrap()
            .state(),
        (200, "UP")
    );
}

#[tokio::test]
async fn an_invalid_confirm_charges_nothing() {
    let simulator = Simulator::start();
    let long = "x".repeat(201);
    let of_amount = |amount| format!(r#"{{"paymentKey":"p1","orderId":"o1","amount":{amount}}}"#);
    let bodies = [
        "".to_owned(),
        "{".to_owned(),
        "{}".to_owned(),
        r#"{"paymentKey":"","orderId":"o1","amount":1}"#.to_owned(),
        format!(r#"{{"paymentKey":"{long}","orderId":"o1","amount":1}}"#),
        format!(r#"{{"paymentKey":"p1","orderId":"{long}","amount":1}}"#),
        of_amount("0"),
        of_amount("-1"),
        of_amount("1e5"),
        of_amount(r#""24000""#),
    ];
    for body in bodies {
        let refused = answer(simulator.post("/v1/payments/confirm", body.clone()))
            .await
            .unwrap();
        assert_eq!(refused.code(), (400, "INVALID_REQUEST"), "{body}");
    }
    let key = "k".repeat(301);
    for key in ["", "\u{e9}", &key] {
        let request = simulator
            .confirm_request("p1", "o1", "")
            .header("Idempotency-Key", key);
        assert_eq!(
            answer(request).await.unwrap().code(),
            (400, "INVALID_IDEMPOTENCY_KEY")
        );
    }
    assert_eq!(simulator.totals().await, (0, 0, 0));
}

#[tokio::test]
async fn an_invalid_request_gets_a_clean_error() {
    let simulator = Simulator::start();
    let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
    let confirm = "/v1/payments/confirm";
    let invalid = (400, "INVALID_REQUEST");
    let wrong_method = (405, "METHOD_NOT_ALLOWED");
    let unknown = (404, "NOT_FOUND");
    let cases = [
        (
            simulator.post(confirm, " ".repeat(100_000)),
            (413, "PAYLOAD_TOO_LARGE"),
        ),
        (simulator.api(post.clone(), confirm).body("{}"), invalid),
        (
            simulator.post("/v1/payments/p1/cancel", "{}".to_owned()),
            invalid,
        ),
        (
            simulator.api(get.clone(), "/ledger?orderId=o1&orderId=o2"),
            invalid,
        ),
        (simulator.api(get.clone(), confirm), wrong_method),
        (simulator.api(delete, "/v1/payments/p1"), wrong_method),
        (simulator.api(post, "/ledger"), wrong_method),
        (
            simulator.api(get.clone(), "/v1/payments/no/such/path"),
            unknown,
        ),
        (simulator.api(get, "/"), unknown),
    ];
    for (request, expected) in cases {
        let told = format!("{request:?}");
        assert_eq!(answer(request).await.unwrap().code(), expected, "{told}");
    }
}

#[tokio::test]
async fn an_idempotency_key_may_have_300_characters() {
    let simulator = Simulator::start();
    let key = "k".repeat(300);
    let charged = simulator.confirm("p1", "o1", &key).await;
    assert_eq!(charged.state(), (200, "DONE"));
    assert_eq!(simulator.confirm("p1", "o1", &key).await, charged);
}

#[test]
fn help_does_not_show_the_secret_key() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_payment_simulator"));
    let output = command
        .arg("--help")
        .env("PAYMENT_SECRET_KEY", SECRET_KEY)
        .output()
        .unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && help.contains("--ledger") && help.contains("PAYMENT_SECRET_KEY")
    );
    assert!(!help.contains(SECRET_KEY));
}

#[test]
fn an_empty_secret_key_is_refused() {
    for empty in ["", "\n"] {
        let output = command(None)
            .env("PAYMENT_SECRET_KEY", empty)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
    }
}
