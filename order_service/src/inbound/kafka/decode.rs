//! Reads a record as a command. Of a record that isn't one it finds what is needed to answer its sender. Pure.

use chrono::{DateTime, NaiveDateTime, SubsecRound, TimeDelta, Utc};
use chrono_tz::Tz;
use rdkafka::Message;
use rdkafka::message::OwnedMessage;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use shared::idempotency::{InvalidFingerprint, InvalidIdempotencyKey};
use shared::limits::{MAX_LINES, MAX_REJECT_DETAIL};
use shared::order_number::OrderNumber;
use shared::payment::InvalidPaymentKey;
use shared::wire::event::{Event, EventType};
use shared::wire::headers::{self, InvalidHeaders, ReplyAddress};
use shared::wire::order_dto::{OrderDto, OrderLineDto, PaymentDto};

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
        serde_json::from_slice(payload).map_err(|error| Malformed::Json(error.to_string()))?;
    let data: OrderDto = serde_json::from_str(event.data.get())
        .map_err(|error| Malformed::Json(error.to_string()))?;
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

fn draft(record: &OwnedMessage, data: OrderDto, reading: Reading) -> Result<OrderDraft, Malformed> {
    let identity = record_identity(record);
    let request_id = match data.request_id {
        Some(text) => RequestId::parse(&text).ok_or(Malformed::Member(
            "requestId is not 1 to 64 printable characters",
        ))?,
        None => RequestId::parse(&hex(&identity[..16])).ok_or(Malformed::Member("requestId"))?,
    };
    let lines = data.order_line_list.unwrap_or_default();
    if lines.len() > MAX_LINES {
        return Err(Malformed::TooManyLines(lines.len()));
    }
    let unpaid_for = if data.payment.is_some() {
        PAYMENT_REVIEW
    } else {
        reading.unpaid_for
    };
    Ok(OrderDraft {
        number: data
            .order_num
            .unwrap_or_else(|| number_for(record, &identity, reading)),
        request_id,
        member: data.member_id,
        lines: lines.iter().map(draft_line).collect(),
        coupon: data.coupon_id,
        intent: data.payment.map(Payment::try_from).transpose()?,
        idempotency: idempotency(data.idempotency_key, data.fingerprint)?,
        placed_at: reading.now,
        pay_by: reading.now + unpaid_for,
    })
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

fn draft_line(line: &OrderLineDto) -> DraftLine {
    DraftLine {
        item: line.item.item_id,
        quantity: line.quantity,
    }
}

fn required_payment(dto: Option<PaymentDto>) -> Result<Payment, Malformed> {
    let dto = dto.ok_or(Malformed::Member("payment is missing"))?;
    Ok(dto.try_into()?)
}

/// A hash of what makes the record different from all others, and the same when it is read again: its correlation id, or its place in the
/// log.
fn record_identity(record: &OwnedMessage) -> [u8; 32] {
    let mut hash = Sha256::new();
    match headers::header(record.headers(), headers::CORRELATION_ID) {
        Some(correlation_id) => hash.update(correlation_id),
        None => hash.update(format!(
            "{}/{}/{}",
            record.topic(),
            record.partition(),
            record.offset()
        )),
    }
    hash.finalize().into()
}

/// The order number for a requester that leaves it to us, as a Spring composite does. It is made of the record alone, so that the record,
/// when it is read again, finds the order that it has placed. It can't be guessed, because the correlation ids of Spring are random.
fn number_for(record: &OwnedMessage, identity: &[u8; 32], reading: Reading) -> OrderNumber {
    let sent_at = || {
        record
            .timestamp()
            .to_millis()
            .and_then(DateTime::from_timestamp_millis)
            .unwrap_or(reading.now)
    };
    let placed_at =
        time_in_key(record).unwrap_or_else(|| sent_at().with_timezone(&reading.zone).naive_local());
    let mut random = [0; 8];
    random.copy_from_slice(&identity[16..24]);
    OrderNumber::new(placed_at, u64::from_be_bytes(random))
}

/// The Spring composite's key is the local time of the purchase, `yyyyMMddHHmmss`.
fn time_in_key(record: &OwnedMessage) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(std::str::from_utf8(record.key()?).ok()?, "%Y%m%d%H%M%S").ok()
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

    #[test]
    fn a_spring_composites_create_is_the_same_empty_order_each_time() {
        let OrderCommand::Create(draft) = decoded(SPRING_CREATE).unwrap().command else {
            panic!("not a create")
        };
        assert!(draft.lines.is_empty());
        assert_eq!(draft.number.as_str().len(), 32);
        let OrderCommand::Create(again) = decoded(SPRING_CREATE).unwrap().command else {
            panic!("not a create")
        };
        assert_eq!(draft, again);
    }

    #[test]
    fn spring_creates_of_one_second_have_different_numbers() {
        let create = |correlation_id: &[u8]| {
            let record = record(
                Some(SPRING_CREATE),
                &[(headers::CORRELATION_ID, correlation_id)],
            );
            decode(&record, reading()).unwrap().command.number().clone()
        };
        assert_ne!(create(&[1; 16]), create(&[2; 16]));
        assert_eq!(
            create(&[1; 16]).as_str()[..14],
            create(&[2; 16]).as_str()[..14]
        );
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
