//! Up to where a consumer has read.

use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaResult;

/// Each partition with the offset after the last record, or mark of a transaction, that was read of it. Partitions that nothing was read of
/// are left out. For a moment after a partition was assigned or sent elsewhere, its position is the one that it had before.
///
/// # Errors
/// When the consumer has been closed.
pub fn positions<C: ConsumerContext>(consumer: &BaseConsumer<C>) -> KafkaResult<Vec<(i32, i64)>> {
    let positions = consumer.position()?;
    let elements = positions.elements().into_iter();
    let known = elements.filter_map(|element| match element.offset() {
        Offset::Offset(offset) => Some((element.partition(), offset)),
        _ => None,
    });
    Ok(known.collect())
}
