//! The parts of a running mall, each with the same life: `start` gives a handle, and dropping the handle ends the part.
//!
//! | part | handle |
//! |---|---|
//! | broker | [`Broker`]: an [`EmbeddedBroker`] in this process, a [`KafkaBroker`] as a child, or a [`KafkaCluster`] of three |
//! | database | [`Database`]: MariaDB or MySQL as a child |
//! | our programs | [`Service`], started by [`PaymentSimulator`], [`MemberService`], [`OrderService`] and [`CompositeService`] |
//! | links that can be disturbed | [`Links`], each a [`Link`] through [`Toxiproxy`] |
//! | identity provider | [`IdentityProvider`], our own for development; for tests [`Keycloak`] and [`MockOauth2Server`] |
//! | proxy that logs members in | [`MemberProxy`], its secrets only |
//! | balancer | [`Balancer`], haproxy in front of the composites |
//! | all of it | [`Stack`] |
//!
//! Everything here blocks and needs no async runtime, so it works inside and outside of one.
//! Must not know: the command line, the terminal.

mod direct;
mod wait;
mod secrets;
mod certificate;
mod place;
mod ports;
mod kafka_version;
mod parts;
mod spawner;
mod service;
mod topics;
mod embedded_broker;
mod kafka_accounts;
mod kafka_node;
mod kafka_admin;
mod kafka_broker;
mod kafka_cluster;
mod broker;
mod sql_client;
mod credentials;
mod database_home;
mod mariadb;
mod mysql;
mod database;
mod catalogue;
mod members;
mod programs;
mod identity;
mod member_proxy;
mod toxiproxy;
mod links;
mod balancer;
mod wanted;
mod event;
mod running;
mod starting;

pub use balancer::Balancer;
pub use broker::{Broker, BrokerKind};
pub use catalogue::{SAMPLE_CATALOGUE, sample_catalogue};
pub use credentials::Credentials;
pub use database::{Database, Flavour};
pub use direct::direct;
pub use embedded_broker::{Cluster, EmbeddedBroker};
pub use event::Event;
pub use identity::{
    AUDIENCE, IdentityProvider, Keycloak, MockOauth2Server, SUPPORT_SCOPE, token_of,
};
pub use kafka_accounts::{Right, TokenIssuer, rights};
pub use kafka_broker::KafkaBroker;
pub use kafka_cluster::{KafkaCluster, NODES};
pub use kafka_node::Door;
pub use kafka_version::KafkaVersion;
pub use links::Links;
pub use member_proxy::MemberProxy;
pub use members::SAMPLE_MEMBERS;
pub use parts::{Part, mysql_is_left_out, provide, root};
pub use place::Place;
pub use ports::{LOOPBACK, free_port, is_free};
pub use programs::{CompositeService, MemberService, OrderService, PaymentSimulator};
pub use running::Stack;
pub use service::{Service, Spec, answers_ok};
pub use sql_client::Held;
pub use topics::{Topic, Topics};
pub use toxiproxy::{Link, Toxiproxy};
pub use wait::{interrupt, until};
pub use wanted::{MemberAuth, StackBuilder};
