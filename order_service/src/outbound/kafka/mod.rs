//! Kafka, behind the ports.

pub mod reply_publisher;
