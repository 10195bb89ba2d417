//! The contract's limits: the order service accepts exactly what the public API accepts, too
//! (`composite_service/tests/it/http/limits.rs`), and refuses other peers' commands with a reason.

use chrono::TimeDelta;
use chrono_tz::Asia::Seoul;
use order_service::inbound::kafka::decode::{Decoded, Malformed, Poison, Reading, decode};
use rdkafka::Timestamp;
use rdkafka::message::{Header, OwnedHeaders, OwnedMessage};
use serde_json::{Value, json};
use shared::wire::headers::REPLY_TOPIC;

use crate::edges;

fn decoded(event_type: &str, data: &Value) -> Result<Decoded, Box<Poison>> {
    let value = json!({"eventType": event_type, "key": "7", "data": data});
    let headers = OwnedHeaders::new().insert(Header {
        key: REPLY_TOPIC,
        value: Some("composite"),
    });
    let record = OwnedMessage::new(
        Some(value.to_string().into_bytes()),
        None,
        "orders".into(),
        Timestamp::NotAvailable,
        0,
        0,
        Some(headers),
    );
    let now = "2026-11-23T01:15:40Z".parse().unwrap();
    decode(&record, Reading::new(now, Seoul, TimeDelta::minutes(30)))
}

/// Commands that are beyond the limits have a requester to be answered, and an order to speak of.
fn assert_refused(refused: Result<Decoded, Box<Poison>>, is_cause: fn(&Malformed) -> bool) {
    let poison = refused.unwrap_err();
    assert!(is_cause(&poison.cause), "{poison:?}");
    assert!(poison.requester.is_some(), "{poison:?}");
    assert_eq!(poison.number, Some("7".parse().unwrap()));
}

#[test]
fn payment_keys_within_the_limits_are_accepted_and_no_others() {
    for (key, is_within) in edges::payment_keys() {
        let payment = json!({"paymentKey": key, "amount": {"amount": 24_000}});
        let data = json!({"orderNum": "7", "payment": payment});
        for command in ["ORDER_CREATE", "ORDER_PAY", "ORDER_APPROVE"] {
            let decoded = decoded(command, &data);
            if is_within {
                assert!(decoded.is_ok(), "{command} {key:?}");
            } else {
                assert_refused(decoded, |cause| matches!(cause, Malformed::PaymentKey(_)));
            }
        }
    }
}

#[test]
fn idempotency_keys_within_the_limits_are_accepted_and_no_others() {
    for (key, is_within) in edges::idempotency_keys() {
        let payment = json!({"paymentKey": "k", "amount": {"amount": 24_000}});
        let data = json!({
            "orderNum": "7", "payment": payment, "idempotencyKey": key, "fingerprint": "f",
        });
        for command in ["ORDER_CREATE", "ORDER_PAY"] {
            let decoded = decoded(command, &data);
            if is_within {
                assert!(decoded.is_ok(), "{command} {key:?}");
            } else {
                assert_refused(decoded, |cause| {
                    matches!(cause, Malformed::IdempotencyKey(_))
                });
            }
        }
    }
}

#[test]
fn fingerprints_that_no_column_can_hold_are_refused() {
    for fingerprint in ["", "지문", &"f".repeat(65)] {
        let data = json!({"orderNum": "7", "idempotencyKey": "k", "fingerprint": fingerprint});
        assert_refused(decoded("ORDER_CREATE", &data), |cause| {
            matches!(cause, Malformed::Fingerprint(_))
        });
    }
}

#[test]
fn orders_with_as_many_lines_as_are_allowed_are_accepted_and_no_others() {
    for (count, is_within) in edges::LINES {
        let line = json!({"item": {"itemId": 1}, "quantity": 1});
        let data = json!({"orderNum": "7", "orderLineList": vec![line; count]});
        let decoded = decoded("ORDER_CREATE", &data);
        if is_within {
            assert!(decoded.is_ok(), "{count}");
        } else {
            assert_refused(decoded, |cause| matches!(cause, Malformed::TooManyLines(_)));
        }
    }
}
