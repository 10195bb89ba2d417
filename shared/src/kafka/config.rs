//! Client settings from the environment.
//!
//! | variable | default | meaning |
//! |---|---|---|
//! | `KAFKA_BOOTSTRAP_SERVERS` | `127.0.0.1:9092` | brokers, `host:port`, comma-separated |
//! | `KAFKA_SESSION_TIMEOUT_MS` | `6000` | a member that is silent for so long loses its partitions; brokers refuse less than their `group.min.session.timeout.ms`, 6000 unless set |
//! | `KAFKA_FETCH_WAIT_MAX_MS` | `100` | how long a broker may hold an empty fetch; low only for the embedded broker |
//! | `KAFKA_REPLICATION_FACTOR` | `-1` | of topics that are created here; -1 is the broker's default |
//! | `ORDERS_TOPIC`, `ORDERS_PARTITIONS` | `orders`, `8` | commands |
//! | `COMPOSITE_TOPIC`, `COMPOSITE_PARTITIONS` | `composite`, `8` | replies; at least one partition a composite instance |

use std::time::Duration;

use rdkafka::ClientConfig;

use crate::budget;
use crate::env::EnvReader;
use crate::kafka::dead_letters;
use crate::kafka::security::KafkaSecurity;

/// How long records wait for a topic that the brokers don't have: they may not have heard yet that it was created.
const UNKNOWN_TOPIC_WAIT: Duration = Duration::from_secs(5);

/// How often every client asks which partitions its topics have. librdkafka asks every 5 minutes: for so long a producer would not use new
/// partitions, and nobody would read them.
const PARTITIONS_INTERVAL: Duration = Duration::from_secs(2);
/// For how long a client believes what it was told of topics while no broker answers: librdkafka's own default, which would otherwise
/// follow the interval.
const METADATA_MAX_AGE: Duration = Duration::from_secs(900);
/// How often a member of a group is told whether it is in it.
const MEMBER_STATE_INTERVAL: Duration = Duration::from_secs(1);

/// A topic, and how it is made when it is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSettings {
    /// Its name.
    pub name: String,
    /// Partitions to create it with; an existing topic keeps its own.
    pub partitions: i32,
}

/// How to reach Kafka.
#[derive(Debug, Clone)]
pub struct KafkaSettings {
    /// Brokers to ask first.
    pub bootstrap_servers: String,
    /// How to prove oneself to them.
    pub security: KafkaSecurity,
    /// See the module's table.
    pub session_timeout: Duration,
    /// See the module's table.
    pub fetch_wait_max: Duration,
    /// See the module's table.
    pub replication_factor: i32,
    /// Commands, composite to order service.
    pub orders: TopicSettings,
    /// Replies.
    pub composite: TopicSettings,
}

impl KafkaSettings {
    /// Reads the variables of the module's table.
    pub fn from_env(env: &mut EnvReader) -> Self {
        Self {
            bootstrap_servers: env.text("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092"),
            security: KafkaSecurity::from_env(env),
            session_timeout: Duration::from_millis(env.within(
                "KAFKA_SESSION_TIMEOUT_MS",
                1_000..=300_000,
                6_000,
            )),
            fetch_wait_max: Duration::from_millis(env.within(
                "KAFKA_FETCH_WAIT_MAX_MS",
                1..=1_000,
                100,
            )),
            replication_factor: env.within("KAFKA_REPLICATION_FACTOR", -1..=32, -1),
            orders: TopicSettings {
                name: env.text("ORDERS_TOPIC", "orders"),
                partitions: env.within("ORDERS_PARTITIONS", 1..=1_024, 8),
            },
            composite: TopicSettings {
                name: env.text("COMPOSITE_TOPIC", "composite"),
                partitions: env.within("COMPOSITE_PARTITIONS", 1..=1_024, 8),
            },
        }
    }

    /// A client that belongs to no group.
    #[must_use]
    pub fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.bootstrap_servers)
            .set("socket.nagle.disable", "true")
            .set("reconnect.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", "1000")
            .set(
                "topic.metadata.refresh.interval.ms",
                PARTITIONS_INTERVAL.as_millis().to_string(),
            )
            .set(
                "metadata.max.age.ms",
                METADATA_MAX_AGE.as_millis().to_string(),
            );
        self.security.apply(&mut config);
        config
    }

    /// A consumer in `group`. It never commits by itself, and a new group starts at the beginning of its topics. Partitions move one by one
    /// when the group changes, so that the members that stay are not interrupted.
    #[must_use]
    pub fn consumer(&self, group: &str) -> ClientConfig {
        // Kafka advises a third at most. With a sixth, several lost heartbeats in a row still leave the member in its group.
        let heartbeat = self.session_timeout / 6;
        let mut config = self.client();
        config
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "earliest")
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set(
                "session.timeout.ms",
                self.session_timeout.as_millis().to_string(),
            )
            .set("heartbeat.interval.ms", heartbeat.as_millis().to_string())
            .set(
                "fetch.wait.max.ms",
                self.fetch_wait_max.as_millis().to_string(),
            )
            .set("fetch.error.backoff.ms", "50")
            .set("fetch.queue.backoff.ms", "10")
            .set("queued.max.messages.kbytes", "16384");
        config
    }

    /// A [`consumer`](Self::consumer) that is a member of `group`: it is told how it stands there.
    #[must_use]
    pub fn member(&self, group: &str) -> ClientConfig {
        let mut config = self.consumer(group);
        config.set(
            "statistics.interval.ms",
            MEMBER_STATE_INTERVAL.as_millis().to_string(),
        );
        config
    }

    /// A producer that sends at once, waits for all in-sync replicas, and keeps order and uniqueness over its own retries.
    /// `delivery` is how long it tries; `None` is without end, except for a topic that the brokers don't have.
    #[must_use]
    pub fn producer(&self, delivery: Option<Duration>) -> ClientConfig {
        let mut config = self.client();
        config
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("linger.ms", "0")
            .set("retry.backoff.ms", "20")
            .set(
                "topic.metadata.propagation.max.ms",
                UNKNOWN_TOPIC_WAIT.as_millis().to_string(),
            )
            .set(
                "message.timeout.ms",
                delivery.map_or(0, |wait| wait.as_millis()).to_string(),
            );
        config
    }

    /// The producer of replies and dead letters: it repeats a record without a time-out, and takes one with the headers of a dead letter.
    #[must_use]
    pub fn producer_without_timeout(&self) -> ClientConfig {
        let mut config = self.producer(None);
        config.set("message.max.bytes", dead_letters::MAX_BYTES.to_string());
        config
    }

    /// The producer of commands: it gives up early enough for the shopper's answer to say so.
    #[must_use]
    pub fn command_producer(&self) -> ClientConfig {
        self.producer(Some(budget::DELIVERY))
    }
}
