//! Commands of every peer, and records that are not commands.

use super::*;
use chrono_tz::Asia::Seoul;
use rdkafka::Timestamp;
use rdkafka::message::{Header, OwnedHeaders};
use shared::money::Money;
use shared::reason::Reason;

const SPRING_CREATE: &str = r#"{"eventType":"ORDER_CREATE","key":"20261123011540","data":{"orderNum":null,"orderLineList":null,"status":null},"eventCreatedAt":[2026,11,23,1,15,40,582933504]}"#;

fn record(payload: Option<&str>, header_pairs: &[(&str, &[u8])]) -> OwnedMessage {
    let all = header_pairs
        .iter()
        .fold(OwnedHeaders::new(), |all, (key, value)| {
            all.insert(Header {
                key,
                value: Some(*value),
            })
        });
    let payload = payload.map(|payload| payload.as_bytes().to_vec());
    let timestamp = Timestamp::CreateTime(1_795_363_540_582);
    OwnedMessage::new(
        payload,
        Some(b"20261123011540".to_vec()),
        "orders".into(),
        timestamp,
        1,
        42,
        Some(all),
    )
}

fn decoded(payload: &str) -> Result<Decoded, Box<Poison>> {
    decode(
        &record(
            Some(payload),
            &[
                (headers::REPLY_TOPIC, b"composite"),
                (headers::CORRELATION_ID, b"c"),
            ],
        ),
        reading(),
    )
}

fn reading() -> Reading {
    Reading {
        now: now(),
        zone: Seoul,
        unpaid_for: TimeDelta::minutes(30),
    }
}

fn now() -> DateTime<Utc> {
    "2026-11-22T16:15:41Z".parse().unwrap()
}

fn create_of(record: &OwnedMessage, reading: Reading) -> OrderDraft {
    match decode(record, reading).unwrap().command {
        OrderCommand::Create(draft) => draft,
        other => panic!("not a create: {other:?}"),
    }
}

mod a_create_without_an_order_number {
    use super::*;

    /// A record as Spring sends it, but for these.
    fn sent(key: Option<&[u8]>, timestamp: Timestamp, correlation_id: &[u8]) -> OwnedMessage {
        let value = Some(SPRING_CREATE.as_bytes().to_vec());
        let headers = OwnedHeaders::new().insert(Header {
            key: headers::CORRELATION_ID,
            value: Some(correlation_id),
        });
        let key = key.map(<[u8]>::to_vec);
        OwnedMessage::new(value, key, "orders".into(), timestamp, 1, 42, Some(headers))
    }

    #[test]
    fn is_numbered_by_its_receipt_whatever_its_timestamp_is() {
        let seconds = 1_795_363_540;
        for timestamp in [
            Timestamp::NotAvailable,
            Timestamp::CreateTime(seconds),
            Timestamp::CreateTime(seconds * 1_000),
            Timestamp::LogAppendTime(seconds * 1_000),
            Timestamp::CreateTime(seconds * 1_000_000),
            Timestamp::CreateTime(seconds * 1_000_000_000),
            Timestamp::CreateTime(-1),
            Timestamp::CreateTime(-seconds * 1_000),
            Timestamp::CreateTime(0),
            Timestamp::CreateTime(i64::MAX),
            Timestamp::CreateTime(i64::MIN),
            // The first and the last moment that the calendar has.
            Timestamp::CreateTime(DateTime::<Utc>::MIN_UTC.timestamp_millis()),
            Timestamp::CreateTime(DateTime::<Utc>::MAX_UTC.timestamp_millis()),
        ] {
            let number = create_of(&sent(None, timestamp, b"c"), reading()).number;
            assert_eq!(&number.as_str()[..14], "20261123011541", "{timestamp:?}");
            assert_eq!(number.as_str().parse(), Ok(number.clone()));
        }
    }

    #[test]
    fn is_numbered_by_its_receipt_whatever_its_key_is() {
        for key in [
            "20261123011540",
            "19700101000000",
            "00000101000000",
            "99991231235959",
            "20161231235960",
            "+20261123011540",
            "-00010101000000",
            "+26214201010000",
            "customer 7",
            "",
        ] {
            let record = sent(Some(key.as_bytes()), Timestamp::NotAvailable, b"c");
            let number = create_of(&record, reading()).number;
            assert_eq!(&number.as_str()[..14], "20261123011541", "{key}");
            assert_eq!(number.as_str().parse(), Ok(number.clone()));
        }
    }

    #[test]
    fn is_an_empty_order_that_its_repetition_is_known_by() {
        let later = Reading {
            now: now() + TimeDelta::days(2),
            ..reading()
        };
        let record = sent(Some(b"k"), Timestamp::CreateTime(7), &[1; 16]);
        let first = create_of(&record, reading());
        let again = create_of(&record, later);
        assert!(first.lines.is_empty() && first.idempotency.is_some());
        assert_eq!(first.idempotency, again.idempotency);
        assert_eq!(first.request_id, again.request_id);
    }

    #[test]
    fn differs_from_another_purchase_in_its_number_and_in_what_it_is_known_by() {
        let create = |key: &[u8], correlation_id: &[u8]| {
            let record = sent(Some(key), Timestamp::CreateTime(7), correlation_id);
            create_of(&record, reading())
        };
        let first = create(b"k", &[1; 16]);
        for other in [create(b"k", &[2; 16]), create(b"l", &[1; 16])] {
            assert_ne!(first.number, other.number);
            assert_ne!(first.idempotency, other.idempotency);
            assert_eq!(first.number.as_str()[..14], other.number.as_str()[..14]);
        }
    }

    #[test]
    fn and_without_a_correlation_id_is_told_from_one_at_its_place_in_an_earlier_topic() {
        let at = |millis| {
            let value = Some(SPRING_CREATE.as_bytes().to_vec());
            let time = Timestamp::CreateTime(millis);
            let record = OwnedMessage::new(value, None, "orders".into(), time, 1, 42, None);
            create_of(&record, reading()).idempotency
        };
        assert_eq!(at(1), at(1));
        assert_ne!(at(1), at(2));
    }

    #[test]
    fn but_with_a_request_id_or_an_idempotency_key_is_known_by_that() {
        let known_by = |members: &str, correlation_id: &[u8]| {
            let value = format!(r#"{{"eventType":"ORDER_CREATE","data":{{{members}}}}}"#);
            let record = record(Some(&value), &[(headers::CORRELATION_ID, correlation_id)]);
            create_of(&record, reading()).idempotency.unwrap()
        };
        let named = r#""requestId":"r""#;
        assert_eq!(known_by(named, b"1"), known_by(named, b"2"));
        let keyed = r#""idempotencyKey":"mine","fingerprint":"f""#;
        assert_eq!(known_by(keyed, b"1").key.as_str(), "mine");
    }
}

#[test]
fn members_that_only_inform_may_be_anything() {
    let create = |price: &str, date: &str| {
        let value = format!(
            r#"{{"eventType":"ORDER_CREATE","key":7,"data":{{"orderNum":"7","requestId":"r","status":"PENDING",
            "totalPrice":{price},"finalPrice":{price},"createdDate":{date},"dueForSeconds":-1,
            "orderLineList":[{{"orderLineId":"a","item":{{"itemId":3,"name":{price},"price":{price}}},"quantity":2}}]}},
            "eventCreatedAt":{date}}}"#
        );
        create_of(&record(Some(&value), &[]), reading())
    };
    let expected = create("null", "null");
    assert_eq!((expected.lines[0].item, expected.lines[0].quantity), (3, 2));
    for (price, date) in [
        ("12000", r#""2026-11-23T01:15""#),
        (r#""12000""#, r#""2026-11-23T01:15:40Z""#),
        ("12000.005", r#""2026-11-23T01:15:40+09:00[Asia/Seoul]""#),
        ("-1", "[2026,11,23,1,15]"),
        (r#"{"amount":-1}"#, "1795363540.582933504"),
        (r#"{"currency":"KRW"}"#, "1795363540582"),
        ("[]", "1e999"),
        ("true", r#""tomorrow""#),
        ("{}", "{}"),
    ] {
        assert_eq!(create(price, date), expected, "{price} {date}");
    }
}

#[test]
fn members_that_decide_are_read_strictly() {
    for data in [
        r#"{"orderNum":7}"#,
        r#"{"orderNum":"7a"}"#,
        r#"{"orderNum":"7","orderLineList":[{"item":{"itemId":"x"},"quantity":1}]}"#,
        r#"{"orderNum":"7","orderLineList":[{"item":{"itemId":1},"quantity":null}]}"#,
        r#"{"orderNum":"7","couponId":"seven"}"#,
        r#"{"orderNum":"7","payment":{"paymentKey":"p","amount":-1}}"#,
        r#"{"orderNum":"7","rejectReason":"WHY_NOT"}"#,
    ] {
        let value = format!(r#"{{"eventType":"ORDER_CREATE","data":{data}}}"#);
        assert!(decoded(&value).is_err(), "{data}");
    }
}

#[test]
fn our_commands_are_read_in_full() {
    let approve = r#"{"eventType":"ORDER_APPROVE","key":"1","data":{"orderNum":"1","payment":{"paymentKey":"p","amount":{"amount":24000}}}}"#;
    let payment = Payment {
        key: "p".parse().unwrap(),
        amount: Money::from_units(24_000),
    };
    assert_eq!(
        decoded(approve).unwrap().command,
        OrderCommand::Approve {
            number: "1".parse().unwrap(),
            payment
        }
    );
    let reject = r#"{"eventType":"ORDER_REJECT","key":"1","data":{"orderNum":"1","rejectReason":"PAYMENT_DECLINED"}}"#;
    let command = OrderCommand::Reject {
        number: "1".parse().unwrap(),
        reason: Reason::PaymentDeclined,
        detail: None,
    };
    assert_eq!(decoded(reject).unwrap().command, command);
}

#[test]
fn a_record_that_is_not_a_command_still_tells_requester_and_order() {
    for payload in [
        "\u{1}garbage",
        "{}",
        r#"{"eventType":"ORDER_SHIPPED","data":{}}"#,
        r#"{"eventType":"ORDER_CREATED","data":{"orderNum":"7"}}"#,
        r#"{"eventType":"ORDER_APPROVE","data":{"orderNum":"7"}}"#,
        r#"{"eventType":"ORDER_REJECT","data":{"rejectReason":"EXPIRED"}}"#,
        r#"{"eventType":"ORDER_CREATE","data":{"orderLineList":[{"quantity":1}]}}"#,
        r#"["ORDER_CREATE","1",{}]"#,
        r#"{"eventType":"ORDER_CREATE","data":[]}"#,
        r#"{"eventType":{"ORDER_CREATE":null},"data":{}}"#,
        r#"{"eventType":"ORDER_CREATE","data":{"orderLineList":[[null,[1],1]]}}"#,
        r#"{"eventType":"ORDER_PAY","data":{"orderNum":"7","payment":{"paymentKey":"p","amount":"24_000"}}}"#,
    ] {
        let poison = decoded(payload).unwrap_err();
        assert_eq!(
            poison.requester.unwrap().record_key,
            "20261123011540",
            "{payload}"
        );
    }
    let poison = decoded(r#"{"eventType":"ORDER_APPROVE","data":{"orderNum":"7"}}"#).unwrap_err();
    assert_eq!(poison.number, Some("7".parse().unwrap()));
}

#[test]
fn a_record_without_a_value_or_with_foreign_headers_is_not_a_command() {
    assert_eq!(
        decode(&record(None, &[]), reading()).unwrap_err().cause,
        Malformed::NoValue
    );
    let foreign = record(
        Some(SPRING_CREATE),
        &[(headers::TYPE_ID, b"java.lang.String")],
    );
    assert_eq!(
        decode(&foreign, reading()).unwrap_err().cause,
        Malformed::TypeId
    );
    let odd = record(Some(SPRING_CREATE), &[(headers::REPLY_TOPIC, b"\xff")]);
    assert_eq!(
        decode(&odd, reading()).unwrap_err().cause,
        Malformed::Headers(InvalidHeaders::ReplyTopic)
    );
}
