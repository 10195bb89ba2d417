//! Reads a record as a command. Of a record that isn't one it finds what is needed to answer its sender. Pure.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use chrono_tz::Tz;
use rdkafka::Message;
use rdkafka::message::OwnedMessage;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use shared::hex::hex;
use shared::idempotency::{Fingerprint, InvalidFingerprint, InvalidIdempotencyKey};
use shared::json;
use shared::limits::{MAX_LINES, MAX_REJECT_DETAIL};
use shared::order_number::OrderNumber;
use shared::payment::InvalidPaymentKey;
use shared::reason::Reason;
use shared::wire::event::{Event, EventType};
use shared::wire::headers::{self, InvalidHeaders, ReplyAddress};
use shared::wire::order_dto::{PaymentDto, RefundLineDto, RefundStatus};

use super::command_body::{CommandBody, LineBody};
use crate::domain::command::OrderCommand;
use crate::domain::decide::PAYMENT_REVIEW;
use crate::domain::order::{DraftLine, Idempotency, OrderDraft, Payment, RequestId};
use crate::domain::refund::{Pieces, RefundOutcome};
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
        EventType::OrderCancel => cancellation(data),
        EventType::OrderRefund => refund_end(data),
        reply
        @ (EventType::OrderCreated | EventType::OrderRejected | EventType::OrderCompleted) => {
            Err(Malformed::NotACommand(reply))
        }
    }
}

fn cancellation(data: CommandBody) -> Result<OrderCommand, Malformed> {
    let asked = idempotency(data.idempotency_key, data.fingerprint)?;
    let lines = data.refund.map(|refund| refund.order_line_list);
    Ok(OrderCommand::Cancel {
        number: existing(data.order_num)?,
        pieces: lines.map(pieces).transpose()?,
        // Without it the record that is read once more would begin one more refund.
        idempotency: asked.ok_or(Malformed::Member("idempotencyKey is missing"))?,
    })
}

fn pieces(lines: Option<Vec<RefundLineDto>>) -> Result<Vec<Pieces>, Malformed> {
    let lines = lines.ok_or(Malformed::Member("refund.orderLineList is missing"))?;
    if lines.len() > MAX_LINES {
        return Err(Malformed::TooManyLines(lines.len()));
    }
    if lines.is_empty() || lines.iter().any(|line| line.quantity == 0) {
        return Err(Malformed::Member("refund.orderLineList has no pieces"));
    }
    let pieces = lines.into_iter().map(|line| Pieces {
        line: line.order_line_id,
        quantity: line.quantity,
    });
    Ok(pieces.collect())
}

fn refund_end(data: CommandBody) -> Result<OrderCommand, Malformed> {
    let refund = data.refund.unwrap_or_default();
    let outcome = match refund.status {
        Some(RefundStatus::Done) => RefundOutcome::Done,
        Some(RefundStatus::Refused) if data.reject_reason == Some(Reason::RefundUnavailable) => {
            RefundOutcome::NotNow
        }
        Some(RefundStatus::Refused) => RefundOutcome::Refused,
        Some(RefundStatus::Requested) | None => {
            return Err(Malformed::Member("refund.status is not that of an end"));
        }
    };
    Ok(OrderCommand::EndRefund {
        number: existing(data.order_num)?,
        refund: refund
            .refund_num
            .ok_or(Malformed::Member("refund.refundNum is missing"))?,
        outcome,
    })
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

#[cfg(test)]
mod tests;
