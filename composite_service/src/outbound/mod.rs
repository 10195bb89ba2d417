//! The outside, behind the ports: Kafka, the order service's reads and the payment gateway over HTTP.

pub mod kafka;
pub mod http;
