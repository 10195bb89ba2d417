//! Commands from Kafka.

pub mod intake;
pub mod command_reader;
pub mod settlement;
pub mod decode;
