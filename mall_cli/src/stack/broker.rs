//! One broker, whichever kind it is. Must not know what the records are.

use crate::stack::{EmbeddedBroker, KafkaBroker, Place, Topic};
use anyhow::Result;

/// Which broker to start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BrokerKind {
    /// librdkafka's own small broker in this process: there at once, forgets everything at its end.
    #[default]
    Embedded,
    /// A real Apache Kafka as a child process, with its records on disk.
    Kafka,
}

/// A running broker.
pub enum Broker {
    /// In this process.
    Embedded(EmbeddedBroker),
    /// A child process.
    Kafka(KafkaBroker),
}

impl Broker {
    /// Starts one. `port` (0: a free one) is for Kafka; the embedded one chooses its own.
    pub fn start(kind: BrokerKind, place: &Place, port: u16) -> Result<Self> {
        match kind {
            BrokerKind::Embedded => EmbeddedBroker::start().map(Self::Embedded),
            BrokerKind::Kafka => KafkaBroker::start(place, port).map(Self::Kafka),
        }
    }

    /// Where clients find it.
    pub fn bootstrap_servers(&self) -> &str {
        match self {
            Self::Embedded(broker) => broker.bootstrap_servers(),
            Self::Kafka(broker) => broker.bootstrap_servers(),
        }
    }

    /// What its clients must be told besides. The embedded broker lets an empty fetch wait its full time even when a record comes
    /// meanwhile, so that time is the latency of every record.
    pub fn client_env(&self) -> Vec<(String, String)> {
        match self {
            Self::Embedded(_) => vec![("KAFKA_FETCH_WAIT_MAX_MS".to_owned(), "2".to_owned())],
            Self::Kafka(_) => Vec::new(),
        }
    }

    /// Creates a topic; one that exists is left as it is.
    pub fn create_topic(&mut self, topic: &Topic) -> Result<()> {
        match self {
            Self::Embedded(broker) => broker.create_topic(topic),
            Self::Kafka(broker) => broker.create_topic(topic),
        }
    }

    /// The real Kafka, to be killed and restarted; `None` for the embedded one.
    pub fn kafka(&mut self) -> Option<&mut KafkaBroker> {
        match self {
            Self::Embedded(_) => None,
            Self::Kafka(broker) => Some(broker),
        }
    }
}
