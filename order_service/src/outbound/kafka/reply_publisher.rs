//! Replies on Kafka, in the form that spring-kafka's requesters expect: no key, the request's correlation id, the requested partition.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rdkafka::error::KafkaError;
use shared::clock::Clock;
use shared::kafka::publisher::{OnDelivery, OutboundRecord, Publisher, is_producers_end};
use shared::metrics::IntCounter;
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
    lost: IntCounter,
}

impl ReplyPublisher {
    /// Replies through `publisher`, which must retry without end. Dates are in `zone`. `lost` counts replies that can never be delivered.
    #[must_use]
    pub fn new(
        publisher: Arc<Publisher>,
        clock: Arc<dyn Clock>,
        zone: Tz,
        lost: IntCounter,
    ) -> Self {
        Self {
            publisher,
            clock,
            zone,
            lost,
        }
    }

    /// Waits until all replies are acknowledged, for at most `wait`. Blocks.
    ///
    /// # Errors
    /// When the time is over first.
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

/// The current order, with the reason if the command was refused.
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
        let lost = LostReply {
            topic: requester.address.topic.clone(),
            order: outcome.number.as_ref().map(ToString::to_string),
            counter: self.lost.clone(),
        };
        let payload = match serde_json::to_vec(&event) {
            Ok(payload) => payload,
            Err(error) => {
                lost.tell(&error);
                return on_replied();
            }
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
        let on_delivery: OnDelivery = Box::new(move |result| match result {
            Ok(()) => on_replied(),
            Err(error) if is_producers_end(&error) => {
                // The record is not finished, so its offset stays uncommitted and the next owner reads it again.
                log::warn!(
                    "a reply was not delivered before the end; its command is redelivered: {error}"
                );
            }
            Err(error) => {
                lost.tell(&error);
                on_replied();
            }
        });
        self.publisher.publish_or_report(record, on_delivery);
    }
}

/// Reports a reply that the broker refuses for good. The reply is dropped and its record finished, because otherwise it would hold its
/// partition's offset back. The order is stored: the requester can send its command again, or read the order.
struct LostReply {
    topic: String,
    order: Option<String>,
    counter: IntCounter,
}

impl LostReply {
    fn tell(&self, error: &dyn std::error::Error) {
        self.counter.inc();
        let order = self.order.as_deref().unwrap_or("unknown");
        log::error!(
            "order={order} a reply to {} can't be delivered and is dropped: {error}",
            self.topic
        );
    }
}
