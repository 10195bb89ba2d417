//! The raw limit of the broker: request and reply over Kafka by clients that do nothing else, with the services' client settings. Must not
//! know orders.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use hdrhistogram::Histogram;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};
use shared::env::EnvReader;
use shared::kafka::config::KafkaSettings;

/// As long as a command for an order of one line.
const PAYLOAD: [u8; 400] = [b'x'; 400];
const REQUESTS: &str = "bench-requests";
const REPLIES: &str = "bench-replies";
/// The topics that must be there, with a partition each.
pub(super) const ECHO_TOPICS: [&str; 2] = [REQUESTS, REPLIES];
const TIMEOUT: Duration = Duration::from_secs(10);

/// An asker, and an echo on a thread of its own.
pub(super) struct Echo {
    consumer: BaseConsumer,
    producer: BaseProducer,
    is_over: Arc<AtomicBool>,
    answering: Option<JoinHandle<Result<()>>>,
}

/// What the broker gives.
#[derive(Clone, Copy, Debug)]
pub(super) struct EchoSpeed {
    /// Replies a second.
    pub(super) rate: f64,
    /// The median from request to reply, in milliseconds.
    pub(super) p50_millis: f64,
}

impl Echo {
    /// Starts both on these brokers, whose topics are there.
    ///
    /// # Errors
    /// When the brokers can't be reached.
    pub(super) fn start(bootstrap_servers: &str) -> Result<Self> {
        let settings = settings(bootstrap_servers);
        let (consumer, producer) = clients(&settings, REPLIES)?;
        let (requests, replies) = clients(&settings, REQUESTS)?;
        let is_over = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&is_over);
        let answering = thread::Builder::new()
            .name("echo".to_owned())
            .spawn(move || answer(&requests, &replies, &until))?;
        let mut echo = Self {
            consumer,
            producer,
            is_over,
            answering: Some(answering),
        };
        echo.measure(1, Duration::from_secs(1))?;
        Ok(echo)
    }

    /// Keeps so many requests on their way for so long.
    ///
    /// # Errors
    /// When replies fail to come.
    pub(super) fn measure(&mut self, in_flight: usize, duration: Duration) -> Result<EchoSpeed> {
        let begin = Instant::now();
        let mut sent_at = Vec::<Instant>::new();
        let mut latencies = Histogram::<u64>::new_with_bounds(1, 60_000_000, 3)?;
        let mut open = 0;
        let mut last_reply = begin;
        while begin.elapsed() < duration || open > 0 {
            while open < in_flight && begin.elapsed() < duration {
                let id = sent_at.len() as u64;
                sent_at.push(Instant::now());
                send(&self.producer, REQUESTS, &id.to_le_bytes())?;
                open += 1;
            }
            self.producer.poll(Duration::ZERO);
            if let Some(reply) = self.consumer.poll(Duration::from_millis(5)) {
                let id = id_of(reply?.key())?;
                let asked = sent_at
                    .get(usize::try_from(id)?)
                    .context("a strange reply")?;
                let micros = u64::try_from(asked.elapsed().as_micros())?;
                latencies.saturating_record(micros.max(1));
                last_reply = Instant::now();
                open -= 1;
            }
            ensure!(last_reply.elapsed() < TIMEOUT, "the echo does not answer");
        }
        #[expect(clippy::cast_precision_loss, reason = "for people to read")]
        let (answers, p50) = (
            latencies.len() as f64,
            latencies.value_at_quantile(0.5) as f64,
        );
        Ok(EchoSpeed {
            rate: answers / begin.elapsed().as_secs_f64(),
            p50_millis: p50 / 1_000.0,
        })
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(answering) = self.answering.take() {
            // Its errors have shown as missing replies already.
            let _ = answering.join();
        }
    }
}

fn settings(bootstrap_servers: &str) -> KafkaSettings {
    let pairs = [("KAFKA_BOOTSTRAP_SERVERS", bootstrap_servers)];
    KafkaSettings::from_env(&mut EnvReader::new(pairs))
}

/// A consumer of partition 0 from its end, and a producer.
fn clients(settings: &KafkaSettings, topic: &str) -> Result<(BaseConsumer, BaseProducer)> {
    let consumer: BaseConsumer = settings.consumer("bench").create()?;
    let (_, end) = consumer.fetch_watermarks(topic, 0, TIMEOUT)?;
    let mut partitions = TopicPartitionList::new();
    partitions.add_partition_offset(topic, 0, Offset::Offset(end))?;
    consumer.assign(&partitions)?;
    Ok((consumer, settings.producer(Some(TIMEOUT)).create()?))
}

fn answer(requests: &BaseConsumer, replies: &BaseProducer, until: &AtomicBool) -> Result<()> {
    while !until.load(Ordering::Relaxed) {
        if let Some(request) = requests.poll(Duration::from_millis(5)) {
            let request = request?;
            send(replies, REPLIES, request.key().context("no key")?)?;
        }
        replies.poll(Duration::ZERO);
    }
    replies.flush(TIMEOUT).map_err(Into::into)
}

fn send(producer: &BaseProducer, topic: &str, key: &[u8]) -> Result<()> {
    let record = BaseRecord::to(topic)
        .partition(0)
        .key(key)
        .payload(&PAYLOAD[..]);
    producer.send(record).map_err(|(error, _)| anyhow!(error))
}

fn id_of(key: Option<&[u8]>) -> Result<u64> {
    let bytes = key.context("a reply without key")?;
    Ok(u64::from_le_bytes(bytes.try_into()?))
}
