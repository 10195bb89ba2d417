//! Replies on Kafka, in the form that spring-kafka's requesters expect: no key, the correlation id echoed, the asked-for partition.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use shared::clock::Clock;
use shared::kafka::publisher::{OnDelivery, OutboundRecord, Publisher};
use shared::trace::context::TraceContext;
use shared::wire::event::{Event, EventType, LocalTimestamp};
use shared::wire::headers::in_trace;
use shared::wire::order_dto::OrderDto;

use crate::domain::order::OrderState;
use crate::dto::order_dto;
use crate::ports::reply_sink::{CommandOutcome, OnReplied, ReplySink, Requester};

/// Publishes replies.
pub struct ReplyPublisher {
    publisher: Arc<Publisher>,
    clock: Arc<dyn Clock>,
    zone: Tz,
}

impl ReplyPublisher {
    /// Replies by `publisher`, which must never give up by itself; dates are the clock's in `zone`.
    #[must_use]
    pub fn new(publisher: Arc<Publisher>, clock: Arc<dyn Clock>, zone: Tz) -> Self {
        Self {
            publisher,
            clock,
            zone,
        }
    }

    /// Waits until all replies are acknowledged, at most so long. Blocks.
    ///
    /// # Errors
    /// When the time is over.
    pub fn flush(&self, wait: std::time::Duration) -> Result<(), KafkaError> {
        self.publisher.flush(wait)
    }
}

/// The reply to `requester`, made at `now`; dates are in `zone`.
#[must_use]
pub fn reply_event(
    requester: &Requester,
    outcome: &CommandOutcome,
    now: DateTime<Utc>,
    zone: Tz,
) -> Event<OrderDto> {
    Event {
        event_type: event_type(outcome),
        key: requester.record_key.clone(),
        data: body(outcome, zone),
        event_created_at: Some(LocalTimestamp(now.with_timezone(&zone).naive_local())),
    }
}

/// The order as it stands, and the refusal where there is one.
fn body(outcome: &CommandOutcome, zone: Tz) -> OrderDto {
    let mut body = match &outcome.order {
        Some(order) => order_dto(order, zone),
        None => OrderDto {
            order_num: outcome.number.clone(),
            ..OrderDto::default()
        },
    };
    if outcome.refusal.is_some() {
        body.reject_reason = outcome.refusal;
    }
    body
}

fn event_type(outcome: &CommandOutcome) -> EventType {
    match outcome
        .order
        .as_ref()
        .filter(|_| outcome.refusal.is_none())
        .map(|order| &order.state)
    {
        Some(OrderState::Created) => EventType::OrderCreated,
        Some(OrderState::Complete(_)) => EventType::OrderCompleted,
        Some(OrderState::Rejected(_)) | None => EventType::OrderRejected,
    }
}

impl ReplySink for ReplyPublisher {
    fn reply(
        &self,
        requester: &Requester,
        outcome: &CommandOutcome,
        trace: Option<TraceContext>,
        on_replied: OnReplied,
    ) {
        let event = reply_event(requester, outcome, self.clock.now(), self.zone);
        let payload = match serde_json::to_vec(&event) {
            Ok(payload) => payload,
            Err(error) => return log::error!("a reply could not be written: {error}"),
        };
        let address = &requester.address;
        let headers = address.reply_headers();
        let record = OutboundRecord {
            topic: &address.topic,
            partition: address.partition,
            key: None,
            payload: Some(&payload),
            headers: match trace {
                Some(context) => in_trace(headers, &context),
                None => headers,
            },
        };
        let topic = address.topic.clone();
        let on_delivery: OnDelivery = Box::new(move |result| match result {
            Ok(()) => on_replied(),
            Err(error) => undelivered(&topic, &error, on_replied),
        });
        if let Err(error) = self.publisher.publish(record, on_delivery) {
            log::error!(
                "a reply to {} could not be handed to the producer, so its command will come again: {error}",
                address.topic
            );
        }
    }
}

/// A reply that no broker will ever take is given up, so that its partition goes on; its requester asks again or reads the order.
/// Any other failure leaves the command unfinished: it comes again.
fn undelivered(topic: &str, error: &KafkaError, on_replied: OnReplied) {
    let is_final = matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownPartition
                | RDKafkaErrorCode::InvalidTopic
                | RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::MessageSizeTooLarge
        )
    );
    log::error!(
        "a reply to {topic} was not delivered{}: {error}",
        if is_final { " and is given up" } else { "" }
    );
    if is_final {
        on_replied();
    }
}
