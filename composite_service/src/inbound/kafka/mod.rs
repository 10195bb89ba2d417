//! Replies from Kafka.

pub mod reply_intake;
mod membership;
mod read_partition;
pub mod decode;
