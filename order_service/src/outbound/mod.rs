//! The implementations of the ports: MySQL, Kafka, and measurements.

pub mod mysql;
pub mod kafka;
pub mod measured_store;
