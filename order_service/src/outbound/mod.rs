//! The outside, behind the ports: MySQL, Kafka, and what is measured of them.

pub mod mysql;
pub mod kafka;
pub mod measured_store;
