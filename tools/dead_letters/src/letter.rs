//! What the headers of a dead letter say, and the headers of one that goes back. Pure: must not know where records come from.

use crate::record_id::RecordId;
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use serde::Serialize;
use shared::kafka::dead_letters::{
    EXCEPTION, EXCEPTION_MESSAGE, ORIGINAL_OFFSET, ORIGINAL_PARTITION, ORIGINAL_TOPIC, REDRIVES,
};
use shared::wire::headers::header;

/// So often a record goes back unforced.
pub(crate) const MAX_REDRIVES: i32 = 3;

/// In a marker: the offset of the letter in the same partition that went back; eight bytes, big-endian.
pub(crate) const REDRIVEN: &str = "mall_redriven";

/// All headers that tell of a failure begin so, ours and spring-kafka's.
const FAILURE_PREFIX: &str = "kafka_dlt-";

/// A dead letter without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Where it is.
    pub id: RecordId,
    /// When it was set aside, in milliseconds since 1970.
    pub millis: Option<i64>,
    /// Its key; what is not UTF-8 is replaced.
    pub key: Option<String>,
    /// Where it came from.
    pub origin: Origin,
    /// What kind of failure it was.
    pub kind: Option<String>,
    /// What was wrong.
    pub message: Option<String>,
    /// How often it has been put back before.
    pub redrives: i32,
    /// The length of its value; `None` is Kafka's null.
    pub value_bytes: Option<usize>,
}

/// Where a dead letter came from, as far as its headers say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// The topic.
    pub topic: Option<String>,
    /// The partition of it.
    pub partition: Option<i32>,
    /// The offset there.
    pub offset: Option<i64>,
}

impl Letter {
    /// Reads the headers; what they don't say, or say in another format, is `None`.
    pub fn read(record: &impl Message) -> Self {
        let headers = record.headers();
        let text = |name| header(headers, name).map(lossy);
        Self {
            id: RecordId::of(record),
            millis: record.timestamp().to_millis(),
            key: record.key().map(lossy),
            origin: Origin {
                topic: text(ORIGINAL_TOPIC),
                partition: header(headers, ORIGINAL_PARTITION).and_then(four_bytes),
                offset: header(headers, ORIGINAL_OFFSET).and_then(eight_bytes),
            },
            kind: text(EXCEPTION),
            message: text(EXCEPTION_MESSAGE),
            redrives: redrives(headers),
            value_bytes: record.payload().map(<[u8]>::len),
        }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let number = |number: Option<i64>| number.map_or("?".to_owned(), |n| n.to_string());
        write!(
            formatter,
            "{}-{}@{}",
            self.topic.as_deref().unwrap_or("?"),
            number(self.partition.map(i64::from)),
            number(self.offset)
        )
    }
}

/// The offset of the letter that went back, when this record is a marker.
pub(crate) fn redriven_offset(record: &impl Message) -> Option<i64> {
    header(record.headers(), REDRIVEN).and_then(eight_bytes)
}

/// The headers of the marker.
pub(crate) fn marker_headers(letter_offset: i64) -> OwnedHeaders {
    OwnedHeaders::new().insert(Header {
        key: REDRIVEN,
        value: Some(&letter_offset.to_be_bytes()),
    })
}

/// The record's own headers in their order, without those of its failure, and the raised count.
pub(crate) fn redrive_headers<H: Headers>(headers: Option<&H>, redrives: i32) -> OwnedHeaders {
    headers
        .into_iter()
        .flat_map(Headers::iter)
        .filter(|header| !header.key.starts_with(FAILURE_PREFIX) && header.key != REDRIVES)
        .fold(OwnedHeaders::new(), |kept, header| kept.insert(header))
        .insert(Header {
            key: REDRIVES,
            value: Some(&redrives.to_be_bytes()),
        })
}

/// An invalid count is taken for the highest, so that the record can't be redriven for ever.
fn redrives<H: Headers>(headers: Option<&H>) -> i32 {
    header(headers, REDRIVES).map_or(0, |bytes| {
        four_bytes(bytes)
            .filter(|count| *count >= 0)
            .unwrap_or(MAX_REDRIVES)
    })
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn four_bytes(bytes: &[u8]) -> Option<i32> {
    bytes.try_into().ok().map(i32::from_be_bytes)
}

fn eight_bytes(bytes: &[u8]) -> Option<i64> {
    bytes.try_into().ok().map(i64::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdkafka::Timestamp;
    use rdkafka::message::OwnedMessage;

    type Pairs<'a> = &'a [(&'a str, Option<&'a [u8]>)];

    fn record(pairs: Pairs<'_>) -> OwnedMessage {
        let headers = pairs
            .iter()
            .fold(OwnedHeaders::new(), |headers, (key, value)| {
                headers.insert(Header { key, value: *value })
            });
        let value = Some(b"value".to_vec());
        let time = Timestamp::CreateTime(1_795_363_540_582);
        OwnedMessage::new(
            value,
            Some(b"k\xff".to_vec()),
            "orders-dlt".into(),
            time,
            0,
            7,
            Some(headers),
        )
    }

    fn pairs(headers: &OwnedHeaders) -> Vec<(&str, Option<&[u8]>)> {
        headers
            .iter()
            .map(|header| (header.key, header.value))
            .collect()
    }

    mod reading {
        use super::*;

        #[test]
        fn finds_origin_and_cause() {
            let letter = Letter::read(&record(&[
                (ORIGINAL_TOPIC, Some(b"orders")),
                (ORIGINAL_PARTITION, Some(&3_i32.to_be_bytes())),
                (ORIGINAL_OFFSET, Some(&42_i64.to_be_bytes())),
                (EXCEPTION, Some(b"MalformedCommand")),
                (EXCEPTION_MESSAGE, Some(b"no value")),
                (REDRIVES, Some(&2_i32.to_be_bytes())),
            ]));
            assert_eq!(letter.id.to_string(), "orders-dlt/0/7");
            assert_eq!(letter.origin.to_string(), "orders-3@42");
            assert_eq!(letter.kind.as_deref(), Some("MalformedCommand"));
            assert_eq!(letter.message.as_deref(), Some("no value"));
            assert_eq!(letter.key.as_deref(), Some("k\u{fffd}"));
            assert_eq!((letter.redrives, letter.value_bytes), (2, Some(5)));
            assert_eq!(letter.millis, Some(1_795_363_540_582));
        }

        #[test]
        fn takes_invalid_headers_as_unknown_origin_and_highest_count() {
            for count in [&b""[..], b"2", &(-1_i32).to_be_bytes(), &[0; 8]] {
                let letter = Letter::read(&record(&[
                    (ORIGINAL_PARTITION, Some(b"3")),
                    (REDRIVES, Some(count)),
                ]));
                assert_eq!(letter.origin.to_string(), "?-?@?");
                assert_eq!(letter.redrives, MAX_REDRIVES, "{count:?}");
            }
            assert_eq!(Letter::read(&record(&[])).redrives, 0);
        }
    }

    #[test]
    fn redrive_headers_are_the_records_own_and_the_raised_count() {
        let own: Pairs<'_> = &[
            ("kafka_correlationId", Some(b"\xff\x00")),
            ("empty", Some(b"")),
            ("null", None),
            ("twice", Some(b"1")),
            ("twice", Some(b"2")),
        ];
        let failure: Pairs<'_> = &[
            (ORIGINAL_TOPIC, Some(b"orders")),
            ("kafka_dlt-exception-stacktrace", Some(b"at")),
            (REDRIVES, Some(&1_i32.to_be_bytes())),
        ];
        let letter = record(&[own, failure].concat());
        let back = redrive_headers(letter.headers(), 2);
        let raised = 2_i32.to_be_bytes();
        assert_eq!(
            pairs(&back),
            [own, &[(REDRIVES, Some(&raised[..]))]].concat()
        );
    }

    #[test]
    fn only_a_marker_names_a_redriven_offset() {
        let marker = record(&[]).replace_headers(Some(marker_headers(42)));
        assert_eq!(redriven_offset(&marker), Some(42));
        assert_eq!(redriven_offset(&record(&[])), None);
    }
}
