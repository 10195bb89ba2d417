//! Commands from Kafka.

pub mod intake;
pub mod command_reader;
pub mod settlement;
mod command_body;
pub mod decode;
