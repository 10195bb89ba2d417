//! The record headers of request and reply, as spring-kafka names and encodes them.

use rdkafka::message::{Header, Headers, OwnedHeaders};

use crate::trace::context::{TRACEPARENT, TraceContext};

/// Pairs a reply with its request: any bytes, echoed unchanged.
pub const CORRELATION_ID: &str = "kafka_correlationId";
/// The topic to reply to, UTF-8.
pub const REPLY_TOPIC: &str = "kafka_replyTopic";
/// The partition to reply to, four bytes, big-endian; optional.
pub const REPLY_PARTITION: &str = "kafka_replyPartition";
/// The Java class of the value; Spring order services refuse records without it.
pub const TYPE_ID: &str = "__TypeId__";
/// The class that the Spring services use.
pub const EVENT_TYPE_ID: &str = "me.hanwool.mallutilapp.event.Event";

/// Names the service that has replied. A Spring order service does not write it.
pub const REPLIER: &str = "mall_replier";
/// An order service that knows every command of [`EventType`](super::event::EventType).
pub const ORDER_SERVICE: &str = "order_service";

/// Where and how a requester wants its reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyAddress {
    /// The topic to reply to.
    pub topic: String,
    /// The partition of it, when the requester reads only that.
    pub partition: Option<i32>,
    /// The bytes to echo; a requester may send none.
    pub correlation_id: Option<Vec<u8>>,
    /// The Java class that the requester names, also for its reply. A Spring requester with another class can't read a reply that names
    /// [`EVENT_TYPE_ID`], and one without type headers has a class of its own.
    pub type_id: Option<Vec<u8>>,
}

/// Why a record's reply headers can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHeaders {
    /// The reply topic is empty or not text.
    #[error("{REPLY_TOPIC} is not a topic's name")]
    ReplyTopic,
    /// The reply partition is not a non-negative four-byte integer.
    #[error("{REPLY_PARTITION} is not four bytes of a partition's number")]
    ReplyPartition,
}

impl ReplyAddress {
    /// Reads the reply address off a record's headers; `None` when no reply is asked for.
    ///
    /// # Errors
    /// When a header is there but invalid.
    pub fn read<H: Headers>(headers: Option<&H>) -> Result<Option<Self>, InvalidHeaders> {
        let Some(topic) = header(headers, REPLY_TOPIC) else {
            return Ok(None);
        };
        let topic = std::str::from_utf8(topic)
            .ok()
            .filter(|name| is_topic_name(name))
            .ok_or(InvalidHeaders::ReplyTopic)?;
        let partition = header(headers, REPLY_PARTITION)
            .map(partition_number)
            .transpose()?;
        let bytes = |name| header(headers, name).map(<[u8]>::to_vec);
        Ok(Some(Self {
            topic: topic.to_owned(),
            partition,
            correlation_id: bytes(CORRELATION_ID),
            type_id: bytes(TYPE_ID),
        }))
    }

    /// The headers of a request that asks for its reply here, in the order in which spring-kafka writes them.
    #[must_use]
    pub fn request_headers(&self) -> OwnedHeaders {
        let mut headers = OwnedHeaders::new_with_capacity(4).insert(Header {
            key: REPLY_TOPIC,
            value: Some(self.topic.as_bytes()),
        });
        if let Some(partition) = self.partition {
            headers = headers.insert(Header {
                key: REPLY_PARTITION,
                value: Some(&partition.to_be_bytes()),
            });
        }
        self.with_own_headers(headers)
    }

    /// The headers of the reply itself, as an order service writes them.
    #[must_use]
    pub fn reply_headers(&self) -> OwnedHeaders {
        self.with_own_headers(OwnedHeaders::new_with_capacity(3))
            .insert(Header {
                key: REPLIER,
                value: Some(ORDER_SERVICE),
            })
    }

    fn with_own_headers(&self, headers: OwnedHeaders) -> OwnedHeaders {
        let own = [
            (CORRELATION_ID, &self.correlation_id),
            (TYPE_ID, &self.type_id),
        ];
        own.into_iter()
            .filter_map(|(key, value)| Some((key, value.as_ref()?)))
            .fold(headers, |headers, (key, value)| {
                headers.insert(Header {
                    key,
                    value: Some(value),
                })
            })
    }
}

/// The value of the last header of this name, which is the one that counts in Kafka clients.
pub fn header<'a, H: Headers>(headers: Option<&'a H>, name: &str) -> Option<&'a [u8]> {
    headers?
        .iter()
        .filter(|header| header.key == name)
        .filter_map(|header| header.value)
        .last()
}

/// The trace that a record belongs to, if it names one in a valid way.
pub fn trace_context<H: Headers>(headers: Option<&H>) -> Option<TraceContext> {
    TraceContext::parse(header(headers, TRACEPARENT)?)
}

/// Adds the trace that the record belongs to. Spring services ignore it.
#[must_use]
pub fn in_trace(headers: OwnedHeaders, context: &TraceContext) -> OwnedHeaders {
    headers.insert(Header {
        key: TRACEPARENT,
        value: Some(&context.header()),
    })
}

/// Whether an order service that knows all our commands has replied.
pub fn is_of_our_order_service<H: Headers>(headers: Option<&H>) -> bool {
    header(headers, REPLIER) == Some(ORDER_SERVICE.as_bytes())
}

/// Whether the type id names another class than [`EVENT_TYPE_ID`]. A record may leave it out.
pub fn is_of_another_type<H: Headers>(headers: Option<&H>) -> bool {
    header(headers, TYPE_ID).is_some_and(|type_id| type_id != EVENT_TYPE_ID.as_bytes())
}

fn partition_number(bytes: &[u8]) -> Result<i32, InvalidHeaders> {
    let number = bytes
        .try_into()
        .map(i32::from_be_bytes)
        .map_err(|_| InvalidHeaders::ReplyPartition)?;
    if number >= 0 {
        Ok(number)
    } else {
        Err(InvalidHeaders::ReplyPartition)
    }
}

/// Kafka's own rule for topic names.
fn is_topic_name(name: &str) -> bool {
    (1..=249).contains(&name.len())
        && name != "."
        && name != ".."
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &[u8])]) -> OwnedHeaders {
        pairs
            .iter()
            .fold(OwnedHeaders::new(), |headers, (key, value)| {
                headers.insert(Header {
                    key,
                    value: Some(*value),
                })
            })
    }

    #[test]
    fn reply_headers_are_the_reply_address() {
        let read = ReplyAddress::read(Some(&headers(&[
            (REPLY_TOPIC, b"composite"),
            (REPLY_PARTITION, &[0, 0, 1, 2]),
            (CORRELATION_ID, &[0xff; 16]),
            ("spring_json_header_types", b"{}"),
        ])));
        let address = ReplyAddress {
            topic: "composite".into(),
            partition: Some(258),
            correlation_id: Some(vec![0xff; 16]),
            type_id: None,
        };
        assert_eq!(read, Ok(Some(address)));
    }

    #[test]
    fn a_reply_names_a_class_only_when_the_request_did_and_then_the_same() {
        for class in [None, Some(EVENT_TYPE_ID), Some("com.shop.OrderEvent")] {
            let mut asked = headers(&[(REPLY_TOPIC, b"composite"), (CORRELATION_ID, b"x")]);
            if let Some(class) = class {
                asked = asked.insert(Header {
                    key: TYPE_ID,
                    value: Some(class),
                });
            }
            let address = ReplyAddress::read(Some(&asked)).unwrap().unwrap();
            let reply = address.reply_headers();
            let named = header(Some(&reply), TYPE_ID);
            assert_eq!(named, class.map(str::as_bytes));
            assert!(is_of_our_order_service(Some(&reply)));
            assert!(!is_of_our_order_service(Some(&asked)));
        }
    }

    #[test]
    fn a_trace_survives_the_headers_and_other_values_are_ignored() {
        let context = TraceContext::new(&crate::ids::SecureIds);
        let asked = in_trace(headers(&[(CORRELATION_ID, b"x")]), &context);
        assert_eq!(trace_context(Some(&asked)), Some(context));
        assert_eq!(header(Some(&asked), CORRELATION_ID), Some(&b"x"[..]));
        assert_eq!(trace_context::<OwnedHeaders>(None), None);
        let nonsense = headers(&[(TRACEPARENT, b"00-1-1-01")]);
        assert_eq!(trace_context(Some(&nonsense)), None);
    }

    #[test]
    fn without_a_reply_topic_no_reply_is_asked_for() {
        assert_eq!(ReplyAddress::read::<OwnedHeaders>(None), Ok(None));
        assert_eq!(
            ReplyAddress::read(Some(&headers(&[(CORRELATION_ID, b"x")]))),
            Ok(None)
        );
    }

    #[test]
    fn invalid_reply_headers_are_refused() {
        for topic in [&b""[..], b"a b", b"\xff", b".."] {
            assert_eq!(
                ReplyAddress::read(Some(&headers(&[(REPLY_TOPIC, topic)]))),
                Err(InvalidHeaders::ReplyTopic)
            );
        }
        for partition in [&b""[..], b"1", &[0xff; 4], &[0; 8]] {
            let read = ReplyAddress::read(Some(&headers(&[
                (REPLY_TOPIC, b"t"),
                (REPLY_PARTITION, partition),
            ])));
            assert_eq!(read, Err(InvalidHeaders::ReplyPartition));
        }
    }
}
