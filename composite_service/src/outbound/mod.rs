//! The outside, behind the ports: Kafka, the order service's reads and the payment gateway over HTTP, and what is measured of
//! them.

pub mod kafka;
pub mod http;
pub mod measured_gateway;
