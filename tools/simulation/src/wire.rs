//! What goes over Kafka, in the real encoding: commands to the order service, replies to composites.

use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use composite_service::domain::order as asked;
use composite_service::outbound::kafka::command_publisher::command_event;
use order_service::outbound::kafka::reply_publisher::reply_event;
use order_service::ports::reply_sink::{CommandOutcome, Requester};
use rdkafka::Timestamp;
use rdkafka::message::OwnedMessage;
use shared::order_number::OrderNumber;
use shared::wire::headers::{EVENT_TYPE_ID, ReplyAddress};
use uuid::Uuid;

/// The topic of commands.
pub const ORDERS: &str = "orders";
/// The topic of replies.
pub const COMPOSITE: &str = "composite";
/// The zone of order numbers and dates.
pub const ZONE: Tz = chrono_tz::Asia::Seoul;

/// A command in a composite's producer.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Whose reply is waited for.
    pub id: Uuid,
    /// The order that is spoken of.
    pub number: OrderNumber,
    /// What it asks, in a word.
    pub name: &'static str,
    /// When it was handed to the producer.
    pub since: Duration,
    payload: Vec<u8>,
    address: ReplyAddress,
}

impl Outgoing {
    /// A command whose reply is wanted in `partition` of the reply topic.
    #[must_use]
    pub fn new(
        id: Uuid,
        command: &asked::OrderCommand,
        partition: i32,
        (since, now): (Duration, DateTime<Utc>),
    ) -> Self {
        Self {
            id,
            number: command.number().clone(),
            name: command.name(),
            since,
            payload: serde_json::to_vec(&command_event(command, now, ZONE)).unwrap_or_default(),
            address: ReplyAddress {
                topic: COMPOSITE.to_owned(),
                partition: Some(partition),
                correlation_id: Some(id.as_bytes().to_vec()),
                type_id: Some(EVENT_TYPE_ID.into()),
            },
        }
    }

    /// The record that a consumer reads.
    #[must_use]
    pub fn record(&self, topic: &str, partition: i32, offset: i64) -> OwnedMessage {
        OwnedMessage::new(
            Some(self.payload.clone()),
            Some(self.number.as_str().as_bytes().to_vec()),
            topic.to_owned(),
            Timestamp::NotAvailable,
            partition,
            offset,
            Some(self.address.request_headers()),
        )
    }
}

/// A reply on its way.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The partition that its command named.
    pub partition: usize,
    /// Whose it is.
    pub id: Uuid,
    /// The record's value.
    pub payload: Vec<u8>,
}

impl Reply {
    /// The reply to `requester`; `None` when its address is none of this world's.
    #[must_use]
    pub fn new(
        requester: &Requester,
        outcome: &CommandOutcome,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let id = requester.address.correlation_id.as_deref()?;
        Some(Self {
            partition: usize::try_from(requester.address.partition?).ok()?,
            id: Uuid::from_slice(id).ok()?,
            payload: serde_json::to_vec(&reply_event(requester, outcome, now, ZONE)).ok()?,
        })
    }
}
