//! The contract's limits: the API accepts exactly what the order service accepts, too (`order_service/tests/it/limits.rs`).

use actix_web::http::header::HeaderValue;
use actix_web::test::TestRequest;
use serde_json::json;

use super::front::{Front, line, pays};
use crate::edges;
use crate::harness::PRICE;

/// The status of a request that is within the limits, or beyond.
fn status(is_within: bool) -> u16 {
    if is_within { 200 } else { 400 }
}

#[actix::test]
async fn payment_keys_within_the_limits_are_accepted_and_no_others() {
    let front = Front::open();
    for (key, is_within) in edges::payment_keys() {
        let payment = pays(&key, json!(PRICE));
        let placed = front.buy(payment.clone()).await;
        assert_eq!(placed.status, status(is_within), "{key:?}");
        let paid = front.post("/open-api/order/7/payment", &payment).await;
        assert_eq!(paid.status, status(is_within), "{key:?}");
    }
}

/// The key as a structured field's string, which shows where it begins and ends.
fn quoted(key: &str) -> String {
    format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""))
}

#[actix::test]
async fn idempotency_keys_within_the_limits_are_accepted_and_no_others() {
    let front = Front::open();
    for (key, is_within) in edges::idempotency_keys() {
        // No header can hold the others.
        let Ok(header) = HeaderValue::from_str(&quoted(&key)) else {
            assert!(!is_within, "{key:?}");
            continue;
        };
        let body = json!({"orderLineList": [line(1, 2)]});
        let request = TestRequest::post()
            .uri("/open-api/order")
            .insert_header(("Idempotency-Key", header));
        let placed = front.send(request.set_json(body)).await;
        assert_eq!(placed.status, status(is_within), "{key:?}");
    }
}

#[actix::test]
async fn orders_with_as_many_lines_as_are_allowed_are_accepted_and_no_others() {
    let front = Front::open();
    for (count, is_within) in edges::LINES {
        let body = json!({"orderLineList": vec![line(1, 1); count]});
        let placed = front.post("/open-api/order", &body).await;
        assert_eq!(placed.status, status(is_within), "{count}");
    }
}
