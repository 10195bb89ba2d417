//! Sets records aside that can't be handled: writes them to `<topic>-dlt` with key, value and headers unchanged, and adds spring-kafka's
//! headers that say where they came from and why.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders, OwnedMessage};

pub use crate::kafka::letter_post::OnSettled;
use crate::kafka::letter_post::{LetterContent, Post};
use crate::kafka::publisher::Publisher;

/// The topic that a record came from, UTF-8.
pub const ORIGINAL_TOPIC: &str = "kafka_dlt-original-topic";
/// The partition of it: four bytes, big-endian.
pub const ORIGINAL_PARTITION: &str = "kafka_dlt-original-partition";
/// The offset in it: eight bytes, big-endian.
pub const ORIGINAL_OFFSET: &str = "kafka_dlt-original-offset";
/// The record's timestamp, milliseconds since 1970: eight bytes, big-endian.
pub const ORIGINAL_TIMESTAMP: &str = "kafka_dlt-original-timestamp";
/// What kind of failure it was, UTF-8; Spring writes a Java class here.
pub const EXCEPTION: &str = "kafka_dlt-exception-fqcn";
/// What was wrong, UTF-8.
pub const EXCEPTION_MESSAGE: &str = "kafka_dlt-exception-message";
/// How often the record has been put back: four bytes, big-endian. Kept when it fails again, so that it can't go round for ever.
pub const REDRIVES: &str = "mall_redrives";

/// How large a record may be in a topic of dead letters, in bytes: a broker's default limit (1 MiB), and as much again for new headers.
pub const MAX_BYTES: i32 = 2 * 1024 * 1024;

/// How much may be on its way to the dead letters, in bytes; see [`DeadLetters::is_full`]. A pod has 350 MiB.
const MAX_UNSETTLED_BYTES: usize = 64 * 1024 * 1024;
const DLT_PREFIX: &str = "kafka_dlt-";
/// What is kept of the cause, in characters: it may quote the record.
const MAX_CAUSE: usize = 500;

/// The topic that takes the dead letters of `topic`.
#[must_use]
pub fn dead_letter_topic(topic: &str) -> String {
    format!("{topic}-dlt")
}

/// Sets records aside.
pub struct DeadLetters {
    post: Post,
    publisher: Arc<Publisher>,
}

impl DeadLetters {
    /// Writes by `publisher`, which must have no time-out: a time-out would look like a refusal.
    ///
    /// # Errors
    /// When the thread for retries can't be started.
    pub fn new(publisher: Arc<Publisher>) -> KafkaResult<Self> {
        let post = Post::start(&publisher)
            .map_err(|error| KafkaError::ClientCreation(error.to_string()))?;
        Ok(Self { post, publisher })
    }

    /// Publishes the record to its topic's dead letters. Never blocks. `on_settled` is called when the broker has the letter, or will never
    /// take it because it is too large. A letter that fails otherwise is tried again less and less often until the process ends. Only
    /// then `on_settled` is not called, and the next owner of the partition reads the record again.
    pub fn set_aside(&self, record: &OwnedMessage, kind: &str, cause: &str, on_settled: OnSettled) {
        let cause: String = cause.chars().take(MAX_CAUSE).collect();
        let place = format!(
            "{}-{}@{}",
            record.topic(),
            record.partition(),
            record.offset()
        );
        log::error!("{place} can't be handled and is set aside ({kind}): {cause}");
        let content = LetterContent {
            place,
            topic: dead_letter_topic(record.topic()),
            key: record.key().map(<[u8]>::to_vec),
            payload: record.payload().map(<[u8]>::to_vec),
            headers: dead_letter_headers(record, kind, &cause),
        };
        self.post.send(content, on_settled);
    }

    /// Whether too many letters are not settled yet, so that no further record should be read.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.post.unsettled_bytes() >= MAX_UNSETTLED_BYTES
    }

    /// Waits until the broker has all letters that are not waiting for another try, at most so long. Blocks.
    ///
    /// # Errors
    /// When the time is over.
    pub fn flush(&self, wait: Duration) -> KafkaResult<()> {
        self.publisher.flush(wait)
    }
}

/// The record's own headers without those of an earlier failure, and the headers of this failure.
fn dead_letter_headers(record: &OwnedMessage, kind: &str, cause: &str) -> OwnedHeaders {
    let own = record
        .headers()
        .into_iter()
        .flat_map(Headers::iter)
        .filter(|header| !header.key.starts_with(DLT_PREFIX));
    let kept = own.fold(OwnedHeaders::new(), |headers, header| {
        headers.insert(header)
    });
    kept.insert(Header {
        key: ORIGINAL_TOPIC,
        value: Some(record.topic().as_bytes()),
    })
    .insert(Header {
        key: ORIGINAL_PARTITION,
        value: Some(&record.partition().to_be_bytes()),
    })
    .insert(Header {
        key: ORIGINAL_OFFSET,
        value: Some(&record.offset().to_be_bytes()),
    })
    .insert(Header {
        key: ORIGINAL_TIMESTAMP,
        value: Some(&record.timestamp().to_millis().unwrap_or(-1).to_be_bytes()),
    })
    .insert(Header {
        key: EXCEPTION,
        value: Some(kind.as_bytes()),
    })
    .insert(Header {
        key: EXCEPTION_MESSAGE,
        value: Some(cause.as_bytes()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::header;
    use rdkafka::Timestamp;

    #[test]
    fn a_record_that_failed_before_keeps_its_own_headers_and_names_only_its_last_failure() {
        let own = OwnedHeaders::new()
            .insert(Header {
                key: "kafka_correlationId",
                value: Some(&b"\xff\x00"[..]),
            })
            .insert(Header {
                key: REDRIVES,
                value: Some(&1_i32.to_be_bytes()[..]),
            })
            .insert(Header {
                key: EXCEPTION_MESSAGE,
                value: Some(&b"old"[..]),
            });
        let timestamp = Timestamp::CreateTime(1_795_363_540_582);
        let record = OwnedMessage::new(None, None, "orders".into(), timestamp, 3, 42, Some(own));
        let headers = dead_letter_headers(&record, "Malformed", "no value");
        let value = |name| header(Some(&headers), name);
        assert_eq!(value("kafka_correlationId"), Some(&b"\xff\x00"[..]));
        assert_eq!(value(REDRIVES), Some(&1_i32.to_be_bytes()[..]));
        assert_eq!(value(ORIGINAL_TOPIC), Some(&b"orders"[..]));
        assert_eq!(value(ORIGINAL_PARTITION), Some(&[0, 0, 0, 3][..]));
        assert_eq!(value(ORIGINAL_OFFSET), Some(&42_i64.to_be_bytes()[..]));
        assert_eq!(
            value(ORIGINAL_TIMESTAMP),
            Some(&1_795_363_540_582_i64.to_be_bytes()[..])
        );
        assert_eq!(value(EXCEPTION_MESSAGE), Some(&b"no value"[..]));
        assert_eq!(
            headers
                .iter()
                .filter(|header| header.key == EXCEPTION_MESSAGE)
                .count(),
            1
        );
    }
}
