//! Commands from Kafka.

pub mod intake;
pub mod decode;
