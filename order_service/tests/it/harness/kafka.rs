//! Both ends of Kafka as a composite has them: commands go in with headers, replies come out of all partitions.

use std::thread;
use std::time::{Duration, Instant};

use actix::System;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::{Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use rdkafka::{Offset, TopicPartitionList};
use shared::kafka::committed;
use shared::kafka::config::{KafkaSettings, TopicSettings};
use shared::kafka::dead_letters::dead_letter_topic;
use shared::kafka::security::KafkaSecurity;
use shared::kafka::topic_state::TopicId;
use shared::kafka::topics::{self, Side};
use stack::{Broker, BrokerKind, Place, Topic};
use tempfile::TempDir;

use super::shop::LONGEST_WAIT;
use crate::golden::pairs;

/// Partitions of each topic.
pub(crate) const PARTITIONS: i32 = 4;

/// A broker with the topics `orders` and `composite`, and a composite's producer.
pub(crate) struct TestBroker {
    pub(crate) settings: KafkaSettings,
    producer: ThreadedProducer<DefaultProducerContext>,
    broker: Broker,
    _folder: TempDir,
}

/// A record to be sent.
#[derive(Clone)]
pub(crate) struct Outgoing<'a> {
    pub(crate) partition: Option<i32>,
    pub(crate) key: Option<&'a str>,
    pub(crate) value: Option<&'a [u8]>,
    pub(crate) headers: OwnedHeaders,
}

/// A record as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) partition: i32,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
}

impl Seen {
    /// The value of a record that has text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(self.value.as_ref().unwrap()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers
            .iter()
            .find(|(header, _)| header == name)
            .map(|(_, value)| value.as_slice())
    }
}

impl TestBroker {
    /// In this process, there at once.
    pub(crate) fn embedded() -> Self {
        let mut broker = Self::without_topics(BrokerKind::Embedded);
        let settings = broker.settings.clone();
        let dead_letters = TopicSettings {
            name: dead_letter_topic(&settings.orders.name),
            partitions: 1,
        };
        for topic in [settings.orders, settings.composite, dead_letters] {
            broker
                .broker
                .create_topic(&Topic {
                    name: topic.name,
                    partitions: topic.partitions,
                })
                .unwrap();
        }
        broker
    }

    /// A real Kafka, whose topics the order service makes.
    pub(crate) fn kafka() -> Self {
        let broker = Self::without_topics(BrokerKind::Kafka);
        // The second time they are there already.
        for _ in 0..2 {
            broker.ensure_topics();
        }
        broker
    }

    fn without_topics(kind: BrokerKind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let broker = Broker::start(kind, &Place::under(folder.path()).unwrap(), 0).unwrap();
        let topic = |name: &str| TopicSettings {
            name: name.to_owned(),
            partitions: PARTITIONS,
        };
        let settings = KafkaSettings {
            bootstrap_servers: broker.bootstrap_servers().to_owned(),
            security: KafkaSecurity::default(),
            session_timeout: match kind {
                // The embedded broker makes every rebalance last a second less than this.
                BrokerKind::Embedded => Duration::from_secs(3),
                // Long beside what a handover takes that does not wait for it.
                BrokerKind::Kafka | BrokerKind::SecureKafka | BrokerKind::KafkaCluster => {
                    Duration::from_secs(12)
                }
            },
            fetch_wait_max: Duration::from_millis(10),
            replication_factor: 1,
            orders: topic("orders"),
            composite: topic("composite"),
        };
        // A stranger may send larger records than we do.
        let producer = settings
            .producer(Some(LONGEST_WAIT))
            .set("message.max.bytes", "4000000")
            .create()
            .unwrap();
        Self {
            settings,
            producer,
            broker,
            _folder: folder,
        }
    }

    /// Has the embedded broker refuse the next records that anybody produces, each request for its own reason.
    pub(crate) fn refuse_next(&self, reasons: &'static [RDKafkaRespErr]) {
        let Broker::Embedded(broker) = &self.broker else {
            panic!("only the embedded broker can")
        };
        broker
            .with(|cluster| cluster.request_errors(RDKafkaApiKey::Produce, reasons))
            .unwrap();
    }

    /// Makes a topic whose records must have keys. Real Kafka only.
    pub(crate) fn create_compacted(&self, name: &str) {
        let topic = NewTopic::new(name, PARTITIONS, TopicReplication::Fixed(1))
            .set("cleanup.policy", "compact");
        let admin = self.admin();
        let created = admin.create_topics([&topic], &AdminOptions::new());
        System::new().block_on(created).unwrap().remove(0).unwrap();
    }

    /// Deletes the topic of dead letters. Real Kafka only.
    pub(crate) fn delete_dead_letters(&self) {
        let name = dead_letter_topic(&self.settings.orders.name);
        self.broker.delete_topic(&name).unwrap();
    }

    /// Deletes the topic of commands. Real Kafka only.
    pub(crate) fn delete_orders(&self) {
        self.broker
            .delete_topic(&self.settings.orders.name)
            .unwrap();
    }

    /// Has the topic of replies refuse larger records than this, in bytes. Real Kafka only.
    pub(crate) fn limit_replies(&self, max_bytes: u32) {
        let limit = ("max.message.bytes", &*max_bytes.to_string());
        let topic = &self.settings.composite.name;
        self.broker.set_topic(topic, limit).unwrap();
    }

    /// Makes the topic of commands, with so many partitions.
    pub(crate) fn make_orders(&mut self, partitions: i32) {
        let topic = self.orders(partitions);
        self.broker.create_topic(&topic).unwrap();
    }

    /// Gives the topic of commands so many partitions. Real Kafka only.
    pub(crate) fn enlarge_orders(&self, partitions: i32) {
        self.broker.enlarge_topic(&self.orders(partitions)).unwrap();
    }

    fn orders(&self, partitions: i32) -> Topic {
        Topic {
            name: self.settings.orders.name.clone(),
            partitions,
        }
    }

    /// The same broker through another producer, which compresses by this codec.
    pub(crate) fn compress_by(&mut self, codec: &str) {
        self.producer = self
            .settings
            .producer(Some(LONGEST_WAIT))
            .set("compression.type", codec)
            .set("linger.ms", "20")
            .create()
            .unwrap();
    }

    /// Sends a command as a transaction, which leaves a mark in the topic behind it.
    pub(crate) fn send_in_transaction(&self, record: Outgoing<'_>) {
        let producer: ThreadedProducer<DefaultProducerContext> = self
            .settings
            .producer(Some(LONGEST_WAIT))
            .set("transactional.id", "the-test")
            .create()
            .unwrap();
        producer.init_transactions(LONGEST_WAIT).unwrap();
        producer.begin_transaction().unwrap();
        let mut base =
            BaseRecord::<str, [u8]>::to(&self.settings.orders.name).headers(record.headers);
        (base.partition, base.key, base.payload) = (record.partition, record.key, record.value);
        producer.send(base).map_err(|(error, _)| error).unwrap();
        producer.commit_transaction(LONGEST_WAIT).unwrap();
    }

    /// Commits an offset of the topic of commands as a member of `group` that reads the making of it with this id.
    pub(crate) fn commit_for(&self, group: &str, id: &str, partition: i32, offset: i64) {
        let consumer: BaseConsumer = self.settings.consumer(group).create().unwrap();
        let mut list = TopicPartitionList::new();
        let mut element = list.add_partition(&self.settings.orders.name, partition);
        element.set_offset(Offset::Offset(offset)).unwrap();
        element.set_metadata(committed::mark(&TopicId::new(id)));
        consumer.commit(&list, CommitMode::Sync).unwrap();
    }

    fn admin(&self) -> AdminClient<DefaultClientContext> {
        self.settings.client().create().unwrap()
    }

    /// Makes the topics that are missing, as the order service does at its start.
    pub(crate) fn ensure_topics(&self) {
        System::new()
            .block_on(topics::ensure(&self.settings, Side::ReadsCommands))
            .unwrap();
    }

    /// Kills the real Kafka as a power cut would, does `meanwhile`, and starts it again.
    pub(crate) fn interrupt(&mut self, meanwhile: impl FnOnce(&Self)) {
        self.broker.kafka().unwrap().kill_9().unwrap();
        meanwhile(self);
        self.broker.kafka().unwrap().restart().unwrap();
    }

    /// Hands a command to the producer.
    pub(crate) fn send(&self, record: Outgoing<'_>) {
        let mut base =
            BaseRecord::<str, [u8]>::to(&self.settings.orders.name).headers(record.headers);
        (base.partition, base.key, base.payload) = (record.partition, record.key, record.value);
        let deadline = Instant::now() + LONGEST_WAIT;
        while let Err((error, refused)) = self.producer.send(base) {
            // A partition that was just made is not known at once.
            let code = error.rdkafka_error_code();
            assert_eq!(code, Some(RDKafkaErrorCode::UnknownPartition));
            assert!(Instant::now() < deadline, "{error}");
            thread::sleep(Duration::from_millis(20));
            base = refused;
        }
    }

    /// Waits until the broker has all that was sent.
    pub(crate) fn flush(&self) {
        self.producer.flush(LONGEST_WAIT).unwrap();
    }

    /// Reads all replies from the beginning.
    pub(crate) fn replies(&self) -> Reader {
        self.read(&self.settings.composite.name, PARTITIONS)
    }

    /// Reads all dead letters of `orders` from the beginning.
    pub(crate) fn dead_letters(&self) -> Reader {
        self.read(&dead_letter_topic(&self.settings.orders.name), 1)
    }

    fn read(&self, topic: &str, partitions: i32) -> Reader {
        let consumer: BaseConsumer = self.settings.consumer("the-test").create().unwrap();
        let mut list = TopicPartitionList::new();
        for partition in 0..partitions {
            list.add_partition_offset(topic, partition, Offset::Beginning)
                .unwrap();
        }
        consumer.assign(&list).unwrap();
        Reader { consumer }
    }

    /// What `group` has committed of each partition of `orders`.
    pub(crate) fn committed(&self, group: &str) -> Vec<Option<i64>> {
        let consumer: BaseConsumer = self.settings.consumer(group).create().unwrap();
        let mut partitions = TopicPartitionList::new();
        (0..PARTITIONS).for_each(|partition| {
            partitions.add_partition(&self.settings.orders.name, partition);
        });
        let committed = consumer
            .committed_offsets(partitions, LONGEST_WAIT)
            .unwrap();
        committed
            .elements()
            .iter()
            .map(|element| element.offset().to_raw().filter(|offset| *offset >= 0))
            .collect()
    }

    /// How many replies there are.
    pub(crate) fn reply_count(&self) -> i64 {
        let consumer: BaseConsumer = self.settings.client().create().unwrap();
        let end = |partition| {
            consumer
                .fetch_watermarks(&self.settings.composite.name, partition, LONGEST_WAIT)
                .unwrap()
                .1
        };
        (0..PARTITIONS).map(end).sum()
    }

    /// Waits until `group` has committed that.
    pub(crate) fn until_committed(&self, group: &str, expected: &[Option<i64>]) {
        let deadline = Instant::now() + LONGEST_WAIT;
        loop {
            let committed = self.committed(group);
            if committed == expected {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "committed is {committed:?}, not {expected:?}"
            );
        }
    }
}

/// A consumer of all partitions of a topic.
pub(crate) struct Reader {
    consumer: BaseConsumer,
}

impl Reader {
    /// The next record, in no order between partitions.
    pub(crate) fn next(&self) -> Seen {
        self.next_within(LONGEST_WAIT).expect("no record in time")
    }

    /// The next record, if one comes in that time.
    pub(crate) fn next_within(&self, time: Duration) -> Option<Seen> {
        let deadline = Instant::now() + time;
        while Instant::now() < deadline {
            if let Some(Ok(record)) = self.consumer.poll(Duration::from_millis(50)) {
                return Some(Seen {
                    partition: record.partition(),
                    key: record.key().map(<[u8]>::to_vec),
                    value: record.payload().map(<[u8]>::to_vec),
                    headers: record.headers().map(pairs).unwrap_or_default(),
                });
            }
        }
        None
    }
}

/// Headers of these names and bytes.
pub(crate) fn headers(all: &[(&str, &[u8])]) -> OwnedHeaders {
    all.iter()
        .fold(OwnedHeaders::new(), |headers, (key, value)| {
            headers.insert(Header {
                key,
                value: Some(*value),
            })
        })
}
