//! A broker with both topics, and the order service's end of them: commands come out, replies go in.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use actix::System;
use composite_service::domain::correlation::correlation_id;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, Message, OwnedHeaders, OwnedMessage};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use rdkafka::{Offset, TopicPartitionList};
use shared::env::EnvReader;
use shared::kafka::config::KafkaSettings;
use shared::kafka::topics::{self, Side};
use shared::wire::headers::CORRELATION_ID;
use stack::{Broker, BrokerKind, Place, Topic, until};
use tempfile::TempDir;
use uuid::Uuid;

use crate::golden::{Golden, pairs};

/// Longer than anything takes that happens at all.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(25);
const GROUP: &str = "compsiteGroup";
/// Where records go that are no replies.
const DEAD_LETTERS: &str = "composite-dlt";

pub(crate) struct TestBroker {
    pub(crate) settings: KafkaSettings,
    pub(crate) broker: Broker,
    producer: ThreadedProducer<DefaultProducerContext>,
    _folder: TempDir,
}

impl TestBroker {
    /// With so many partitions of each topic.
    pub(crate) fn start(kind: BrokerKind, partitions: i32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut broker = Broker::start(kind, &Place::under(folder.path()).unwrap(), 0).unwrap();
        let variables = [
            (
                "KAFKA_BOOTSTRAP_SERVERS",
                broker.bootstrap_servers().to_owned(),
            ),
            (
                "KAFKA_SESSION_TIMEOUT_MS",
                session_timeout_ms(kind).to_string(),
            ),
            ("KAFKA_FETCH_WAIT_MAX_MS", "2".to_owned()),
            ("ORDERS_PARTITIONS", partitions.to_string()),
            ("COMPOSITE_PARTITIONS", partitions.to_string()),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value));
        let settings = KafkaSettings::from_env(&mut EnvReader::new(variables));
        for topic in [&settings.orders, &settings.composite] {
            create(&mut broker, &topic.name, topic.partitions);
        }
        match kind {
            BrokerKind::Embedded => create(&mut broker, DEAD_LETTERS, 1),
            // As a service makes them: large enough for every record of the topic.
            BrokerKind::Kafka | BrokerKind::SecureKafka | BrokerKind::KafkaCluster => {
                thread::scope(|scope| {
                    let ensure =
                        || System::new().block_on(topics::ensure(&settings, Side::ReadsReplies));
                    scope.spawn(ensure).join().unwrap().unwrap();
                })
            }
        }
        // It sends replies, and what is larger than any of them.
        let producer = settings.producer_without_timeout().create().unwrap();
        Self {
            settings,
            broker,
            producer,
            _folder: folder,
        }
    }

    pub(crate) fn embedded(partitions: i32) -> Self {
        Self::start(BrokerKind::Embedded, partitions)
    }

    /// Takes the embedded broker's listener down, or up again.
    pub(crate) fn set_up(&self, is_up: bool) {
        let Broker::Embedded(broker) = &self.broker else {
            panic!("only the embedded broker can")
        };
        broker
            .with(move |cluster| {
                if is_up {
                    cluster.broker_up(1)
                } else {
                    cluster.broker_down(1)
                }
            })
            .unwrap()
            .unwrap();
    }

    /// Puts a record on the topic of replies, and waits until it is there.
    pub(crate) fn put(&self, partition: i32, value: Option<&[u8]>, headers: OwnedHeaders) {
        self.begin_put(partition, value, headers);
        self.producer.flush(LONGEST_WAIT).unwrap();
    }

    fn begin_put(&self, partition: i32, value: Option<&[u8]>, headers: OwnedHeaders) {
        let mut record = BaseRecord::<(), [u8]>::to(&self.settings.composite.name)
            .partition(partition)
            .headers(headers);
        record.payload = value;
        self.producer
            .send(record)
            .map_err(|(error, _)| error)
            .unwrap();
    }

    /// Has the topic of commands refuse larger records than this, in bytes. Real Kafka only.
    pub(crate) fn limit_commands(&self, max_bytes: u32) {
        let topic = &self.settings.orders.name;
        let limit = ("max.message.bytes", &*max_bytes.to_string());
        self.broker.set_topic(topic, limit).unwrap();
    }

    /// Sets how the topic of replies is cleaned up. Real Kafka only.
    pub(crate) fn clean_replies_up(&self, policy: &str) {
        let topic = &self.settings.composite.name;
        self.broker
            .set_topic(topic, ("cleanup.policy", policy))
            .unwrap();
    }

    /// Deletes the topic of commands. Real Kafka only.
    pub(crate) fn delete_commands(&self) {
        self.broker
            .delete_topic(&self.settings.orders.name)
            .unwrap();
    }

    /// Deletes the topic of replies. Real Kafka only.
    pub(crate) fn delete_replies(&self) {
        self.broker
            .delete_topic(&self.settings.composite.name)
            .unwrap();
    }

    /// Makes the topic of replies, with so many partitions.
    pub(crate) fn make_replies(&mut self, partitions: i32) {
        create(&mut self.broker, "composite", partitions);
    }

    /// Gives the topic of replies so many partitions. Real Kafka only.
    pub(crate) fn enlarge_replies(&self, partitions: i32) {
        let topic = Topic {
            name: self.settings.composite.name.clone(),
            partitions,
        };
        self.broker.enlarge_topic(&topic).unwrap();
    }

    /// Puts a reply to the command of this number there as a transaction, which leaves a mark behind it.
    pub(crate) fn reply_in_transaction(&self, partition: i32, number: u32) {
        let producer: ThreadedProducer<DefaultProducerContext> = self
            .settings
            .producer(Some(LONGEST_WAIT))
            .set("transactional.id", "the-test")
            .create()
            .unwrap();
        producer.init_transactions(LONGEST_WAIT).unwrap();
        producer.begin_transaction().unwrap();
        let value = Golden::read("spring_order_created").value;
        let record = BaseRecord::<(), [u8]>::to(&self.settings.composite.name)
            .partition(partition)
            .payload(value.as_bytes())
            .headers(answering(id(number).as_bytes()));
        producer.send(record).map_err(|(error, _)| error).unwrap();
        producer.commit_transaction(LONGEST_WAIT).unwrap();
    }

    /// Puts replies to the commands of these numbers there, and waits until they are.
    pub(crate) fn reply(&self, partition: i32, numbers: impl IntoIterator<Item = u32>) {
        let value = Golden::read("spring_order_created").value;
        for number in numbers {
            self.begin_put(
                partition,
                Some(value.as_bytes()),
                answering(id(number).as_bytes()),
            );
        }
        self.producer.flush(LONGEST_WAIT).unwrap();
    }

    /// The first records of the topic of commands.
    pub(crate) fn commands(&self, count: usize) -> Vec<Golden> {
        let topic = &self.settings.orders;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        self.read(&topic.name, topic.partitions, count)
            .iter()
            .map(|record| Golden {
                key: record.key().map(text),
                headers: record.headers().map(pairs).unwrap_or_default(),
                value: record.payload().map(text).unwrap_or_default(),
            })
            .collect()
    }

    /// The first dead letters of replies.
    pub(crate) fn dead_letters(&self, count: usize) -> Vec<OwnedMessage> {
        self.read(DEAD_LETTERS, 1, count)
    }

    /// How many dead letters of replies there are.
    pub(crate) fn dead_letter_count(&self) -> i64 {
        let client: BaseConsumer = self.settings.client().create().unwrap();
        client
            .fetch_watermarks(DEAD_LETTERS, 0, LONGEST_WAIT)
            .unwrap()
            .1
    }

    /// Whether the embedded broker takes dead letters.
    pub(crate) fn take_dead_letters(&self, taken: bool) {
        let Broker::Embedded(broker) = &self.broker else {
            panic!("only the embedded broker can")
        };
        broker
            .with(move |cluster| cluster.partition_leader(DEAD_LETTERS, 0, taken.then_some(1)))
            .unwrap()
            .unwrap();
    }

    /// Has the embedded broker refuse what is produced next, whoever does it.
    pub(crate) fn refuse_next(&self) {
        let Broker::Embedded(broker) = &self.broker else {
            panic!("only the embedded broker can")
        };
        let refusal = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_RECORD];
        broker
            .with(move |cluster| cluster.request_errors(RDKafkaApiKey::Produce, &refusal))
            .unwrap();
    }

    fn read(&self, topic: &str, partitions: i32, count: usize) -> Vec<OwnedMessage> {
        let consumer: BaseConsumer = self.settings.consumer("look").create().unwrap();
        let mut assigned = TopicPartitionList::new();
        for partition in 0..partitions {
            assigned
                .add_partition_offset(topic, partition, Offset::Beginning)
                .unwrap();
        }
        consumer.assign(&assigned).unwrap();
        let deadline = Instant::now() + LONGEST_WAIT;
        let mut found = Vec::new();
        while found.len() < count {
            assert!(Instant::now() < deadline, "{found:?}");
            if let Some(record) = consumer.poll(Duration::from_millis(100)) {
                found.push(record.unwrap().detach());
            }
        }
        found
    }

    /// Waits until the group has committed the end of every partition of replies.
    pub(crate) fn until_drained(&self) {
        let client: BaseConsumer = self.settings.client().create().unwrap();
        let topic = &self.settings.composite;
        let ends: Vec<_> = (0..topic.partitions)
            .map(|partition| {
                let (_, end) = client
                    .fetch_watermarks(&topic.name, partition, LONGEST_WAIT)
                    .unwrap();
                end
            })
            .collect();
        self.until_committed(&ends);
    }

    /// Waits until the group has committed this of each partition of replies.
    pub(crate) fn until_committed(&self, expected: &[i64]) {
        let client: BaseConsumer = self.settings.consumer(GROUP).create().unwrap();
        let topic = &self.settings.composite;
        let mut partitions = TopicPartitionList::new();
        partitions.add_partition_range(&topic.name, 0, topic.partitions - 1);
        until("committing replies", LONGEST_WAIT, || {
            let committed = client.committed_offsets(partitions.clone(), LONGEST_WAIT)?;
            let committed = committed.elements();
            let is_expected = expected
                .iter()
                .zip(&committed)
                .all(|(offset, element)| element.offset() == Offset::Offset(*offset));
            Ok(is_expected.then_some(()))
        })
        .unwrap();
    }

    /// Waits until the group has so many members and all partitions have an owner; returns what each member owns. Real Kafka only.
    pub(crate) fn owned(&self, members: usize) -> Vec<Vec<i32>> {
        let client: BaseConsumer = self.settings.client().create().unwrap();
        until("a stable group", LONGEST_WAIT, || {
            let groups = client.fetch_group_list(Some(GROUP), LONGEST_WAIT)?;
            let owned: Vec<_> = groups.groups()[0]
                .members()
                .iter()
                .map(|member| assigned(member.assignment()))
                .collect();
            let all: usize = owned.iter().map(Vec::len).sum();
            Ok(
                (owned.len() == members && all == self.settings.composite.partitions as usize)
                    .then_some(owned),
            )
        })
        .unwrap()
    }
}

fn create(broker: &mut Broker, name: &str, partitions: i32) {
    let topic = Topic {
        name: name.to_owned(),
        partitions,
    };
    broker.create_topic(&topic).unwrap();
}

/// The embedded broker lets a new group wait for three seconds, which must be less than this, and at every further change for a second
/// less than this. Real Kafka waits for nothing.
fn session_timeout_ms(kind: BrokerKind) -> u32 {
    match kind {
        BrokerKind::Embedded => 3_500,
        BrokerKind::Kafka | BrokerKind::SecureKafka | BrokerKind::KafkaCluster => 6_000,
    }
}

/// The correlation id of a command's reply.
pub(crate) fn id(number: u32) -> Uuid {
    correlation_id(Uuid::from_u128(number.into()))
}

/// The headers of a reply to the command of that id.
pub(crate) fn answering(correlation_id: &[u8]) -> OwnedHeaders {
    OwnedHeaders::new().insert(Header {
        key: CORRELATION_ID,
        value: Some(correlation_id),
    })
}

/// The partitions in a member's assignment, as the consumer protocol writes them: a version, then topics with their partitions.
fn assigned(assignment: Option<&[u8]>) -> Vec<i32> {
    let bytes = assignment.unwrap_or_default();
    let int = |at: usize| i32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    if bytes.len() < 6 || int(2) == 0 {
        return Vec::new();
    }
    let name_length = usize::from(u16::from_be_bytes(bytes[6..8].try_into().unwrap()));
    let count = int(8 + name_length) as usize;
    (0..count)
        .map(|nth| int(12 + name_length + 4 * nth))
        .collect()
}

/// How often each of these comes.
pub(crate) fn counts<T: Ord>(all: impl IntoIterator<Item = T>) -> BTreeMap<T, usize> {
    let mut counts = BTreeMap::new();
    for one in all {
        *counts.entry(one).or_default() += 1;
    }
    counts
}
