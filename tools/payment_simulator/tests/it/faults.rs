//! Each fault switch and each payment key prefix.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::simulator::{Simulator, answer};

#[tokio::test]
async fn given_the_switches_when_replaced_and_cleared_then_they_are_shown_as_they_stand() {
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
async fn given_declines_when_confirmed_then_nothing_is_charged_and_another_payment_may_pay() {
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

#[tokio::test]
async fn given_a_payment_that_loses_its_answer_when_repeated_then_the_answer_is_told() {
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
async fn given_answers_to_lose_when_confirmed_then_so_many_are_lost_repeats_included() {
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

#[tokio::test]
async fn given_a_delay_when_confirmed_then_the_payment_is_in_progress_until_it_is_charged() {
    let simulator = Simulator::start();
    simulator.set_faults(r#"{"delayMs":1500}"#).await;
    let started = Instant::now();
    let slow = tokio::spawn(answer(simulator.confirm_request("p1", "o1", "k1")));
    while simulator.get("/v1/payments/orders/o1").await.state() != (200, "IN_PROGRESS") {
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "the confirm arrives"
        );
    }
    let processing = (409, "IDEMPOTENT_REQUEST_PROCESSING");
    assert_eq!(simulator.confirm("p1", "o1", "k1").await.code(), processing);
    assert_eq!(simulator.confirm("p2", "o1", "k2").await.code(), processing);
    assert_eq!(simulator.cancel("p1", "k1").await.code(), processing);
    assert_eq!(simulator.totals().await, (0, 0, 0));

    let charged = slow.await.unwrap().unwrap();
    assert!(started.elapsed() >= Duration::from_millis(1500));
    assert_eq!(charged.state(), (200, "DONE"));
    assert_eq!(simulator.confirm("p1", "o1", "k1").await, charged);
    assert_eq!(
        simulator.confirm("p2", "o1", "k2").await.code(),
        (400, "ALREADY_PROCESSED_PAYMENT")
    );
}

#[tokio::test]
async fn given_a_slow_payment_when_the_caller_gives_up_then_it_is_charged_all_the_same() {
    let simulator = Simulator::start();
    let started = Instant::now();
    let request = simulator
        .confirm_request("slow-1", "o1", "k1")
        .timeout(Duration::from_millis(500));
    assert!(answer(request).await.unwrap_err().is_timeout());
    while simulator.get("/v1/payments/orders/o1").await.state() != (200, "DONE") {
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "the payment is charged"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(started.elapsed() >= Duration::from_secs(3));
    assert_eq!(
        simulator.confirm("slow-1", "o1", "k1").await.state(),
        (200, "DONE")
    );
}

#[tokio::test]
async fn given_a_hanging_gateway_when_confirmed_then_there_is_no_answer_and_no_charge() {
    let simulator = Simulator::start();
    simulator.set_faults(r#"{"hang":1}"#).await;
    let request = simulator
        .confirm_request("p1", "o1", "k1")
        .timeout(Duration::from_millis(500));
    assert!(answer(request).await.unwrap_err().is_timeout());
    assert_eq!(
        simulator.get("/v1/payments/orders/o1").await.code(),
        (404, "NOT_FOUND_PAYMENT")
    );
    assert_eq!(
        simulator.confirm("p1", "o1", "k1").await.state(),
        (200, "DONE")
    );
}

#[tokio::test]
async fn given_a_refused_cancel_when_tried_again_then_its_idempotency_key_is_refused_again_and_no_other_request()
 {
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
async fn given_a_cancel_that_is_refused_for_itself_then_the_switch_waits_for_one_that_could_be_done()
 {
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

#[tokio::test]
async fn given_failures_when_used_up_then_the_same_requests_succeed() {
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
