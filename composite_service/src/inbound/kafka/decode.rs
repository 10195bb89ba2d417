//! Record → reply. Pure.

use rdkafka::message::Message;
use shared::reason::Reason;
use shared::wire::event::{Event, EventType};
use shared::wire::headers;
use shared::wire::order_dto::{OrderDto, OrderStatus};
use uuid::Uuid;

use crate::domain::order::OrderReply;

/// Why a record on the reply topic is no reply. A reply that nobody waits for is one all the same.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAReply {
    /// It does not say whose it is.
    #[error("the record has no {}", headers::CORRELATION_ID)]
    NoCorrelationId,
    /// It is nobody's: all correlation ids have 16 bytes, those of Spring services too.
    #[error("{name} has {0} bytes, not 16", name = headers::CORRELATION_ID)]
    CorrelationId(usize),
    /// The `__TypeId__` header names another class.
    #[error("the type id is not {}", headers::EVENT_TYPE_ID)]
    TypeId,
    /// There is no value.
    #[error("the record has no value")]
    NoValue,
    /// The value makes no sense.
    #[error("the value is not a reply: {0}")]
    Malformed(String),
}

/// Reads whose reply it is, and what it says.
///
/// # Errors
/// When it is no reply.
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

/// Reads a reply's value.
///
/// # Errors
/// When it is none.
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

/// A rejected order, or a refused command: that one tells a state that does not go with the event, or none, or a refusal's own reason.
/// An old order service tells no reason.
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

    #[test]
    fn given_a_spring_order_services_reply_then_it_is_a_pending_order() {
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
    fn given_rejections_then_rejected_orders_are_told_from_refused_commands() {
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
    fn given_a_rejection_without_a_reason_then_the_order_service_is_taken_to_have_failed() {
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

    #[test]
    fn given_what_is_no_reply_then_it_is_malformed() {
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
