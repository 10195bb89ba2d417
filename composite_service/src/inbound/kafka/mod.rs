//! Replies from Kafka.

pub mod reply_intake;
pub mod decode;
