//! Kafka producers, behind the ports.

pub mod command_publisher;
