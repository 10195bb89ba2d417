//! Somebody else who writes to the commands' topic: sends records that are no commands, and commands of its own. Must not read anything.

use anyhow::{Context, Result};
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use shared::wire::headers::{CORRELATION_ID, EVENT_TYPE_ID, REPLY_TOPIC, TYPE_ID};
use std::time::Duration;

/// The header by which a record that is no command is known again.
pub(crate) const POISON: &str = "mall-check-poison";

const ORDERS: &str = "orders";
const FLUSH_LIMIT: Duration = Duration::from_secs(60);

/// What no order service can make sense of.
const POISONS: [Option<&str>; 6] = [
    Some("\u{0} garbage"),
    None,
    Some("{}"),
    Some(r#"{"eventType":"ORDER_SHIPPED","key":"1","data":{}}"#),
    Some(r#"{"eventType":"ORDER_APPROVE","key":"1","data":{"orderNum":"no number"}}"#),
    Some(r#"{"eventType":"ORDER_CREATE","key":"1","data":[1,2,3]}"#),
];

/// A producer beside the mall.
pub(crate) struct Peer {
    producer: ThreadedProducer<DefaultProducerContext>,
}

impl Peer {
    /// Of these brokers. It never gives a record up, and sends none twice.
    pub(crate) fn new(bootstrap_servers: &str) -> Result<Self> {
        let producer = ClientConfig::new()
            .set("bootstrap.servers", bootstrap_servers)
            .set("enable.idempotence", "true")
            .set("message.timeout.ms", "0")
            .set("reconnect.backoff.max.ms", "500")
            .create()
            .context("cannot make a Kafka producer")?;
        Ok(Self { producer })
    }

    /// Sends the `nth` record that is no command; every other one asks for a reply.
    pub(crate) fn poison(&self, round: u32, nth: usize) -> Result<()> {
        // sixteen bytes, as a composite's own
        let name = format!("poison{round:05}{nth:05}");
        let mut headers = OwnedHeaders::new().insert(Header {
            key: POISON,
            value: Some(&name),
        });
        if nth.is_multiple_of(2) {
            headers = with_reply(headers, &name);
        }
        let mut record = BaseRecord::<str, str>::to(ORDERS)
            .key(&name)
            .headers(headers);
        record.payload = POISONS[(nth + round as usize) % POISONS.len()];
        self.producer
            .send(record)
            .map_err(|(error, _)| error)
            .context("cannot send a poison record")
    }

    /// Rejects the order by a command, as a composite does whose payment was declined.
    pub(crate) fn reject(&self, order: &str) -> Result<()> {
        let command = format!(
            r#"{{"eventType":"ORDER_REJECT","key":"{order}","data":{{"orderNum":"{order}","rejectReason":"PAYMENT_DECLINED"}},"eventCreatedAt":[2026,11,23,1,15]}}"#
        );
        let correlation = &order[order.len().saturating_sub(16)..];
        let headers = with_reply(OwnedHeaders::new(), correlation).insert(Header {
            key: TYPE_ID,
            value: Some(EVENT_TYPE_ID),
        });
        self.producer
            .send(
                BaseRecord::<str, str>::to(ORDERS)
                    .key(order)
                    .payload(&command)
                    .headers(headers),
            )
            .map_err(|(error, _)| error)
            .context("cannot send a rejection")
    }

    /// Waits until the brokers have everything.
    pub(crate) fn flush(&self) -> Result<()> {
        self.producer
            .flush(FLUSH_LIMIT)
            .context("the brokers did not take what the check sent")
    }
}

fn with_reply(headers: OwnedHeaders, correlation: &str) -> OwnedHeaders {
    headers
        .insert(Header {
            key: REPLY_TOPIC,
            value: Some("composite"),
        })
        .insert(Header {
            key: CORRELATION_ID,
            value: Some(correlation),
        })
}
