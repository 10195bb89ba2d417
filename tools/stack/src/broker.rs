//! One broker, whichever kind it is. Must not know what the records are.

use crate::kafka_accounts::WantedLogin;
use crate::kafka_admin::KafkaAdmin;
use crate::{
    Door, EmbeddedBroker, KafkaBroker, KafkaCluster, KafkaVersion, NODES, Place, Service, Topic,
};
use anyhow::{Result, bail};

/// Which broker to start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BrokerKind {
    /// librdkafka's own small broker in this process: there at once, forgets everything at its end.
    #[default]
    Embedded,
    /// A real Apache Kafka as a child process, with its records on disk.
    Kafka,
    /// The same, and the services need a login (SCRAM over TLS), and may do only what `deploy/kafka/acls` says.
    SecureKafka,
    /// Three of them, which go on when one is lost.
    KafkaCluster,
}

impl BrokerKind {
    /// How many real Kafka nodes that are.
    pub(crate) fn kafka_nodes(self) -> usize {
        match self {
            Self::Embedded => 0,
            Self::Kafka | Self::SecureKafka => 1,
            Self::KafkaCluster => NODES,
        }
    }
}

/// A running broker.
pub enum Broker {
    /// In this process.
    Embedded(EmbeddedBroker),
    /// A child process.
    Kafka(KafkaBroker),
    /// Three child processes.
    Cluster(KafkaCluster),
}

impl Broker {
    /// Starts one. `port` (0: a free one) is for a single Kafka; the others choose their own.
    pub fn start(kind: BrokerKind, place: &Place, port: u16) -> Result<Self> {
        let doors = vec![Vec::new(); kind.kafka_nodes()];
        Self::start_with_doors(kind, KafkaVersion::default(), place, port, doors)
    }

    /// The same of that version, with further doors of each Kafka node.
    pub(crate) fn start_with_doors(
        kind: BrokerKind,
        version: KafkaVersion,
        place: &Place,
        port: u16,
        mut doors: Vec<Vec<Door>>,
    ) -> Result<Self> {
        if doors.len() != kind.kafka_nodes() {
            bail!("{kind:?} does not have {} nodes with doors", doors.len());
        }
        match kind {
            BrokerKind::Embedded => EmbeddedBroker::start().map(Self::Embedded),
            BrokerKind::Kafka => {
                let doors = doors.pop().unwrap_or_default();
                KafkaBroker::start_alone(place, version, port, doors, None).map(Self::Kafka)
            }
            BrokerKind::SecureKafka => {
                // Links would have to be among the addresses of the broker's certificate.
                if doors.iter().any(|doors| !doors.is_empty()) {
                    bail!("a Kafka that wants a login has no links");
                }
                let login = WantedLogin {
                    port: 0,
                    issuer: None,
                };
                KafkaBroker::start_alone(place, version, port, Vec::new(), Some(login))
                    .map(Self::Kafka)
            }
            BrokerKind::KafkaCluster => {
                KafkaCluster::start_with_doors(place, version, doors).map(Self::Cluster)
            }
        }
    }

    /// Where clients find it.
    pub fn bootstrap_servers(&self) -> &str {
        match self {
            Self::Embedded(broker) => broker.bootstrap_servers(),
            Self::Kafka(broker) => broker.bootstrap_servers(),
            Self::Cluster(brokers) => brokers.bootstrap_servers(),
        }
    }

    /// Further settings of a service, by its program's name. Our real Kafka allows short sessions, by which the death of a member is noticed soon. The embedded
    /// broker makes a new group wait for three seconds, which a session must outlast; and it lets an empty fetch wait its full time even
    /// when a record arrives meanwhile, so that this time is the latency of every record.
    pub fn client_env(&self, program: &str) -> Result<Vec<(String, String)>> {
        let (variable, millis) = match self {
            Self::Embedded(_) => ("KAFKA_FETCH_WAIT_MAX_MS", "2"),
            Self::Kafka(_) | Self::Cluster(_) => ("KAFKA_SESSION_TIMEOUT_MS", "1500"),
        };
        let mut env = vec![(variable.to_owned(), millis.to_owned())];
        if let Self::Kafka(broker) = self {
            env.extend(broker.login(program)?);
        }
        Ok(env)
    }

    /// Creates a topic; one that exists is left as it is.
    pub fn create_topic(&mut self, topic: &Topic) -> Result<()> {
        match self {
            Self::Embedded(broker) => broker.create_topic(topic),
            Self::Kafka(broker) => broker.create_topic(topic),
            Self::Cluster(brokers) => brokers.create_topic(topic),
        }
    }

    /// Deletes a topic, and waits until it is gone. Real Kafka only.
    pub fn delete_topic(&self, name: &str) -> Result<()> {
        self.admin()?.delete_topic(name)
    }

    /// Gives a topic so many partitions, which must be more than it has. Real Kafka only.
    pub fn enlarge_topic(&self, topic: &Topic) -> Result<()> {
        self.admin()?.enlarge_topic(topic)
    }

    /// How many partitions a topic has. Real Kafka only.
    pub fn partitions(&self, name: &str) -> Result<i32> {
        self.admin()?.partitions(name)
    }

    /// Sets one setting of a topic, and resets all others. Real Kafka only.
    pub fn set_topic(&self, name: &str, setting: (&str, &str)) -> Result<()> {
        self.admin()?.set_topic(name, setting)
    }

    /// Kills all nodes as a power cut would. Real Kafka only.
    pub fn kill_9(&mut self) -> Result<()> {
        self.services().into_iter().try_for_each(Service::kill_9)
    }

    /// Starts it again, once it was killed, without any of its records, topics and offsets. Real Kafka only.
    pub fn restart_empty(&mut self) -> Result<()> {
        match self {
            Self::Embedded(_) => bail!("the embedded broker has no storage"),
            Self::Kafka(broker) => broker.restart_empty(),
            Self::Cluster(brokers) => brokers.restart_empty(),
        }
    }

    fn admin(&self) -> Result<KafkaAdmin> {
        if matches!(self, Self::Embedded(_)) {
            bail!("the embedded broker takes no such orders");
        }
        KafkaAdmin::new(self.bootstrap_servers())
    }

    /// The single real Kafka, to be killed and restarted; `None` for the others.
    pub fn kafka(&mut self) -> Option<&mut KafkaBroker> {
        match self {
            Self::Embedded(_) | Self::Cluster(_) => None,
            Self::Kafka(broker) => Some(broker),
        }
    }

    /// The three real Kafkas; `None` for the others.
    pub fn cluster(&mut self) -> Option<&mut KafkaCluster> {
        match self {
            Self::Embedded(_) | Self::Kafka(_) => None,
            Self::Cluster(brokers) => Some(brokers),
        }
    }

    /// Its child processes.
    pub fn services(&mut self) -> Vec<&mut Service> {
        match self {
            Self::Embedded(_) => Vec::new(),
            Self::Kafka(broker) => vec![broker.service()],
            Self::Cluster(brokers) => brokers
                .nodes()
                .iter_mut()
                .map(KafkaBroker::service)
                .collect(),
        }
    }
}
