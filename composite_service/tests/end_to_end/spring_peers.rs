//! Peers that know nothing of ours: what a Spring composite sends is answered, and what a Spring order service answers is understood.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders, OwnedMessage};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};
use serde_json::Value;
use stack::Broker;

use crate::Behaviour;
use crate::mall::Mall;

const WAIT: Duration = Duration::from_secs(30);
const TYPE_ID: &[u8] = b"me.hanwool.mallutilapp.event.Event";

pub(crate) const BEHAVIOURS: &[Behaviour] = &[
    (
        "spring_peers::composite::gets_its_pending_order",
        spring_composite,
    ),
    (
        "spring_peers::composite::of_any_class_can_read_its_replies",
        other_classes,
    ),
    (
        "spring_peers::composite::gets_an_order_that_can_be_read_whatever_its_clock_says",
        strange_clocks,
    ),
    ("spring_peers::poison::set_aside_and_answered", poison),
];

/// A client of both topics without any of our code: sends raw records, and finds the replies by their correlation ids.
pub(crate) struct Peer {
    producer: BaseProducer,
    consumer: BaseConsumer,
}

impl Peer {
    pub(crate) fn new(mall: &Mall) -> Self {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", mall.stack.bootstrap_servers())
            .set("group.id", "unused");
        let consumer: BaseConsumer = config.create().expect("a consumer");
        let producer = config.create().expect("a producer");
        let metadata = consumer
            .fetch_metadata(Some("composite"), WAIT)
            .expect("metadata");
        let mut ends = TopicPartitionList::new();
        for partition in metadata.topics()[0].partitions() {
            let (_, end) = consumer
                .fetch_watermarks("composite", partition.id(), WAIT)
                .expect("watermarks");
            ends.add_partition_offset("composite", partition.id(), Offset::Offset(end))
                .expect("a partition");
        }
        consumer.assign(&ends).expect("an assignment");
        Self { producer, consumer }
    }

    /// Where the topic's only partition ends.
    fn end_of(&self, topic: &str) -> i64 {
        self.consumer
            .fetch_watermarks(topic, 0, WAIT)
            .expect("watermarks")
            .1
    }

    fn send(&self, key: &str, value: Option<&[u8]>, correlation_id: &[u8], more: &[(&str, &[u8])]) {
        self.send_at(None, key, value, correlation_id, more);
    }

    /// With this timestamp, in whatever unit.
    fn send_at(
        &self,
        timestamp: Option<i64>,
        key: &str,
        value: Option<&[u8]>,
        correlation_id: &[u8],
        more: &[(&str, &[u8])],
    ) {
        let mut headers = OwnedHeaders::new()
            .insert(Header {
                key: "kafka_replyTopic",
                value: Some("composite"),
            })
            .insert(Header {
                key: "kafka_correlationId",
                value: Some(correlation_id),
            });
        for (key, value) in more {
            headers = headers.insert(Header {
                key,
                value: Some(*value),
            });
        }
        let mut record = BaseRecord::<str, [u8]>::to("orders")
            .key(key)
            .headers(headers);
        record.payload = value;
        record.timestamp = timestamp;
        self.producer
            .send(record)
            .unwrap_or_else(|(error, _)| panic!("{error}"));
    }

    /// The replies to these correlation ids, as far as they come in time.
    fn replies(&self, correlation_ids: &[Vec<u8>]) -> HashMap<Vec<u8>, OwnedMessage> {
        self.producer.flush(WAIT).expect("records are delivered");
        let mut replies = HashMap::new();
        let deadline = Instant::now() + WAIT;
        while replies.len() < correlation_ids.len() && Instant::now() < deadline {
            let Some(Ok(record)) = self.consumer.poll(Duration::from_millis(50)) else {
                continue;
            };
            let correlation_id = header(record.headers(), "kafka_correlationId");
            if correlation_ids.contains(&correlation_id) {
                assert!(
                    replies.insert(correlation_id, record.detach()).is_none(),
                    "a doubled reply"
                );
            }
        }
        replies
    }

    /// Sends these commands about one order at once; their replies' values.
    pub(crate) fn ask_all(&self, key: &str, commands: &[String]) -> Vec<Value> {
        let ids: Vec<Vec<u8>> = (0..commands.len())
            .map(|_| uuid::Uuid::new_v4().as_bytes().to_vec())
            .collect();
        for (command, id) in commands.iter().zip(&ids) {
            self.send(
                key,
                Some(command.as_bytes()),
                id,
                &[("__TypeId__", TYPE_ID)],
            );
        }
        self.replies(&ids)
            .into_values()
            .map(|record| value(&record))
            .collect()
    }
}

fn header<H: Headers>(headers: Option<&H>, name: &str) -> Vec<u8> {
    let found = headers.and_then(|headers| headers.iter().find(|header| header.key == name));
    found
        .and_then(|header| header.value)
        .unwrap_or_default()
        .to_vec()
}

fn value(record: &OwnedMessage) -> Value {
    serde_json::from_slice(record.payload().expect("a value")).expect("JSON")
}

fn spring_composite(mall: &Mall) {
    let peer = Peer::new(mall);
    let create = br#"{"eventType":"ORDER_CREATE","key":"20261123011540","data":{"orderNum":null,"orderLineList":null,"status":null},"eventCreatedAt":[2026,11,23,1,15,40,582933504]}"#;
    let id = uuid::Uuid::new_v4().as_bytes().to_vec();
    // Twice, as after a rebalance: one order.
    peer.send(
        "20261123011540",
        Some(create),
        &id,
        &[("__TypeId__", TYPE_ID), ("spring_json_header_types", b"{}")],
    );
    let reply = peer
        .replies(std::slice::from_ref(&id))
        .remove(&id)
        .expect("a reply");
    assert_eq!(reply.key(), None);
    assert_eq!(header(reply.headers(), "__TypeId__"), TYPE_ID);
    let first = value(&reply);
    assert_eq!(
        (&first["eventType"], &first["key"]),
        (
            &Value::from("ORDER_CREATED"),
            &Value::from("20261123011540")
        )
    );
    assert_eq!(first["data"]["orderLineList"], Value::Array(Vec::new()));
    assert_eq!(first["data"]["status"], "CREATED");
    assert!((5..=7).contains(&first["eventCreatedAt"].as_array().expect("an array").len()));

    let number = first["data"]["orderNum"]
        .as_str()
        .expect("a number")
        .to_owned();
    mall.run(mall.get(&format!("/open-api/order/{number}")))
        .assert_order("CREATED");

    peer.send(
        "20261123011540",
        Some(create),
        &id,
        &[("__TypeId__", TYPE_ID)],
    );
    let again = peer
        .replies(std::slice::from_ref(&id))
        .remove(&id)
        .expect("a reply");
    assert_eq!(value(&again)["data"], first["data"]);
}

fn other_classes(mall: &Mall) {
    let peer = Peer::new(mall);
    let create =
        br#"{"eventType":"ORDER_CREATE","key":"k","data":{},"eventCreatedAt":"2026-11-23T01:15"}"#;
    let classes: [&[(&str, &[u8])]; 2] = [&[], &[("__TypeId__", TYPE_ID)]];
    for (value, kind) in [(&create[..], "ORDER_CREATED"), (b"{}", "ORDER_REJECTED")] {
        for class in classes {
            let id = uuid::Uuid::new_v4().as_bytes().to_vec();
            peer.send("k", Some(value), &id, class);
            let reply = peer.replies(std::slice::from_ref(&id)).remove(&id);
            let reply = reply.expect("a reply");
            let named = class.first().map_or(&b""[..], |(_, name)| *name);
            assert_eq!(header(reply.headers(), "__TypeId__"), named);
            assert_eq!(self::value(&reply)["eventType"], kind);
        }
    }
}

fn strange_clocks(mall: &Mall) {
    let peer = Peer::new(mall);
    let create = br#"{"eventType":"ORDER_CREATE","data":{"orderNum":null}}"#;
    let seconds = 1_795_363_540;
    let mut timestamps = vec![0, 1, seconds];
    if matches!(mall.stack.broker, Broker::Embedded(_)) {
        // Kafka itself refuses what is further in the future than an hour.
        timestamps.extend([seconds * 1_000_000, seconds * 1_000_000_000, i64::MAX]);
    }
    for timestamp in timestamps {
        for key in ["", "99991231235959", "00010101000000"] {
            let id = uuid::Uuid::new_v4().as_bytes().to_vec();
            peer.send_at(
                Some(timestamp),
                key,
                Some(create),
                &id,
                &[("__TypeId__", TYPE_ID)],
            );
            let reply = peer.replies(std::slice::from_ref(&id)).remove(&id);
            let told = value(&reply.expect("a reply"));
            let number = told["data"]["orderNum"].as_str().expect("a number");
            let placed = told["data"]["createdDate"].as_str().expect("a date");
            let digits: String = placed.chars().filter(char::is_ascii_digit).collect();
            assert_eq!(number[..14], digits[..14], "{timestamp} {key}");
            mall.run(mall.get(&format!("/open-api/order/{number}")))
                .assert_order("CREATED");
        }
    }
}

fn poison(mall: &Mall) {
    let peer = Peer::new(mall);
    let dead_letters = peer.end_of("orders-dlt");
    let key = "20261123011541";
    let poisons: [Option<&[u8]>; 4] = [
        Some(b"\x00\xff garbage"),
        None,
        Some(b"{}"),
        Some(br#"{"eventType":"ORDER_SHIPPED","data":{}}"#),
    ];
    let mut ids = Vec::new();
    for poison in poisons {
        ids.push(uuid::Uuid::new_v4().as_bytes().to_vec());
        peer.send(key, poison, &ids[ids.len() - 1], &[]);
    }
    let sound = br#"{"eventType":"ORDER_REJECT","key":"1","data":{"orderNum":"1","rejectReason":"EXPIRED"},"eventCreatedAt":[2026,11,23,1,15]}"#;
    let sound_id = b"any length is legal".to_vec();
    peer.send(key, Some(sound), &sound_id, &[]);
    ids.push(sound_id.clone());
    let mut replies = peer.replies(&ids);
    assert_eq!(
        value(&replies.remove(&sound_id).expect("the partition goes on"))["data"]["rejectReason"],
        "UNKNOWN_ORDER"
    );
    assert_eq!(peer.end_of("orders-dlt"), dead_letters + 4);
    assert_eq!(replies.len(), 4);
    for reply in replies.values() {
        let reply = value(reply);
        assert_eq!(
            (&reply["eventType"], &reply["data"]["rejectReason"]),
            (&"ORDER_REJECTED".into(), &"MALFORMED_COMMAND".into())
        );
    }
}
