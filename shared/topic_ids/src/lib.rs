//! Asks Kafka for the ids of topics, and for what this client may do with them. A topic that is deleted and made again has the same name and
//! another id, and nothing else tells the two apart for certain: the new one's offsets may have grown past the old one's before anybody
//! looks.
//!
//! By hand, because rdkafka 0.39 has no safe call for it. This is the only crate of the workspace with unsafe code; it calls
//! `rd_kafka_DescribeTopics` and copies what it answers.

use std::ffi::{CStr, CString, c_char, c_int};
use std::fmt;
use std::ptr::NonNull;
use std::time::Duration;

use rdkafka::bindings as native;
use rdkafka::client::{Client, ClientContext};
use rdkafka::error::{IsError, KafkaError, KafkaResult, RDKafkaErrorCode};

/// The id of one making of a topic, as Kafka's tools show it: 22 characters of base64. Brokers before Kafka 2.8 know no ids; with them all
/// topics have the same one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(String);

impl TopicId {
    /// The id that is written so.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// As Kafka's tools show it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TopicId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// An operation on a topic that a client needs to be allowed, as Kafka's ACLs name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Fetching records.
    Read,
    /// Producing records.
    Write,
    /// Seeing the topic's settings.
    DescribeConfigs,
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The variants are named as in Kafka.
        fmt::Debug::fmt(self, formatter)
    }
}

/// A topic, as the brokers describe it to this client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Which making of it.
    pub id: TopicId,
    /// What this client may do, beside what [`Operation`] doesn't know. `None`: these brokers don't tell.
    pub allowed: Option<Vec<Operation>>,
}

/// What the brokers say of a topic, or why they say nothing.
pub type Description = Result<Described, RDKafkaErrorCode>;

/// Asks this broker for these topics, and returns an answer for each, in their order. Blocks, for `wait` at most. Creates nothing, whatever
/// the brokers' `auto.create.topics.enable` says.
///
/// # Errors
/// When the broker does not answer in time, or a name contains a zero byte.
pub fn describe<C: ClientContext>(
    client: &Client<C>,
    broker: i32,
    topics: &[&str],
    wait: Duration,
) -> KafkaResult<Vec<Description>> {
    let millis = c_int::try_from(wait.as_millis()).unwrap_or(c_int::MAX);
    let request = Request::new(client, broker, topics, millis)?;
    let event = request.send(millis)?;
    Ok(event.descriptions())
}

/// librdkafka's objects for one request, which are freed together.
struct Request<'a, C: ClientContext> {
    client: &'a Client<C>,
    topics: NonNull<native::rd_kafka_TopicCollection_t>,
    options: NonNull<native::rd_kafka_AdminOptions_t>,
    queue: NonNull<native::rd_kafka_queue_t>,
}

impl<'a, C: ClientContext> Request<'a, C> {
    fn new(
        client: &'a Client<C>,
        broker: i32,
        topics: &[&str],
        millis: c_int,
    ) -> KafkaResult<Self> {
        let names: Vec<CString> = topics
            .iter()
            .map(|name| CString::new(*name))
            .collect::<Result<_, _>>()?;
        let mut names: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
        let rk = client.native_ptr();
        // SAFETY: `names` holds as many pointers to terminated strings, which outlive the call; librdkafka copies them.
        let topics = unsafe {
            native::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len())
        };
        // SAFETY: `rk` is a live client, which `client` borrows.
        let (options, queue) = unsafe {
            (
                native::rd_kafka_AdminOptions_new(
                    rk,
                    native::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
                ),
                native::rd_kafka_queue_new(rk),
            )
        };
        let (Some(topics), Some(options), Some(queue)) = (
            NonNull::new(topics),
            NonNull::new(options),
            NonNull::new(queue),
        ) else {
            unreachable!("librdkafka ends the process when it has no memory")
        };
        let mut error = [0; 256];
        // By default librdkafka asks the controller, although every broker knows. librdkafka's own small broker names a controller that is
        // not there.
        // SAFETY: the options are live, and `error` has the room that is told.
        let set = unsafe {
            [
                native::rd_kafka_AdminOptions_set_request_timeout(
                    options.as_ptr(),
                    millis,
                    error.as_mut_ptr(),
                    error.len(),
                ),
                native::rd_kafka_AdminOptions_set_broker(
                    options.as_ptr(),
                    broker,
                    error.as_mut_ptr(),
                    error.len(),
                ),
            ]
        };
        // SAFETY: the options are live. They take this one for every DescribeTopics, and return null then; an error is freed here.
        unsafe {
            let error = native::rd_kafka_AdminOptions_set_include_authorized_operations(
                options.as_ptr(),
                1,
            );
            if !error.is_null() {
                native::rd_kafka_error_destroy(error);
            }
        }
        let request = Self {
            client,
            topics,
            options,
            queue,
        };
        if let Some(refused) = set.into_iter().find(IsError::is_error) {
            return Err(KafkaError::AdminOpCreation(
                RDKafkaErrorCode::from(refused).to_string(),
            ));
        }
        Ok(request)
    }

    fn send(&self, millis: c_int) -> KafkaResult<Event> {
        // SAFETY: all four are live. The answer comes to our own queue.
        let event = unsafe {
            native::rd_kafka_DescribeTopics(
                self.client.native_ptr(),
                self.topics.as_ptr(),
                self.options.as_ptr(),
                self.queue.as_ptr(),
            );
            native::rd_kafka_queue_poll(self.queue.as_ptr(), millis.saturating_add(GRACE_MILLIS))
        };
        let event = Event(
            NonNull::new(event).ok_or(KafkaError::AdminOp(RDKafkaErrorCode::OperationTimedOut))?,
        );
        // SAFETY: the event is live.
        let error = unsafe { native::rd_kafka_event_error(event.0.as_ptr()) };
        if error.is_error() {
            return Err(KafkaError::AdminOp(error.into()));
        }
        Ok(event)
    }
}

/// librdkafka itself answers when the time is over. This is how much longer we wait for that, in milliseconds.
const GRACE_MILLIS: c_int = 500;

impl<C: ClientContext> Drop for Request<'_, C> {
    fn drop(&mut self) {
        // SAFETY: each was made by `new` and is freed once. librdkafka drops an answer that finds no queue.
        unsafe {
            native::rd_kafka_queue_destroy(self.queue.as_ptr());
            native::rd_kafka_AdminOptions_destroy(self.options.as_ptr());
            native::rd_kafka_TopicCollection_destroy(self.topics.as_ptr());
        }
    }
}

/// The answer.
struct Event(NonNull<native::rd_kafka_event_t>);

impl Event {
    fn descriptions(&self) -> Vec<Description> {
        let mut count = 0;
        // SAFETY: the event is live. It is the answer to a DescribeTopics, since that was the only request with this queue; the check for
        // null covers anything else. The array and what it points to belong to the event.
        let topics = unsafe {
            let result = native::rd_kafka_event_DescribeTopics_result(self.0.as_ptr());
            if result.is_null() {
                return Vec::new();
            }
            let topics = native::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
            if topics.is_null() {
                return Vec::new();
            }
            std::slice::from_raw_parts(topics, count)
        };
        topics
            .iter()
            // SAFETY: each points to a description that lives as long as the event.
            .map(|topic| unsafe { description(*topic) })
            .collect()
    }
}

/// # Safety
/// `topic` must point to a live description.
unsafe fn description(topic: *const native::rd_kafka_TopicDescription_t) -> Description {
    // SAFETY: the description is live, and owns its error and its id. The id's text is made at the first call and belongs to the id.
    unsafe {
        let error = native::rd_kafka_TopicDescription_error(topic);
        if !error.is_null() {
            let code = native::rd_kafka_error_code(error);
            if code.is_error() {
                return Err(code.into());
            }
        }
        let id = native::rd_kafka_TopicDescription_topic_id(topic);
        let text = native::rd_kafka_Uuid_base64str(id);
        Ok(Described {
            id: TopicId(CStr::from_ptr(text).to_string_lossy().into_owned()),
            allowed: allowed(topic),
        })
    }
}

/// # Safety
/// `topic` must point to a live description without an error.
unsafe fn allowed(topic: *const native::rd_kafka_TopicDescription_t) -> Option<Vec<Operation>> {
    use native::rd_kafka_AclOperation_t as Acl;
    let mut count = 0;
    // SAFETY: the description is live, and owns the array. It is null when the brokers don't tell.
    let operations = unsafe {
        let operations =
            native::rd_kafka_TopicDescription_authorized_operations(topic, &raw mut count);
        if operations.is_null() {
            return None;
        }
        std::slice::from_raw_parts(operations, count)
    };
    let known = operations.iter().filter_map(|operation| match operation {
        Acl::RD_KAFKA_ACL_OPERATION_READ => Some(Operation::Read),
        Acl::RD_KAFKA_ACL_OPERATION_WRITE => Some(Operation::Write),
        Acl::RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS => Some(Operation::DescribeConfigs),
        _ => None,
    });
    Some(known.collect())
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: it was returned to us once, and nothing that belongs to it is used any more.
        unsafe { native::rd_kafka_event_destroy(self.0.as_ptr()) };
    }
}
