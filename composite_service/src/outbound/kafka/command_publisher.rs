//! Publishes commands to Kafka, in the form that spring-kafka listeners expect. The record key is the order number, so that all commands of
//! an order are in one partition and keep their order.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rdkafka::error::KafkaResult;
use shared::clock::Clock;
use shared::kafka::publisher::{OnDelivery, OutboundRecord, Publisher, is_refusal};
use shared::reason::Reason;
use shared::trace::Trail;
use shared::wire::event::{Event, EventType, LocalTimestamp};
use shared::wire::headers::{ReplyAddress, in_trace};
use shared::wire::order_dto::{OrderDto, PaymentDto, RefundDto, RefundStatus};

use crate::domain::order::{Idempotency, OrderCommand, RefundOutcome};
use crate::ports::order_bus::{BusError, OnUndelivered, OrderBus, Undelivered};
use crate::steps;

/// Publishes commands.
pub struct CommandPublisher {
    publisher: Publisher,
    topic: String,
    clock: Arc<dyn Clock>,
    zone: Tz,
}

impl CommandPublisher {
    /// Publishes to `topic` with `publisher`, which must have a delivery timeout: otherwise a command could be delivered much later. Dates
    /// are the local time of `clock` in `zone`.
    #[must_use]
    pub fn new(publisher: Publisher, topic: &str, clock: Arc<dyn Clock>, zone: Tz) -> Self {
        Self {
            publisher,
            topic: topic.to_owned(),
            clock,
            zone,
        }
    }

    /// Waits until all commands are acknowledged or have failed, for `wait` at most. Blocks the thread.
    ///
    /// # Errors
    /// When the time is over before that.
    pub fn flush(&self, wait: Duration) -> KafkaResult<()> {
        self.publisher.flush(wait)
    }
}

/// The record's value for `command`, made at `now`; dates are in `zone`.
#[must_use]
pub fn command_event(command: &OrderCommand, now: DateTime<Utc>, zone: Tz) -> Event<OrderDto> {
    let (event_type, data) = body(command);
    Event {
        event_type,
        key: command.number().as_str().to_owned(),
        data,
        event_created_at: Some(LocalTimestamp(now.with_timezone(&zone).naive_local())),
    }
}

fn body(command: &OrderCommand) -> (EventType, OrderDto) {
    let named = OrderDto {
        order_num: Some(command.number().clone()),
        ..OrderDto::default()
    };
    match command {
        OrderCommand::Create { basket, .. } => {
            let data = OrderDto {
                order_line_list: Some(basket.lines.clone()),
                coupon_id: basket.coupon_id,
                payment: basket.payment.as_ref().map(PaymentDto::from),
                request_id: Some(basket.request_id.clone()),
                member_id: basket.member.clone(),
                ..keyed(named, basket.idempotency.as_ref())
            };
            (EventType::OrderCreate, data)
        }
        OrderCommand::Pay {
            payment,
            idempotency,
            ..
        } => {
            let data = OrderDto {
                payment: Some(PaymentDto::from(payment)),
                ..keyed(named, idempotency.as_ref())
            };
            (EventType::OrderPay, data)
        }
        OrderCommand::Approve { payment, .. } => (
            EventType::OrderApprove,
            OrderDto {
                payment: Some(PaymentDto::from(payment)),
                ..named
            },
        ),
        OrderCommand::Reject { reason, detail, .. } => (
            EventType::OrderReject,
            OrderDto {
                reject_reason: Some(*reason),
                reject_detail: detail.clone(),
                ..named
            },
        ),
        OrderCommand::Settle { .. } => (EventType::OrderSettle, named),
        OrderCommand::Cancel { cancellation, .. } => {
            let refund = cancellation.pieces.clone().map(|pieces| RefundDto {
                order_line_list: Some(pieces),
                ..RefundDto::default()
            });
            let data = OrderDto {
                refund,
                ..keyed(named, Some(&cancellation.idempotency))
            };
            (EventType::OrderCancel, data)
        }
        OrderCommand::EndRefund {
            refund, outcome, ..
        } => {
            let (status, reject_reason) = match outcome {
                RefundOutcome::Done => (RefundStatus::Done, None),
                RefundOutcome::Refused => (RefundStatus::Refused, Some(Reason::RefundRefused)),
                RefundOutcome::NotNow => (RefundStatus::Refused, Some(Reason::RefundUnavailable)),
            };
            let refund = RefundDto {
                refund_num: Some(*refund),
                status: Some(status),
                ..RefundDto::default()
            };
            let data = OrderDto {
                refund: Some(refund),
                reject_reason,
                ..named
            };
            (EventType::OrderRefund, data)
        }
    }
}

fn keyed(named: OrderDto, idempotency: Option<&Idempotency>) -> OrderDto {
    OrderDto {
        idempotency_key: idempotency.map(|idempotency| idempotency.key.as_str().to_owned()),
        fingerprint: idempotency.map(|idempotency| idempotency.fingerprint.as_str().to_owned()),
        ..named
    }
}

impl OrderBus for CommandPublisher {
    fn publish(
        &self,
        command: &OrderCommand,
        reply_address: &ReplyAddress,
        trail: &Trail,
        on_undelivered: OnUndelivered,
    ) -> Result<(), BusError> {
        let event = command_event(command, self.clock.now(), self.zone);
        let payload = serde_json::to_vec(&event).map_err(|error| BusError(error.to_string()))?;
        let record = OutboundRecord {
            topic: &self.topic,
            partition: None,
            key: Some(command.number().as_str().as_bytes()),
            payload: Some(&payload),
            headers: in_trace(reply_address.request_headers(), &trail.context()),
        };
        // Marked before publishing: the acknowledgement comes on another thread, and could otherwise be marked first.
        trail.mark(steps::PUBLISHED);
        let trail = trail.clone();
        let on_delivery: OnDelivery = Box::new(move |result| match result {
            Ok(()) => trail.mark(steps::ACKNOWLEDGED),
            Err(error) if is_refusal(&error) => {
                log::error!("{trail} the brokers refuse a command: {error}");
                on_undelivered(Undelivered::Refused);
            }
            Err(error) => {
                log::warn!("{trail} a command was not acknowledged: {error}");
                on_undelivered(Undelivered::Unknown);
            }
        });
        self.publisher
            .publish(record, on_delivery)
            .map_err(|error| BusError(error.to_string()))
    }
}
