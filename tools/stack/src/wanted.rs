//! What a stack shall be. Must not know how it is started.

use crate::{BrokerKind, Flavour, KafkaVersion, LOOPBACK, Place, Topic, Topics};
use std::net::IpAddr;
use std::path::PathBuf;

/// How the composites know their members.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemberAuth {
    /// By the header `X-Member-Id`, which anybody may send.
    #[default]
    Open,
    /// By tokens of an [`IdentityProvider`](crate::IdentityProvider) that is started with the stack.
    Jwt,
    /// By the header `X-Member-Id` beside the secret of a [`MemberProxy`](crate::MemberProxy).
    Proxy,
}

/// The wanted stack. Ports are 0, a free one, unless set.
#[derive(Clone)]
pub struct StackBuilder {
    /// Where state and logs are kept.
    pub place: Place,
    /// Which broker.
    pub broker: BrokerKind,
    /// Which version, where it is a real Kafka.
    pub kafka_version: KafkaVersion,
    /// Which database.
    pub database: Flavour,
    /// The topics and their partitions.
    pub topics: Topics,
    /// Further topics that are made.
    pub extra_topics: Vec<Topic>,
    /// How many order services.
    pub order_services: usize,
    /// How many composites.
    pub composites: usize,
    /// The address that the composites listen on; everything else stays on 127.0.0.1.
    pub bind: IpAddr,
    /// The first composite's port; further ones take the following free ports.
    pub composite_port: u16,
    /// The first order service's port; further ones take the following free ports.
    pub order_port: u16,
    /// The payment simulator's port.
    pub payment_port: u16,
    /// The member service's port.
    pub member_port: u16,
    /// How the composites know their members.
    pub member_auth: MemberAuth,
    /// The identity provider's port, if there is one.
    pub identity_port: u16,
    /// Kafka's port; the embedded broker chooses its own.
    pub kafka_port: u16,
    /// The database's port.
    pub database_port: u16,
    /// Whether the services reach database, Kafka, gateway and each other through [`Links`](crate::Links) that can be disturbed. Needs a real Kafka:
    /// the embedded broker sends its clients to its own port.
    pub links: bool,
    /// Whether a [`Balancer`](crate::Balancer) stands in front of the composites that are there from the beginning.
    pub balancer: bool,
    /// The catalogue to import; none leaves the tables empty.
    pub catalogue: Option<PathBuf>,
    /// Further variables of the order services.
    pub order_env: Vec<(String, String)>,
    /// Further variables of the composites.
    pub composite_env: Vec<(String, String)>,
    /// Further variables of the payment simulator.
    pub payment_env: Vec<(String, String)>,
}

impl StackBuilder {
    /// One of everything: embedded broker, MariaDB, four partitions a topic, no catalogue.
    pub fn new(place: Place) -> Self {
        Self {
            place,
            broker: BrokerKind::default(),
            kafka_version: KafkaVersion::default(),
            database: Flavour::default(),
            topics: Topics::with_partitions(4, 4),
            extra_topics: Vec::new(),
            order_services: 1,
            composites: 1,
            bind: LOOPBACK,
            composite_port: 0,
            order_port: 0,
            payment_port: 0,
            member_port: 0,
            member_auth: MemberAuth::default(),
            identity_port: 0,
            kafka_port: 0,
            database_port: 0,
            links: false,
            balancer: false,
            catalogue: None,
            order_env: Vec::new(),
            composite_env: Vec::new(),
            payment_env: Vec::new(),
        }
    }
}
