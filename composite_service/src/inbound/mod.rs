//! What comes in: shoppers over HTTP, replies from Kafka.

pub mod http;
pub mod kafka;
