//! The outside, behind the ports: MySQL, Kafka, what is measured of them, and a memory double for tests.

pub mod mysql;
pub mod memory;
pub mod kafka;
pub mod measured_store;
mod stored_orders;
