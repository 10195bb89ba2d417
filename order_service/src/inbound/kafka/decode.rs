//! Reads a record as a command. Of a record that isn't one it finds what is needed to answer its sender. Pure.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use chrono_tz::Tz;
use rdkafka::Message;
use rdkafka::message::OwnedMessage;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use shared::idempotency::{Fingerprint, InvalidFingerprint, InvalidIdempotencyKey};
use shared::json;
use shared::limits::{MAX_LINES, MAX_REJECT_DETAIL};
use shared::order_number::OrderNumber;
use shared::payment::InvalidPaymentKey;
use shared::wire::event::{Event, EventType};
use shared::wire::headers::{self, InvalidHeaders, ReplyAddress};
use shared::wire::order_dto::PaymentDto;

use super::command_body::{CommandBody, LineBody};
use crate::domain::command::OrderCommand;
use crate::domain::decide::PAYMENT_REVIEW;
use crate::domain::order::{DraftLine, Idempotency, OrderDraft, Payment, RequestId};
use crate::ports::reply_sink::Requester;

/// The database keeps microseconds.
const STORED_SUBSECOND_DIGITS: u16 = 6;

/// A command, and who asked for a reply.
#[derive(Debug, PartialEq, Eq)]
pub struct Decoded {
    /// What to do.
    pub command: OrderCommand,
    /// Who gets the reply, if anyone asked for one.
    pub requester: Option<Requester>,
}

/// A record that isn't a command.
#[derive(Debug, PartialEq, Eq)]
pub struct Poison {
    /// What is wrong.
    pub cause: Malformed,
    /// Who gets an error reply, where that can be read.
    pub requester: Option<Requester>,
    /// Its order, where that can be read.
    pub number: Option<OrderNumber>,
}

/// Why a record isn't a command.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The reply headers are invalid.
    #[error(transparent)]
    Headers(#[from] InvalidHeaders),
    /// The `__TypeId__` header names another class.
    #[error("the type id is not {}", headers::EVENT_TYPE_ID)]
    TypeId,
    /// There is no value.
    #[error("the record has no value")]
    NoValue,
    /// The value is not an event.
    #[error("the value is not an event: {0}")]
    Json(String),
    /// The event is a reply.
    #[error("{0:?} is not a command")]
    NotACommand(EventType),
    /// A member is missing or out of bounds.
    #[error("{0}")]
    Member(&'static str),
    /// There are more lines than an order may have.
    #[error("an order has at most {MAX_LINES} lines, not {0}")]
    TooManyLines(usize),
    /// The payment can't be one of the gateway's.
    #[error(transparent)]
    PaymentKey(#[from] InvalidPaymentKey),
    /// The idempotency key is out of bounds.
    #[error(transparent)]
    IdempotencyKey(#[from] InvalidIdempotencyKey),
    /// The fingerprint is out of bounds.
    #[error(transparent)]
    Fingerprint(#[from] InvalidFingerprint),
}

/// What a command needs and its record does not tell.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    /// When the record was read: a new order counts as placed then. In whole microseconds, as the database keeps it.
    pub now: DateTime<Utc>,
    /// The zone of the order numbers that are made here.
    pub zone: Tz,
    /// How long a pending order waits for its payment before it is reviewed.
    pub unpaid_for: TimeDelta,
}

impl Reading {
    /// At `now`, as far as the database can keep it.
    #[must_use]
    pub fn new(now: DateTime<Utc>, zone: Tz, unpaid_for: TimeDelta) -> Self {
        Self {
            now: now.trunc_subsecs(STORED_SUBSECOND_DIGITS),
            zone,
            unpaid_for,
        }
    }
}

/// Reads a record as a command.
///
/// # Errors
/// When it isn't one.
pub fn decode(record: &OwnedMessage, reading: Reading) -> Result<Decoded, Box<Poison>> {
    let address = match ReplyAddress::read(record.headers()) {
        Ok(address) => address,
        Err(cause) => {
            return Err(Box::new(Poison {
                cause: cause.into(),
                requester: None,
                number: None,
            }));
        }
    };
    let requester = address.map(|address| Requester {
        address,
        record_key: record_key(record),
    });
    let mut number = None;
    match command(record, reading, &mut number) {
        Ok(command) => Ok(Decoded { command, requester }),
        Err(cause) => Err(Box::new(Poison {
            cause,
            requester,
            number,
        })),
    }
}

fn record_key(record: &OwnedMessage) -> String {
    record
        .key()
        .map(|key| String::from_utf8_lossy(key).into_owned())
        .unwrap_or_default()
}

fn command(
    record: &OwnedMessage,
    reading: Reading,
    spoken_of: &mut Option<OrderNumber>,
) -> Result<OrderCommand, Malformed> {
    if headers::is_of_another_type(record.headers()) {
        return Err(Malformed::TypeId);
    }
    let payload = record.payload().ok_or(Malformed::NoValue)?;
    let event: Event<Box<RawValue>> =
        json::read(payload).map_err(|fault| Malformed::Json(fault.to_string()))?;
    let data: CommandBody = json::read(event.data.get().as_bytes())
        .map_err(|fault| Malformed::Json(fault.to_string()))?;
    spoken_of.clone_from(&data.order_num);
    match event.event_type {
        EventType::OrderCreate => draft(record, data, reading).map(OrderCommand::Create),
        EventType::OrderPay => Ok(OrderCommand::Pay {
            number: existing(data.order_num)?,
            payment: required_payment(data.payment)?,
            idempotency: idempotency(data.idempotency_key, data.fingerprint)?,
        }),
        EventType::OrderApprove => Ok(OrderCommand::Approve {
            number: existing(data.order_num)?,
            payment: required_payment(data.payment)?,
        }),
        EventType::OrderReject => {
            let reason = data
                .reject_reason
                .ok_or(Malformed::Member("rejectReason is missing"))?;
            let detail = data
                .reject_detail
                .map(|text| text.chars().take(MAX_REJECT_DETAIL).collect());
            Ok(OrderCommand::Reject {
                number: existing(data.order_num)?,
                reason,
                detail,
            })
        }
        EventType::OrderSettle => Ok(OrderCommand::Settle {
            number: existing(data.order_num)?,
        }),
        reply
        @ (EventType::OrderCreated | EventType::OrderRejected | EventType::OrderCompleted) => {
            Err(Malformed::NotACommand(reply))
        }
    }
}

fn existing(number: Option<OrderNumber>) -> Result<OrderNumber, Malformed> {
    number.ok_or(Malformed::Member("orderNum is missing"))
}

fn draft(
    record: &OwnedMessage,
    data: CommandBody,
    reading: Reading,
) -> Result<OrderDraft, Malformed> {
    let identity = identity(record, &data);
    let lines = data.order_line_list.unwrap_or_default();
    if lines.len() > MAX_LINES {
        return Err(Malformed::TooManyLines(lines.len()));
    }
    let unpaid_for = if data.payment.is_some() {
        PAYMENT_REVIEW
    } else {
        reading.unpaid_for
    };
    let asked = idempotency(data.idempotency_key, data.fingerprint)?;
    let (number, idempotency) = match data.order_num {
        Some(number) => (number, asked),
        None => {
            let repetition = asked.map_or_else(|| known_by(identity), Ok)?;
            (number_for(&identity, reading), Some(repetition))
        }
    };
    Ok(OrderDraft {
        number,
        request_id: request_id(data.request_id, &identity)?,
        member: data.member_id,
        lines: lines.iter().map(draft_line).collect(),
        coupon: data.coupon_id,
        intent: data.payment.map(Payment::try_from).transpose()?,
        idempotency,
        placed_at: reading.now,
        pay_by: reading.now + unpaid_for,
    })
}

fn request_id(asked: Option<String>, identity: &[u8; 32]) -> Result<RequestId, Malformed> {
    let text = asked.unwrap_or_else(|| hex(&identity[..16]));
    RequestId::parse(&text).ok_or(Malformed::Member(
        "requestId is not 1 to 64 printable characters",
    ))
}

fn idempotency(
    key: Option<String>,
    fingerprint: Option<String>,
) -> Result<Option<Idempotency>, Malformed> {
    let Some(key) = key else { return Ok(None) };
    let fingerprint = fingerprint.ok_or(Malformed::Member("fingerprint is missing"))?;
    Ok(Some(Idempotency {
        key: key.parse()?,
        fingerprint: fingerprint.parse()?,
    }))
}

fn draft_line(line: &LineBody) -> DraftLine {
    DraftLine {
        item: line.item.item_id,
        quantity: line.quantity,
    }
}

fn required_payment(dto: Option<PaymentDto>) -> Result<Payment, Malformed> {
    let dto = dto.ok_or(Malformed::Member("payment is missing"))?;
    Ok(dto.try_into()?)
}

/// A hash of what makes the purchase different from all others, and the same when its record is read again: its request id, or else its
/// correlation id, key and value. Without a correlation id two purchases may look alike, so their place in the log counts, too, and their
/// timestamp: a topic that was made again begins again with its offsets.
fn identity(record: &OwnedMessage, data: &CommandBody) -> [u8; 32] {
    let mut hash = Sha256::new();
    if let Some(request_id) = &data.request_id {
        hash.update(request_id);
        return hash.finalize().into();
    }
    match headers::header(record.headers(), headers::CORRELATION_ID) {
        Some(correlation_id) => hash.update(correlation_id),
        None => hash.update(format!(
            "{}/{}/{}@{:?}",
            record.topic(),
            record.partition(),
            record.offset(),
            record.timestamp()
        )),
    }
    for part in [record.key(), record.payload()] {
        hash.update(Sha256::digest(part.unwrap_or_default()));
    }
    hash.finalize().into()
}

/// The order number for a requester that leaves it to us, as a Spring composite does. It is dated by the receipt: a record's key and its
/// timestamp may be anything. It can't be guessed, because the correlation ids of Spring are random.
fn number_for(identity: &[u8; 32], reading: Reading) -> OrderNumber {
    let mut random = [0; 8];
    random.copy_from_slice(&identity[16..24]);
    let received_at = reading.now.with_timezone(&reading.zone).naive_local();
    OrderNumber::new(received_at, u64::from_be_bytes(random))
}

/// By what the repetition of a purchase is known whose number is made here: read again it gets another number, dated by another receipt.
fn known_by(identity: [u8; 32]) -> Result<Idempotency, Malformed> {
    Ok(Idempotency {
        key: format!("record:{}", hex(&identity)).parse()?,
        fingerprint: Fingerprint::of_digest(identity),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
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
        let poison =
            decoded(r#"{"eventType":"ORDER_APPROVE","data":{"orderNum":"7"}}"#).unwrap_err();
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
}
