//! Record → reply. Pure.

use chrono_tz::Tz;
use rdkafka::message::Message;
use shared::json;
use shared::reason::Reason;
use shared::wire::event::{Event, EventType};
use shared::wire::headers;
use shared::wire::order_dto::{OrderDto, OrderStatus};
use uuid::Uuid;

use crate::domain::correlation;
use crate::domain::order::OrderReply;
use crate::domain::peer::Replier;
use crate::dto::ToldOrder;

/// A record on the reply topic.
#[derive(Debug, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "one at a time lives, and almost all are replies"
)]
pub enum Read {
    /// The reply to the command with this correlation id, and its author. It may be late or repeated.
    Reply(Uuid, OrderReply, Replier),
    /// A record that answers no command of this mall: other services may share the topic.
    Foreign,
}

/// Why a record that answers a command of this mall is not a valid reply.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAReply {
    /// There is no value.
    #[error("the record has no value")]
    NoValue,
    /// The value can't be parsed as a reply.
    #[error("the value is not a reply: {0}")]
    Malformed(String),
}

/// Reads a record. Its Java class does not matter: the correlation id proves that the record is the answer. Dates without an offset are in
/// `zone`.
///
/// # Errors
/// When it answers a command of this mall, but is not a valid reply.
pub fn decode(record: &impl Message, zone: Tz) -> Result<Read, NotAReply> {
    let correlation_id = headers::header(record.headers(), headers::CORRELATION_ID);
    let Some(id) = correlation_id.and_then(correlation::of_ours) else {
        return Ok(Read::Foreign);
    };
    let (kind, order) = told(record.payload().ok_or(NotAReply::NoValue)?, zone)?;
    let by = if headers::is_of_our_order_service(record.headers()) {
        Replier::Mall
    } else {
        unnamed(kind, &order)
    };
    Ok(Read::Reply(id, reply_of(kind, order)?, by))
}

/// Who may have written a reply that names nobody. Our orders always have a price, our refusals a reason, and Spring's are never completed.
fn unnamed(kind: EventType, order: &OrderDto) -> Replier {
    let has_reason = order
        .reject_reason
        .is_some_and(|reason| reason != Reason::Unspecified);
    if order.final_price.is_some() || has_reason || kind == EventType::OrderCompleted {
        Replier::Unnamed
    } else {
        Replier::Other
    }
}

/// Reads the value of a reply. Dates without an offset are in `zone`.
///
/// # Errors
/// When the value is not a valid reply.
pub fn reply(payload: &[u8], zone: Tz) -> Result<OrderReply, NotAReply> {
    let (kind, order) = told(payload, zone)?;
    reply_of(kind, order)
}

fn told(payload: &[u8], zone: Tz) -> Result<(EventType, OrderDto), NotAReply> {
    let event: Event<ToldOrder> =
        json::read(payload).map_err(|fault| NotAReply::Malformed(fault.to_string()))?;
    Ok((event.event_type, event.data.in_zone(zone)))
}

fn reply_of(kind: EventType, order: OrderDto) -> Result<OrderReply, NotAReply> {
    match kind {
        EventType::OrderCreated => numbered(order).map(OrderReply::Pending),
        EventType::OrderCompleted => numbered(order).map(OrderReply::Complete),
        EventType::OrderRejected => Ok(rejected(order)),
        command @ (EventType::OrderCreate
        | EventType::OrderPay
        | EventType::OrderApprove
        | EventType::OrderReject
        | EventType::OrderSettle
        | EventType::OrderCancel
        | EventType::OrderRefund) => Err(NotAReply::Malformed(format!("{command:?} is a command"))),
    }
}

/// The number of an order that stands decides where it is found.
fn numbered(order: OrderDto) -> Result<OrderDto, NotAReply> {
    if order.order_num.is_none() {
        return Err(NotAReply::Malformed("orderNum is missing".to_owned()));
    }
    Ok(order)
}

/// `ORDER_REJECTED` means a rejected order or a refused command. It is a refused command if the reason is one that only refusals have, or if
/// the order's status is not `REJECTED`. A Spring order service may reject without a reason, or with one of its own.
fn rejected(order: OrderDto) -> OrderReply {
    match (order.status, order.reject_reason) {
        (
            _,
            Some(
                refusal @ (Reason::AlreadyPaid
                | Reason::AlreadyRejected
                | Reason::UnknownOrder
                | Reason::OrderNumberTaken
                | Reason::OrderPending
                | Reason::IdempotencyKeyReused
                | Reason::MalformedCommand
                | Reason::InternalError),
            ),
        ) => OrderReply::Refused(refusal),
        (Some(OrderStatus::Created | OrderStatus::Complete), Some(refusal)) => {
            OrderReply::Refused(refusal)
        }
        (Some(OrderStatus::Rejected), reason) => {
            OrderReply::Rejected(order, reason.unwrap_or(Reason::Unspecified))
        }
        _ => OrderReply::Refused(Reason::InternalError),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use chrono_tz::Asia::Seoul;
    use rdkafka::Timestamp;
    use rdkafka::message::{Header, OwnedHeaders, OwnedMessage};

    fn event(event_type: &str, data: &str) -> String {
        format!(
            r#"{{"eventType":"{event_type}","key":"1","data":{data},"eventCreatedAt":[2026,11,23,1,15]}}"#
        )
    }

    fn read(event_type: &str, data: &str) -> Result<OrderReply, NotAReply> {
        reply(event(event_type, data).as_bytes(), Seoul)
    }

    fn record(value: Option<&str>, headers: &[(&str, &[u8])]) -> OwnedMessage {
        let headers = headers
            .iter()
            .fold(OwnedHeaders::new(), |all, (key, value)| {
                all.insert(Header {
                    key,
                    value: Some(*value),
                })
            });
        let value = value.map(|value| value.as_bytes().to_vec());
        let topic = "composite".to_owned();
        OwnedMessage::new(
            value,
            None,
            topic,
            Timestamp::NotAvailable,
            0,
            0,
            Some(headers),
        )
    }

    fn our_id() -> Uuid {
        correlation::correlation_id(Uuid::from_u128(7))
    }

    mod a_record {
        use super::*;

        #[test]
        fn with_another_correlation_id_or_none_is_foreign_whatever_its_value_is() {
            let springs = [0x5f; 16];
            let text = our_id().to_string();
            let others: [&[u8]; 6] = [
                b"",
                b"four",
                &springs,
                &[b'm'; 17],
                text.as_bytes(),
                &[b'x'; 1_024],
            ];
            let created = event("ORDER_CREATED", r#"{"orderNum":"1"}"#);
            for value in [None, Some("nonsense"), Some("{}"), Some(created.as_str())] {
                assert_eq!(decode(&record(value, &[]), Seoul), Ok(Read::Foreign));
                for id in others {
                    let foreign = record(value, &[(headers::CORRELATION_ID, id)]);
                    assert_eq!(decode(&foreign, Seoul), Ok(Read::Foreign), "{id:?}");
                }
            }
        }

        #[test]
        fn that_answers_us_and_can_not_be_read_is_told() {
            let id = our_id();
            let headers: &[(&str, &[u8])] = &[(headers::CORRELATION_ID, id.as_bytes())];
            assert_eq!(
                decode(&record(None, headers), Seoul),
                Err(NotAReply::NoValue)
            );
            for value in [
                "nonsense",
                "{}",
                r#"{"eventType":"ORDER_SHIPPED","data":{}}"#,
            ] {
                assert!(
                    decode(&record(Some(value), headers), Seoul).is_err(),
                    "{value}"
                );
            }
        }

        #[test]
        fn tells_who_has_written_it() {
            let id = our_id();
            let by = |more: &[(&str, &[u8])], event_type: &str, data: &str| {
                let mut headers: Vec<(&str, &[u8])> =
                    vec![(headers::CORRELATION_ID, id.as_bytes())];
                headers.extend(more);
                match decode(&record(Some(&event(event_type, data)), &headers), Seoul) {
                    Ok(Read::Reply(told, _, by)) if told == id => by,
                    other => panic!("{other:?}"),
                }
            };
            let named: &[(&str, &[u8])] = &[(headers::REPLIER, b"order_service")];
            let springs = r#"{"orderNum":"1","orderLineList":[],"status":"CREATED"}"#;
            assert_eq!(by(named, "ORDER_CREATED", springs), Replier::Mall);
            assert_eq!(by(&[], "ORDER_CREATED", springs), Replier::Other);
            assert_eq!(
                by(&[(headers::REPLIER, b"somebody")], "ORDER_CREATED", springs),
                Replier::Other
            );
            let priced = r#"{"orderNum":"1","status":"CREATED","finalPrice":{"amount":1}}"#;
            assert_eq!(by(&[], "ORDER_CREATED", priced), Replier::Unnamed);
            for reason in ["UNKNOWN_ORDER", "INTERNAL_ERROR", "OUT_OF_STOCK"] {
                let refused = format!(r#"{{"orderNum":"1","rejectReason":"{reason}"}}"#);
                assert_eq!(by(&[], "ORDER_REJECTED", &refused), Replier::Unnamed);
            }
            for rejected in [
                r#"{"orderNum":"1","status":"REJECTED"}"#,
                r#"{"orderNum":"1","status":"REJECTED","rejectReason":"NO_STOCK"}"#,
                "{}",
            ] {
                assert_eq!(
                    by(&[], "ORDER_REJECTED", rejected),
                    Replier::Other,
                    "{rejected}"
                );
            }
        }

        #[test]
        fn of_another_java_class_is_read() {
            let id = our_id();
            let headers: &[(&str, &[u8])] = &[
                (headers::CORRELATION_ID, id.as_bytes()),
                (headers::TYPE_ID, b"com.shop.OrderEvent"),
            ];
            let created = event("ORDER_CREATED", r#"{"orderNum":"1"}"#);
            assert!(matches!(
                decode(&record(Some(&created), headers), Seoul),
                Ok(Read::Reply(..))
            ));
        }
    }

    mod a_reply {
        use super::*;

        #[test]
        fn of_the_spring_order_service_is_a_pending_order() {
            let read = read(
                "ORDER_CREATED",
                r#"{"orderNum":"20261123011540123","orderLineList":[],"status":"CREATED"}"#,
            )
            .unwrap();
            let OrderReply::Pending(order) = read else {
                panic!("{read:?}")
            };
            assert_eq!(order.order_num, Some("20261123011540123".parse().unwrap()));
        }

        #[test]
        fn may_tell_its_times_in_any_form() {
            for time in [
                "null",
                "[2026,11,23,1,15]",
                r#""2026-11-23T01:15""#,
                r#""2026-11-23T01:15:40.582933504+09:00[Asia/Seoul]""#,
                "1795363540.582933504",
                r#""yesterday""#,
                "{}",
            ] {
                let value = format!(
                    r#"{{"eventType":"ORDER_CREATED","data":{{"orderNum":"1","createdDate":{time}}},"eventCreatedAt":{time}}}"#
                );
                assert!(reply(value.as_bytes(), Seoul).is_ok(), "{time}");
            }
        }
    }

    mod a_rejection {
        use super::*;

        #[test]
        fn is_of_an_order_or_of_a_command() {
            let order = read(
                "ORDER_REJECTED",
                r#"{"orderNum":"1","status":"REJECTED","rejectReason":"OUT_OF_STOCK"}"#,
            )
            .unwrap();
            assert!(matches!(order, OrderReply::Rejected(_, Reason::OutOfStock)));
            for (status, reason, expected) in [
                (r#""COMPLETE""#, "ALREADY_PAID", Reason::AlreadyPaid),
                (r#""REJECTED""#, "ALREADY_REJECTED", Reason::AlreadyRejected),
                ("null", "UNKNOWN_ORDER", Reason::UnknownOrder),
                ("null", "ORDER_NUMBER_TAKEN", Reason::OrderNumberTaken),
            ] {
                let refused = read(
                    "ORDER_REJECTED",
                    &format!(r#"{{"orderNum":"1","status":{status},"rejectReason":"{reason}"}}"#),
                )
                .unwrap();
                assert_eq!(refused, OrderReply::Refused(expected));
            }
        }

        #[test]
        fn without_a_known_reason_is_one_all_the_same() {
            for reason in ["null", r#""NO_STOCK""#, "7", "[]"] {
                let data =
                    format!(r#"{{"orderNum":"1","status":"REJECTED","rejectReason":{reason}}}"#);
                let rejected = read("ORDER_REJECTED", &data).unwrap();
                assert!(matches!(
                    rejected,
                    OrderReply::Rejected(_, Reason::Unspecified)
                ));
            }
        }

        #[test]
        fn of_nothing_for_no_known_reason_is_an_internal_error() {
            for data in [
                r#"{"orderNum":null,"status":null}"#,
                r#"{"orderNum":"1","status":"CREATED","rejectReason":"NOT_TODAY"}"#,
            ] {
                assert_eq!(
                    read("ORDER_REJECTED", data),
                    Ok(OrderReply::Refused(Reason::InternalError))
                );
            }
        }
    }

    mod a_value {
        use super::*;

        #[test]
        fn that_is_not_a_reply_is_malformed() {
            for payload in [
                &b""[..],
                b"{}",
                b"\xff",
                br#"{"eventType":"ORDER_CREATE","data":{}}"#,
                br#"{"eventType":"ORDER_CREATED","data":{}}"#,
                br#"{"eventType":"ORDER_COMPLETED","data":{"orderNum":null}}"#,
                br#"["ORDER_CREATED","1",{}]"#,
                br#"{"eventType":"ORDER_CREATED","data":["1"]}"#,
                br#"{"eventType":{"ORDER_CREATED":null},"data":{}}"#,
                br#"{"eventType":"ORDER_CREATED","data":{"orderNum":"1","finalPrice":"24_000"}}"#,
            ] {
                assert!(matches!(
                    reply(payload, Seoul),
                    Err(NotAReply::Malformed(_))
                ));
            }
        }
    }
}
