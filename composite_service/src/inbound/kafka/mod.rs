//! Reads replies from Kafka.

pub mod reply_intake;
mod membership;
mod reply_reader;
mod reply_offsets;
pub mod read_partition;
pub mod decode;
