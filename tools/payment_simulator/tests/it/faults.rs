//! Each fault switch and each payment key prefix.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::simulator::{Simulator, answer};

#[tokio::test]
async fn the_switches_are_replaced_cleared_and_shown() {
    let simulator = Simulator::start();
    let off = simulator.get("/faults").await;
    let set = simulator
        .set_faults(r#"{"delayMs":5,"loseAnswer":true,"failCancels":2}"#)
        .await;
    assert_eq!(set.body["loseAnswer"], json!(true));
    assert_eq!(
        (&set.body["delayMs"], &set.body["failCancels"]),
        (&json!(5), &json!(2))
    );
    assert_eq!(
        simulator.set_faults(r#"{"decline":1}"#).await.body["loseAnswer"],
        json!(false)
    );
    assert_eq!(
        answer(simulator.request(Method::DELETE, "/faults"))
            .await
            .unwrap(),
        off
    );
    assert_eq!(
        simulator.set_faults(r#"{"explode":true}"#).await.code(),
        (400, "INVALID_REQUEST")
    );
}

#[tokio::test]
async fn a_decline_charges_nothing_and_another_payment_may_pay() {
    let simulator = Simulator::start();
    let declined = simulator.confirm("decline-1", "o1", "k1").await;
    assert_eq!(declined.code(), (403, "REJECT_CARD_COMPANY"));
    assert_eq!(simulator.confirm("decline-1", "o1", "k1").await, declined);
    assert_eq!(
        simulator.get("/v1/payments/orders/o1").await.state(),
        (200, "ABORTED")
    );
    assert_eq!(
        simulator.cancel("decline-1", "k2").await.code(),
        (403, "NOT_CANCELABLE_PAYMENT")
    );

    simulator.set_faults(r#"{"decline":true}"#).await;
    assert_eq!(
        simulator.confirm("p2", "o1", "k2").await.code(),
        (403, "REJECT_CARD_COMPANY")
    );
    simulator.set_faults("{}").await;
    assert_eq!(
        simulator.confirm("p3", "o1", "k3").await.state(),
        (200, "DONE")
    );
    assert_eq!(simulator.totals().await, (1, 0, 2));
}

mod a_lost_answer {
    use super::*;

    #[tokio::test]
    async fn is_given_to_the_repetition() {
        let simulator = Simulator::start();
        let lost = simulator
            .try_confirm("lose-1", "o1", "k1")
            .await
            .unwrap_err();
        assert!(lost.status().is_none() && lost.is_request(), "{lost:?}");
        assert_eq!(simulator.totals().await, (1, 0, 0));
        assert_eq!(
            simulator.confirm("lose-1", "o1", "k1").await.state(),
            (200, "DONE")
        );
        assert_eq!(simulator.totals().await, (1, 0, 0));
    }

    #[tokio::test]
    async fn counts_repetitions() {
        let simulator = Simulator::start();
        simulator.set_faults(r#"{"loseAnswer":2}"#).await;
        for _ in 0..2 {
            assert!(simulator.try_confirm("p1", "o1", "k1").await.is_err());
        }
        assert_eq!(
            simulator.confirm("p1", "o1", "k1").await.state(),
            (200, "DONE")
        );
        assert_eq!(simulator.totals().await, (1, 0, 0));
    }
}

/// Looks until the condition holds; whoever runs the tests ends one that never does.
async fn until(mut holds: impl AsyncFnMut() -> bool) {
    while !holds().await {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

mod a_delay {
    use super::{Duration, Instant, Simulator, answer, until};

    #[tokio::test]
    async fn keeps_the_payment_in_progress() {
        let simulator = Simulator::start();
        simulator.set_faults(r#"{"delayMs":3600000}"#).await;
        let slow = tokio::spawn(answer(simulator.confirm_request("p1", "o1", "k1")));
        until(async || {
            simulator.get("/v1/payments/orders/o1").await.state() == (200, "IN_PROGRESS")
        })
        .await;
        let processing = (409, "IDEMPOTENT_REQUEST_PROCESSING");
        assert_eq!(simulator.confirm("p1", "o1", "k1").await.code(), processing);
        assert_eq!(simulator.confirm("p2", "o1", "k2").await.code(), processing);
        assert_eq!(simulator.cancel("p1", "k1").await.code(), processing);
        assert_eq!(simulator.totals().await, (0, 0, 0));
        assert!(!slow.is_finished());
    }

    #[tokio::test]
    async fn ends_with_the_charge() {
        let simulator = Simulator::start();
        simulator.set_faults(r#"{"delayMs":300}"#).await;
        let started = Instant::now();
        let charged = simulator.confirm("p1", "o1", "k1").await;
        assert!(started.elapsed() >= Duration::from_millis(300));
        assert_eq!(charged.state(), (200, "DONE"));
        assert_eq!(simulator.confirm("p1", "o1", "k1").await, charged);
        assert_eq!(
            simulator.confirm("p2", "o1", "k2").await.code(),
            (400, "ALREADY_PROCESSED_PAYMENT")
        );
    }

    #[tokio::test]
    async fn ends_with_the_charge_although_the_caller_has_left() {
        let simulator = Simulator::start();
        let started = Instant::now();
        let caller = tokio::spawn(answer(simulator.confirm_request("slow-1", "o1", "k1")));
        // The confirm has arrived when there is a payment.
        until(async || simulator.get("/v1/payments/orders/o1").await.state().0 == 200).await;
        caller.abort();
        until(async || simulator.get("/v1/payments/orders/o1").await.state() == (200, "DONE"))
            .await;
        assert!(started.elapsed() >= Duration::from_secs(3));
        assert_eq!(
            simulator.confirm("slow-1", "o1", "k1").await.state(),
            (200, "DONE")
        );
    }
}

#[tokio::test]
async fn a_hanging_gateway_neither_answers_nor_charges() {
    let simulator = Simulator::start();
    simulator.set_faults(r#"{"hang":1}"#).await;
    let caller = tokio::spawn(answer(simulator.confirm_request("p1", "o1", "k1")));
    until(async || simulator.get("/faults").await.body["hang"] == json!(false)).await;
    assert!(!caller.is_finished());
    caller.abort();
    assert_eq!(
        simulator.get("/v1/payments/orders/o1").await.code(),
        (404, "NOT_FOUND_PAYMENT")
    );
    assert_eq!(
        simulator.confirm("p1", "o1", "k1").await.state(),
        (200, "DONE")
    );
}

mod a_refused_cancel {
    use super::*;

    #[tokio::test]
    async fn is_refused_again_for_its_key_only() {
        let simulator = Simulator::start();
        for (payment_key, order_id, next_key) in [("p1", "o1", "k2"), ("p2", "o2", "")] {
            simulator.confirm(payment_key, order_id, order_id).await;
            simulator.set_faults(r#"{"refuseCancels":1}"#).await;
            for _ in 0..2 {
                assert_eq!(
                    simulator.cancel(payment_key, "k1").await.code(),
                    (400, "PROVIDER_ERROR")
                );
            }
            assert_eq!(
                simulator.cancel(payment_key, next_key).await.state(),
                (200, "CANCELED")
            );
            assert_eq!(
                simulator.cancel(payment_key, "k1").await.code(),
                (400, "PROVIDER_ERROR")
            );
        }
        assert_eq!(simulator.totals().await, (2, 2, 0));
    }

    #[tokio::test]
    async fn does_not_use_the_switch_up_if_it_is_impossible() {
        let simulator = Simulator::start();
        simulator.set_faults(r#"{"refuseCancels":1}"#).await;
        assert_eq!(
            simulator.cancel("p1", "").await.code(),
            (404, "NOT_FOUND_PAYMENT")
        );
        simulator.confirm("p1", "o1", "k1").await;
        assert_eq!(
            simulator.cancel("p1", "").await.code(),
            (400, "PROVIDER_ERROR")
        );
        assert_eq!(simulator.cancel("p1", "").await.state(), (200, "CANCELED"));
    }
}

#[tokio::test]
async fn failures_that_are_used_up_let_the_same_requests_succeed() {
    let simulator = Simulator::start();
    simulator
        .set_faults(r#"{"failConfirms":2,"failCancels":1}"#)
        .await;
    let failed = (500, "FAILED_INTERNAL_SYSTEM_PROCESSING");
    for _ in 0..2 {
        assert_eq!(simulator.confirm("p1", "o1", "k1").await.code(), failed);
    }
    assert_eq!(simulator.totals().await, (0, 0, 0));
    assert_eq!(
        simulator.confirm("p1", "o1", "k1").await.state(),
        (200, "DONE")
    );
    assert_eq!(simulator.cancel("p1", "k1").await.code(), failed);
    assert_eq!(
        simulator.cancel("p1", "k1").await.state(),
        (200, "CANCELED")
    );
}
