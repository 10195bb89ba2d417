//! `POST /open-api/order` with an `Idempotency-Key`.

use std::collections::HashSet;

use actix_web::http::header::{LOCATION, RETRY_AFTER};
use actix_web::test::TestRequest;
use composite_service::domain::order::{Idempotency, OrderCommand, OrderReply};
use serde_json::{Value, json};
use shared::http::IDEMPOTENT_REPLAYED;
use shared::reason::Reason;
use shared::wire::order_dto::OrderStatus;

use super::front::{Front, Reply, line, pays};
use crate::harness::{nth_number, order};

async fn place(front: &Front, key: &str, body: &Value) -> Reply {
    let request = TestRequest::post()
        .uri("/open-api/order")
        .insert_header(("Idempotency-Key", key));
    front.send(request.set_json(body)).await
}

fn one_line() -> Value {
    json!({"orderLineList": [line(1, 2)]})
}

/// What the command says of the key.
async fn idempotency_of(key: &str, body: &Value) -> Idempotency {
    let mut front = Front::open();
    assert_ne!(place(&front, key, body).await.status, 400);
    match front.commands_rx.recv().await {
        Some(OrderCommand::Create { basket, .. }) => basket.idempotency.unwrap(),
        other => panic!("{other:?}"),
    }
}

mod requests {
    use super::*;

    #[actix::test]
    async fn in_another_spelling_have_the_same_fingerprint() {
        let first = idempotency_of(
            "k",
            &json!({"orderLineList": [line(1, 2)], "payment": pays("p", json!(12_000))}),
        )
        .await;
        let item = json!({"itemId": 1, "name": "gold", "price": {"amount": 1}});
        let wordy = json!({
            "orderNum": "1", "couponId": null, "payment": {"amount": {"amount": "12000.00"}, "paymentKey": "p"},
            "orderLineList": [{"quantity": 2, "orderLineId": 9, "item": item}],
        });
        assert_eq!(idempotency_of("\"k\"", &wordy).await, first);
        assert_eq!(first.key.as_str(), "k");
    }

    #[actix::test]
    async fn that_differ_have_different_fingerprints() {
        let bodies = [
            one_line(),
            json!({"orderLineList": [line(1, 3)]}),
            json!({"orderLineList": [line(2, 2)]}),
            json!({"orderLineList": [line(1, 1), line(1, 1)]}),
            json!({"orderLineList": [line(1, 2)], "couponId": 7}),
            json!({"orderLineList": [line(1, 2)], "payment": pays("p", json!(12_000))}),
            json!({"orderLineList": [line(1, 2)], "payment": pays("p", json!(12_001))}),
            json!({"orderLineList": [line(1, 2)], "payment": pays("q", json!(12_000))}),
        ];
        let mut seen = HashSet::new();
        for body in &bodies {
            assert!(
                seen.insert(idempotency_of("k", body).await.fingerprint),
                "{body}"
            );
        }
    }

    #[actix::test]
    async fn of_different_members_have_different_fingerprints() {
        let mut seen = HashSet::from([idempotency_of("k", &one_line()).await.fingerprint]);
        for member in ["kim", "lee"] {
            let mut front = Front::open();
            let request = TestRequest::post()
                .uri("/open-api/order")
                .insert_header(("Idempotency-Key", "k"))
                .insert_header(("X-Member-Id", member));
            assert_eq!(front.send(request.set_json(one_line())).await.status, 200);
            let Some(OrderCommand::Create { basket, .. }) = front.commands_rx.recv().await else {
                panic!()
            };
            assert!(seen.insert(basket.idempotency.unwrap().fingerprint));
        }
    }

    #[actix::test]
    async fn without_a_key_send_none() {
        let mut front = Front::open();
        front.buy(Value::Null).await;
        let Some(OrderCommand::Create { basket, .. }) = front.commands_rx.recv().await else {
            panic!()
        };
        assert_eq!(basket.idempotency, None);
    }

    #[actix::test]
    async fn with_an_invalid_key_get_400_and_order_nothing() {
        let mut front = Front::open();
        for key in ["", "\"\"", "\"open", &"k".repeat(256), "키"] {
            let reply = place(&front, key, &one_line()).await;
            assert_eq!(
                reply.problem(),
                (400, -705, "INVALID_IDEMPOTENCY_KEY"),
                "{key:?}"
            );
        }
        assert!(front.commands_rx.try_recv().is_err());
    }
}

mod answers {
    use super::*;

    #[actix::test]
    async fn show_the_order_of_an_earlier_request_as_a_replay() {
        let theirs = nth_number(77);
        let front = Front::replying(OrderReply::Pending(order(&theirs, OrderStatus::Created)));
        let reply = place(&front, "k", &one_line()).await;
        assert_eq!(
            (reply.status, &reply.body["orderNum"]),
            (200, &json!(theirs))
        );
        assert_eq!(
            reply.header(LOCATION),
            Some(format!("order/{theirs}").as_str())
        );
        assert_eq!(reply.header(IDEMPOTENT_REPLAYED), Some("true"));
    }

    #[actix::test]
    async fn show_the_rejection_of_an_earlier_request_as_a_replay() {
        let theirs = nth_number(77);
        let rejected =
            OrderReply::Rejected(order(&theirs, OrderStatus::Rejected), Reason::OutOfStock);
        let reply = place(&Front::replying(rejected), "k", &one_line()).await;
        assert_eq!(reply.problem(), (409, -701, "OUT_OF_STOCK"));
        assert_eq!(
            (&reply.body["orderNum"], reply.header(IDEMPOTENT_REPLAYED)),
            (&json!(theirs), Some("true"))
        );
    }

    #[actix::test]
    async fn to_a_new_key_are_no_replay() {
        let reply = place(&Front::open(), "k", &one_line()).await;
        assert_eq!(
            (reply.status, reply.header(IDEMPOTENT_REPLAYED)),
            (200, None)
        );
    }

    #[actix::test]
    async fn that_are_late_name_no_order_and_ask_to_repeat_the_request() {
        tokio::time::pause();
        let front = Front::answering(None);
        let reply = place(&front, "k", &one_line()).await;
        assert_eq!(reply.problem(), (503, -701, "STILL_RUNNING"));
        assert_eq!(reply.header(RETRY_AFTER), Some("1"));
        assert_eq!(reply.header(LOCATION), None);
        assert_eq!(reply.body.get("orderNum"), None);
    }

    #[actix::test]
    async fn to_a_key_that_was_used_for_another_request_are_422() {
        let reply = place(
            &Front::replying(OrderReply::Refused(Reason::IdempotencyKeyReused)),
            "k",
            &one_line(),
        )
        .await;
        assert_eq!(reply.problem(), (422, -701, "IDEMPOTENCY_KEY_REUSED"));
        assert_eq!(reply.header(IDEMPOTENT_REPLAYED), None);
    }
}
