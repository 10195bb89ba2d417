//! What several tests need. Must not know any single part.

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::{Offset, TopicPartitionList};
use stack::{Place, Topic};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A folder that is gone after the test.
pub(crate) fn place() -> (TempDir, Place) {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::under(folder.path()).unwrap();
    (folder, place)
}

pub(crate) fn topic(name: &str, partitions: i32) -> Topic {
    Topic {
        name: name.to_owned(),
        partitions,
    }
}

/// Sends one record and waits until the broker has it.
pub(crate) fn send(bootstrap: &str, topic: &str, text: &str) {
    let producer: ThreadedProducer<DefaultProducerContext> = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("acks", "all")
        .create()
        .unwrap();
    producer
        .send(BaseRecord::<(), str>::to(topic).payload(text).partition(0))
        .map_err(|(error, _)| error)
        .unwrap();
    producer.flush(Duration::from_secs(20)).unwrap();
}

/// The first `count` records of partition 0.
pub(crate) fn records(bootstrap: &str, topic: &str, count: usize) -> Vec<String> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "look")
        .create()
        .unwrap();
    let mut partitions = TopicPartitionList::new();
    partitions
        .add_partition_offset(topic, 0, Offset::Beginning)
        .unwrap();
    consumer.assign(&partitions).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut found = Vec::new();
    while found.len() < count && Instant::now() < deadline {
        if let Some(Ok(record)) = consumer.poll(Duration::from_millis(200)) {
            found.push(String::from_utf8(record.payload().unwrap().to_vec()).unwrap());
        }
    }
    found
}

pub(crate) fn partitions_of(bootstrap: &str, topic: &str) -> usize {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .create()
        .unwrap();
    let metadata = consumer
        .fetch_metadata(Some(topic), Duration::from_secs(10))
        .unwrap();
    metadata.topics()[0].partitions().len()
}

/// Whether a process of that id is there.
pub(crate) fn exists(pid: u32) -> bool {
    std::path::Path::new(&format!("/proc/{pid}")).exists()
}
