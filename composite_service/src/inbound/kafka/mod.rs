//! Replies from Kafka.

pub mod reply_intake;
mod read_partition;
pub mod decode;
