//! The outside, behind the ports: MySQL, Kafka, and a memory double for tests.

pub mod mysql;
pub mod memory;
pub mod kafka;
mod stored_orders;
