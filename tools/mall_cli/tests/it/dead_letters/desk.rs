//! A broker with dead letters, and the program that looks after them. Must not know what is tested.

use crate::support::{place, topic};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders, OwnedMessage};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde_json::Value;
use shared::kafka::dead_letters::{
    EXCEPTION, EXCEPTION_MESSAGE, ORIGINAL_OFFSET, ORIGINAL_PARTITION, ORIGINAL_TOPIC, REDRIVES,
};
use stack::{Broker, BrokerKind};
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const MALL: &str = env!("CARGO_BIN_EXE_mall_cli");
const SERVERS: &str = "KAFKA_BOOTSTRAP_SERVERS";
pub(super) const LIMIT: Duration = Duration::from_secs(20);

/// Not UTF-8, so that it is shown as hex and must come back byte by byte.
pub(super) const BYTES: &[u8] = b"\x00poison\xff";

/// A broker with the mall's topics, and a folder in which no mall runs.
pub(super) struct Desk {
    pub(super) folder: TempDir,
    broker: Broker,
}

impl Desk {
    pub(super) fn new(kind: BrokerKind) -> Self {
        let (folder, place) = place();
        let mut broker = Broker::start(kind, &place, 0).unwrap();
        for (name, partitions) in [
            ("orders", 4),
            ("composite", 2),
            ("orders-dlt", 1),
            ("composite-dlt", 1),
        ] {
            broker.create_topic(&topic(name, partitions)).unwrap();
        }
        Self { folder, broker }
    }

    pub(super) fn servers(&self) -> &str {
        self.broker.bootstrap_servers()
    }

    pub(super) fn dlt(&self, args: &[&str]) -> Output {
        self.command(args)
            .env(SERVERS, self.servers())
            .output()
            .unwrap()
    }

    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(MALL);
        command.arg("dlt").args(args);
        command.arg("--data-dir").arg(self.folder.path());
        command.env_remove(SERVERS);
        command
    }

    /// The letters that wait, or all of them.
    pub(super) fn list(&self, args: &[&str]) -> Vec<Value> {
        let output = self.dlt(&[&["list", "--json"], args].concat());
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    pub(super) fn names(&self, args: &[&str]) -> Vec<String> {
        let name = |row: &Value| {
            let topic = row["topic"].as_str().unwrap();
            format!("{topic}/{}/{}", row["partition"], row["offset"])
        };
        self.list(args).iter().map(name).collect()
    }

    /// A letter as a service sets it aside, from partition 3 of `orders`.
    pub(super) fn set_aside(&self, value: Option<&[u8]>, redrives: Option<i32>) {
        let count = redrives.map(i32::to_be_bytes);
        let mut headers = vec![
            ("kafka_correlationId", &b"\xff\x01"[..]),
            (ORIGINAL_TOPIC, b"orders"),
            (ORIGINAL_PARTITION, &[0, 0, 0, 3]),
            (ORIGINAL_OFFSET, &[0, 0, 0, 0, 0, 0, 0, 42]),
            (EXCEPTION, b"MalformedCommand"),
            (EXCEPTION_MESSAGE, b"no \x1bvalue"),
        ];
        headers.extend(count.as_ref().map(|count| (REDRIVES, &count[..])));
        self.send("orders-dlt", value, &headers);
    }

    pub(super) fn send(&self, topic: &str, value: Option<&[u8]>, headers: &[(&str, &[u8])]) {
        let producer: ThreadedProducer<DefaultProducerContext> = ClientConfig::new()
            .set("bootstrap.servers", self.servers())
            .set("acks", "all")
            .create()
            .unwrap();
        let headers = headers
            .iter()
            .fold(OwnedHeaders::new(), |headers, (key, value)| {
                headers.insert(Header {
                    key,
                    value: Some(*value),
                })
            });
        let mut record = BaseRecord::to(topic)
            .key("order-1")
            .partition(0)
            .headers(headers);
        record.payload = value;
        producer.send(record).map_err(|(error, _)| error).unwrap();
        producer.flush(LIMIT).unwrap();
    }

    /// All that a partition of `orders` holds.
    pub(super) fn orders(&self, partition: i32) -> Vec<OwnedMessage> {
        self.records("orders", partition)
    }

    /// All that a partition holds.
    pub(super) fn records(&self, topic: &str, partition: i32) -> Vec<OwnedMessage> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", self.servers())
            .set("group.id", "look")
            .create()
            .unwrap();
        let (low, high) = consumer.fetch_watermarks(topic, partition, LIMIT).unwrap();
        let mut wanted = TopicPartitionList::new();
        wanted
            .add_partition_offset(topic, partition, Offset::Beginning)
            .unwrap();
        consumer.assign(&wanted).unwrap();
        let deadline = Instant::now() + LIMIT;
        let mut found = Vec::new();
        while found.len() < usize::try_from(high - low).unwrap() && Instant::now() < deadline {
            if let Some(record) = consumer.poll(Duration::from_millis(200)) {
                found.push(record.unwrap().detach());
            }
        }
        found
    }
}

pub(super) fn headers_of(record: &OwnedMessage) -> Vec<(&str, &[u8])> {
    let headers = record.headers().unwrap();
    headers
        .iter()
        .map(|header| (header.key, header.value.unwrap()))
        .collect()
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(super) fn assert_ends(output: &Output, code: i32, said: &str) {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    let all = text(&output.stdout) + &text(&output.stderr);
    assert!(all.contains(said), "{said}: {all}");
}
