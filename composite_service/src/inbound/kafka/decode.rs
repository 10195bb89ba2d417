//! Record → reply. Pure.

use rdkafka::message::Message;
use shared::reason::Reason;
use shared::wire::event::{Event, EventType};
use shared::wire::headers;
use shared::wire::order_dto::{OrderDto, OrderStatus};
use uuid::Uuid;

use crate::domain::order::OrderReply;

/// Why a record on the reply topic is not a valid reply. A late or repeated reply is valid.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAReply {
    /// The correlation id is missing.
    #[error("the record has no {}", headers::CORRELATION_ID)]
    NoCorrelationId,
    /// The correlation id has the wrong size. All senders, Spring services included, use 16 bytes.
    #[error("{name} has {0} bytes, not 16", name = headers::CORRELATION_ID)]
    CorrelationId(usize),
    /// The `__TypeId__` header names another class.
    #[error("the type id is not {}", headers::EVENT_TYPE_ID)]
    TypeId,
    /// There is no value.
    #[error("the record has no value")]
    NoValue,
    /// The value can't be parsed as a reply.
    #[error("the value is not a reply: {0}")]
    Malformed(String),
}

/// Reads the correlation id and the reply.
///
/// # Errors
/// When the record is not a valid reply.
pub fn decode(record: &impl Message) -> Result<(Uuid, OrderReply), NotAReply> {
    let id = headers::header(record.headers(), headers::CORRELATION_ID)
        .ok_or(NotAReply::NoCorrelationId)?;
    let id = Uuid::from_slice(id).map_err(|_| NotAReply::CorrelationId(id.len()))?;
    if headers::is_of_another_type(record.headers()) {
        return Err(NotAReply::TypeId);
    }
    let payload = record.payload().ok_or(NotAReply::NoValue)?;
    reply(payload).map(|reply| (id, reply))
}

/// Reads the value of a reply.
///
/// # Errors
/// When the value is not a valid reply.
pub fn reply(payload: &[u8]) -> Result<OrderReply, NotAReply> {
    let event: Event<OrderDto> =
        serde_json::from_slice(payload).map_err(|error| NotAReply::Malformed(error.to_string()))?;
    let order = event.data;
    match event.event_type {
        EventType::OrderCreated => Ok(OrderReply::Pending(order)),
        EventType::OrderCompleted => Ok(OrderReply::Complete(order)),
        EventType::OrderRejected => Ok(rejected(order)),
        command @ (EventType::OrderCreate
        | EventType::OrderPay
        | EventType::OrderApprove
        | EventType::OrderReject
        | EventType::OrderSettle) => Err(NotAReply::Malformed(format!("{command:?} is a command"))),
    }
}

/// `ORDER_REJECTED` means a rejected order or a refused command. It is a refused command if the reason is one that only refusals have, or if
/// the order's status is not `REJECTED`. An old order service sends no reason.
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
        (Some(OrderStatus::Rejected), Some(reason)) => OrderReply::Rejected(order, reason),
        _ => OrderReply::Refused(Reason::InternalError),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(event_type: &str, data: &str) -> Result<OrderReply, NotAReply> {
        reply(format!(r#"{{"eventType":"{event_type}","key":"1","data":{data},"eventCreatedAt":[2026,11,23,1,15]}}"#).as_bytes())
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
        fn without_a_reason_is_an_internal_error() {
            for data in [
                r#"{"orderNum":"1","status":"REJECTED"}"#,
                r#"{"orderNum":null,"status":null}"#,
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
            ] {
                assert!(matches!(reply(payload), Err(NotAReply::Malformed(_))));
            }
        }
    }
}
