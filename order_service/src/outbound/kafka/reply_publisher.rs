//! Replies on Kafka, in the form that spring-kafka's requesters expect: no key, the request's correlation id, the requested partition.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use shared::clock::Clock;
use shared::kafka::publisher::{
    OnDelivery, OutboundRecord, Publisher, is_producers_end, is_without_partition,
};
use shared::metrics::IntCounter;
use shared::trace::context::TraceContext;
use shared::wire::event::{Event, EventType, LocalTimestamp};
use shared::wire::headers::{ReplyAddress, in_trace};
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
    second_tries: Sender<SecondTry>,
}

impl ReplyPublisher {
    /// Replies through `publisher`, which must retry without end. Dates are in `zone`. `lost` counts replies that can never be delivered.
    ///
    /// # Errors
    /// When the thread for second tries can't be started.
    pub fn new(
        publisher: Arc<Publisher>,
        clock: Arc<dyn Clock>,
        zone: Tz,
        lost: IntCounter,
    ) -> io::Result<Self> {
        let (second_tries, refused) = channel();
        let again = Arc::downgrade(&publisher);
        thread::Builder::new()
            .name("second-tries".to_owned())
            .spawn(move || try_again(&refused, &again))?;
        Ok(Self {
            publisher,
            clock,
            zone,
            lost,
            second_tries,
        })
    }

    /// Waits until all replies are acknowledged, for at most `wait`. Blocks.
    ///
    /// # Errors
    /// When the time is over first.
    pub fn flush(&self, wait: Duration) -> Result<(), KafkaError> {
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
        let reply = Reply {
            event: reply_event(requester, outcome, self.clock.now(), self.zone),
            address: requester.address.clone(),
            trace,
            lost: self.lost.clone(),
            made_at: Instant::now(),
            second_tries: self.second_tries.clone(),
        };
        reply.publish(&self.publisher, on_replied);
    }
}

/// How long a reply is tried whose partition the producer does not know: the requester may have heard of it before.
const UNKNOWN_PARTITION_WAIT: Duration = Duration::from_secs(5);
/// Between two such tries.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// A reply that was refused and is published once more, as it is now.
struct SecondTry {
    reply: Reply,
    due: Instant,
    on_replied: OnReplied,
}

/// Publishes replies once more, as long as there is a producer. On a thread of its own: the one that acknowledges is the producer's, which
/// can't end itself.
fn try_again(refused: &Receiver<SecondTry>, again: &Weak<Publisher>) {
    for second_try in refused {
        thread::sleep(second_try.due.saturating_duration_since(Instant::now()));
        let Some(publisher) = again.upgrade() else {
            return;
        };
        second_try.reply.publish(&publisher, second_try.on_replied);
    }
}

/// A reply on its way.
struct Reply {
    event: Event<OrderDto>,
    address: ReplyAddress,
    trace: Option<TraceContext>,
    lost: IntCounter,
    made_at: Instant,
    second_tries: Sender<SecondTry>,
}

impl Reply {
    fn publish(self, publisher: &Publisher, on_replied: OnReplied) {
        let payload = match serde_json::to_vec(&self.event) {
            Ok(payload) => payload,
            Err(error) => {
                self.tell_lost(&error);
                return on_replied();
            }
        };
        let headers = self.address.reply_headers();
        let (topic, partition) = (self.address.topic.clone(), self.address.partition);
        let record = OutboundRecord {
            topic: &topic,
            partition,
            key: None,
            payload: Some(&payload),
            headers: match &self.trace {
                Some(context) => in_trace(headers, context),
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
            Err(error) if self.can_be_shorter(&error) => self.shorten(&error, on_replied),
            Err(error) if self.may_be_known_soon(&error) => {
                self.try_again(AGAIN_AFTER, on_replied);
            }
            Err(error) => {
                self.tell_lost(&error);
                on_replied();
            }
        });
        publisher.publish_or_report(record, on_delivery);
    }

    fn can_be_shorter(&self, error: &KafkaError) -> bool {
        let code = error.rdkafka_error_code();
        code == Some(RDKafkaErrorCode::MessageSizeTooLarge)
            && self.event.data.order_line_list.is_some()
    }

    fn may_be_known_soon(&self, error: &KafkaError) -> bool {
        is_without_partition(error) && self.made_at.elapsed() < UNKNOWN_PARTITION_WAIT
    }

    fn try_again(self, after: Duration, on_replied: OnReplied) {
        let second_tries = self.second_tries.clone();
        // An error means that the producer is gone, and the process ends.
        let _ = second_tries.send(SecondTry {
            reply: self,
            due: Instant::now() + after,
            on_replied,
        });
    }

    /// Has it sent without its lines: the requester knows what it has ordered, and needs to know only what became of it.
    fn shorten(mut self, error: &KafkaError, on_replied: OnReplied) {
        log::error!(
            "order={} a reply is too large for {} and is sent without its lines: {error}",
            self.order(),
            self.address.topic
        );
        self.event.data.order_line_list = None;
        self.try_again(Duration::ZERO, on_replied);
    }

    /// Reports a reply that the broker refuses for good. The reply is dropped and its record finished, because otherwise it would hold its
    /// partition's offset back. The order is stored: the requester can send its command again, or read the order.
    fn tell_lost(&self, error: &dyn std::error::Error) {
        self.lost.inc();
        log::error!(
            "order={} a reply to {} can't be delivered and is dropped: {error}",
            self.order(),
            self.address.topic
        );
    }

    fn order(&self) -> &str {
        let number = self.event.data.order_num.as_ref();
        number.map_or("unknown", |number| number.as_str())
    }
}
