//! What comes in: commands from Kafka, reads and probes over HTTP.

pub mod kafka;
pub mod http;
