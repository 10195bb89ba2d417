//! Records and offsets on Kafka, read by assignment from where the last look ended. Must not know what they should be.

use crate::evidence::{Command, Letter, Log, Position, Reply};
use crate::peer::POISON;
use crate::told::Status;
use crate::topics::{COMPOSITE, ORDERS, TOPICS};
use anyhow::{Context, Result, bail};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde_json::Value;
use shared::kafka::dead_letters::{
    EXCEPTION_MESSAGE, ORIGINAL_OFFSET, ORIGINAL_PARTITION, ORIGINAL_TOPIC,
};
use shared::wire::headers::{CORRELATION_ID, REPLY_TOPIC, header};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// The order services' group: its committed offsets are looked at, it is never joined.
const GROUP: &str = "orderGroup";
const LIMIT: Duration = Duration::from_secs(60);
const STEP: Duration = Duration::from_secs(10);

/// What has been read so far.
pub(crate) struct Records {
    bootstrap_servers: String,
    log: Log,
    next: BTreeMap<(String, i32), i64>,
    /// How often the topic of commands was deleted.
    making: u32,
}

/// A client for one look. One that lives on may remember a topic that was deleted, or a broker as it was before it was killed, and then
/// finds no leader of the topic that is there now.
struct Reader(BaseConsumer);

impl Records {
    /// Of these brokers; nothing is read yet.
    pub(crate) fn new(bootstrap_servers: &str) -> Self {
        Self {
            bootstrap_servers: bootstrap_servers.to_owned(),
            log: Log::default(),
            next: BTreeMap::new(),
            making: 0,
        }
    }

    fn reader(&self) -> Result<Reader> {
        Reader::new(&self.bootstrap_servers)
    }

    /// How many commands are not committed, in all.
    pub(crate) fn lag(&self) -> Result<i64> {
        Ok(self.reader()?.lags()?.values().sum())
    }

    /// How many records there are in all topics.
    pub(crate) fn count(&self) -> Result<i64> {
        let reader = self.reader()?;
        let mut count = 0;
        for topic in TOPICS {
            for partition in 0..reader.partitions(topic)? {
                count += reader.end(topic, partition)?;
            }
        }
        Ok(count)
    }

    /// Everything up to now.
    pub(crate) fn look(&mut self) -> Result<Log> {
        let reader = self.reader()?;
        for topic in TOPICS {
            for partition in 0..reader.partitions(topic)? {
                self.read(&reader, topic, partition)
                    .with_context(|| format!("cannot read {topic}/{partition}"))?;
            }
        }
        self.log.lag = reader.lags()?;
        Ok(self.log.clone())
    }

    /// Reads everything, before topics are deleted. What is not carried out by now may be lost.
    pub(crate) fn before_deletion(&mut self) -> Result<()> {
        // The second look is short, and what comes after it stays unread.
        self.look()?;
        // Before the replies: a reply is written before its command is committed.
        let committed = self.reader()?.committed()?;
        self.look()?;
        for command in &mut self.log.commands {
            let Position { partition, offset } = command.position;
            let done = committed.get(&partition).copied().unwrap_or(0);
            command.is_lost |= command.making == self.making && offset >= done;
        }
        Ok(())
    }

    /// The topic was deleted: one of the same name begins anew.
    pub(crate) fn deleted(&mut self, deleted: &str) {
        self.next.retain(|(topic, _), _| topic != deleted);
        if deleted == ORDERS {
            self.making += 1;
        }
    }

    fn read(&mut self, reader: &Reader, topic: &str, partition: i32) -> Result<()> {
        let end = reader.end(topic, partition)?;
        let place = (topic.to_owned(), partition);
        let mut next = self.next.get(&place).copied().unwrap_or(0);
        if next >= end {
            return Ok(());
        }
        let mut wanted = TopicPartitionList::new();
        wanted.add_partition_offset(topic, partition, Offset::Offset(next))?;
        reader.0.assign(&wanted)?;
        let deadline = Instant::now() + LIMIT;
        while next < end {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                bail!("not within {} s", LIMIT.as_secs());
            }
            match reader.0.poll(left) {
                Some(Ok(record)) if record.topic() == topic && record.partition() == partition => {
                    next = record.offset() + 1;
                    take(&mut self.log, self.making, &record);
                }
                // a lost connection is made again, until the deadline
                Some(Ok(_) | Err(_)) | None => {}
            }
        }
        self.next.insert(place, end);
        Ok(())
    }
}

impl Reader {
    fn new(bootstrap_servers: &str) -> Result<Self> {
        let consumer = ClientConfig::new()
            .set("bootstrap.servers", bootstrap_servers)
            .set("group.id", GROUP)
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", "earliest")
            .set("fetch.wait.max.ms", "50")
            .set("reconnect.backoff.max.ms", "500")
            .create()
            .context("cannot make a Kafka consumer")?;
        Ok(Self(consumer))
    }

    fn lags(&self) -> Result<BTreeMap<i32, i64>> {
        let committed = self.committed()?.into_iter();
        committed
            .map(|(partition, done)| Ok((partition, self.end(ORDERS, partition)? - done)))
            .collect()
    }

    /// Of each partition of commands, the offset that the order services have committed.
    fn committed(&self) -> Result<BTreeMap<i32, i64>> {
        let mut wanted = TopicPartitionList::new();
        for partition in 0..self.partitions(ORDERS)? {
            wanted.add_partition(ORDERS, partition);
        }
        let committed = self
            .0
            .committed_offsets(wanted, STEP)
            .context("cannot ask for the committed offsets")?;
        let done = |offset| match offset {
            Offset::Offset(offset) => offset,
            _ => 0,
        };
        let found = committed.elements();
        let found = found.iter();
        Ok(found
            .map(|found| (found.partition(), done(found.offset())))
            .collect())
    }

    fn partitions(&self, topic: &str) -> Result<i32> {
        let metadata = self
            .0
            .fetch_metadata(Some(topic), STEP)
            .with_context(|| format!("no answer from the brokers about {topic}"))?;
        let found = metadata
            .topics()
            .iter()
            .find(|found| found.name() == topic && found.error().is_none());
        let count = found.map_or(0, |found| found.partitions().len());
        if count == 0 {
            bail!("there is no topic {topic}");
        }
        Ok(i32::try_from(count)?)
    }

    fn end(&self, topic: &str, partition: i32) -> Result<i64> {
        let (_, end) = self
            .0
            .fetch_watermarks(topic, partition, STEP)
            .with_context(|| format!("cannot find the end of {topic}/{partition}"))?;
        Ok(end)
    }
}

fn take(log: &mut Log, making: u32, record: &BorrowedMessage<'_>) {
    let value: Value = record
        .payload()
        .and_then(|bytes| serde_json::from_slice(bytes).ok())
        .unwrap_or_default();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let bytes = |name: &str| header(record.headers(), name);
    let poison = || bytes(POISON).map(|name| String::from_utf8_lossy(name).into_owned());
    let at = record.timestamp().to_millis().unwrap_or_default();
    let position = Position {
        partition: record.partition(),
        offset: record.offset(),
    };
    let (kind, data) = (text(&value["eventType"]), &value["data"]);
    let order = text(&data["orderNum"]);
    match record.topic() {
        ORDERS => log.commands.push(Command {
            at,
            position,
            kind,
            order,
            request_id: text(&data["requestId"]),
            key: text(&data["idempotencyKey"]),
            correlation: bytes(REPLY_TOPIC).map(|_| hex(bytes(CORRELATION_ID).unwrap_or_default())),
            poison: poison(),
            making,
            is_lost: false,
        }),
        COMPOSITE => log.replies.push(Reply {
            at,
            position,
            kind,
            order,
            correlation: bytes(CORRELATION_ID).map(hex),
            status: data["status"].as_str().and_then(Status::parse),
            reason: text(&data["rejectReason"]),
        }),
        topic => log.letters.push(Letter {
            topic: topic.to_owned(),
            position,
            origin: origin(&bytes),
            poison: poison(),
            cause: bytes(EXCEPTION_MESSAGE)
                .map(|cause| String::from_utf8_lossy(cause).into_owned())
                .unwrap_or_default(),
        }),
    }
}

fn origin<'a>(bytes: &impl Fn(&str) -> Option<&'a [u8]>) -> Option<(String, Position)> {
    let topic = String::from_utf8_lossy(bytes(ORIGINAL_TOPIC)?).into_owned();
    let position = Position {
        partition: i32::from_be_bytes(bytes(ORIGINAL_PARTITION)?.try_into().ok()?),
        offset: i64::from_be_bytes(bytes(ORIGINAL_OFFSET)?.try_into().ok()?),
    };
    Some((topic, position))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // writing to a String can't fail
        let _ = write!(text, "{byte:02x}");
        text
    })
}
