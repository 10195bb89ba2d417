//! A record's name, `topic/partition/offset`. Must not know whether there is such a record.

use anyhow::{Context, Result, anyhow};
use rdkafka::message::Message;
use std::fmt::{Display, Formatter};
use std::str::FromStr;

/// Which record is meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordId {
    /// The topic that holds it.
    pub topic: String,
    /// The partition of it.
    pub partition: i32,
    /// The offset there.
    pub offset: i64,
}

impl RecordId {
    /// The name of a record at hand.
    pub fn of(record: &impl Message) -> Self {
        Self {
            topic: record.topic().to_owned(),
            partition: record.partition(),
            offset: record.offset(),
        }
    }
}

impl Display for RecordId {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        let (topic, partition, offset) = (&self.topic, self.partition, self.offset);
        write!(formatter, "{topic}/{partition}/{offset}")
    }
}

impl FromStr for RecordId {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || format!("'{text}' is not <topic>/<partition>/<offset>");
        let mut parts = text.rsplitn(3, '/');
        let offset = parts.next().and_then(number);
        let partition = parts.next().and_then(number).map(i32::try_from);
        let topic = parts.next().filter(|name| !name.is_empty());
        Ok(Self {
            topic: topic.with_context(wrong)?.to_owned(),
            partition: partition
                .with_context(wrong)?
                .map_err(|_| anyhow!(wrong()))?,
            offset: offset.with_context(wrong)?,
        })
    }
}

/// Digits only: neither sign nor space.
fn number(text: &str) -> Option<i64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::RecordId;

    #[test]
    fn a_name_is_written_as_it_was_read() {
        let id: RecordId = "orders-dlt/3/42".parse().unwrap();
        assert_eq!(id.topic, "orders-dlt");
        assert_eq!((id.partition, id.offset), (3, 42));
        assert_eq!(id.to_string(), "orders-dlt/3/42");
    }

    #[test]
    fn anything_else_is_refused() {
        let wrong = [
            "",
            "orders-dlt",
            "orders-dlt/1",
            "/0/1",
            "t/0/-1",
            "t/0/",
            "t/ 0/1",
            "t/4294967296/1",
        ];
        for text in wrong {
            let error = text.parse::<RecordId>().unwrap_err();
            assert!(
                error.to_string().contains("<topic>/<partition>/<offset>"),
                "{text}: {error}"
            );
        }
    }
}
