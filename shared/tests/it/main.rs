//! The contract on the wire, held to golden files, and the Kafka plumbing at work on a broker.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "../support/alone.rs"]
mod alone;
#[path = "../support/golden.rs"]
mod golden;
#[path = "../support/edges.rs"]
mod edges;

mod http_server;
mod http_limits;
mod http_manners;
mod limits;
mod wire;
mod kafka;
mod asyncapi;
