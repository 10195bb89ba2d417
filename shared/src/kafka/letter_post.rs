//! Dead letters on their way to the broker. A letter that the broker refuses is tried again less and less often, on a thread of its own, as
//! long as there is a producer. Knows nothing of what the letters say.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::OwnedHeaders;

use crate::kafka::publisher::{OutboundRecord, Publisher, is_producers_end};

const FIRST_DELAY: Duration = Duration::from_millis(100);
/// Without the jitter, which at most doubles it.
const LAST_DELAY: Duration = Duration::from_secs(5);
/// How long the thread sleeps when no letter waits; it wakes as soon as one comes.
const IDLE_WAIT: Duration = Duration::from_secs(3_600);
/// An estimate of a letter's memory beside its key and value, in bytes.
const LETTER_OVERHEAD: usize = 1_024;

/// Called once when the record is settled, so that its offset may be committed; dropped uncalled when the process ends before.
pub type OnSettled = Box<dyn FnOnce() + Send + Sync>;

/// What a dead letter is made of.
pub(super) struct LetterContent {
    /// Where its record is, for the log.
    pub(super) place: String,
    /// Where it goes.
    pub(super) topic: String,
    pub(super) key: Option<Vec<u8>>,
    pub(super) payload: Option<Vec<u8>>,
    pub(super) headers: OwnedHeaders,
}

impl LetterContent {
    fn bytes(&self) -> usize {
        let length = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
        LETTER_OVERHEAD + length(&self.key) + length(&self.payload)
    }

    fn record(&self) -> OutboundRecord<'_> {
        OutboundRecord {
            topic: &self.topic,
            partition: None,
            key: self.key.as_deref(),
            payload: self.payload.as_deref(),
            headers: self.headers.clone(),
        }
    }
}

/// Sends letters. It does not keep the producer alive: all letters that are not settled end with it.
#[derive(Clone)]
pub(super) struct Post {
    publisher: Weak<Publisher>,
    retries: Sender<Letter>,
    unsettled: Arc<AtomicUsize>,
}

struct Letter {
    content: Arc<LetterContent>,
    on_settled: OnSettled,
    delays: ExponentialBackoff,
    post: Post,
}

impl Post {
    /// Starts the thread, which ends with the producer.
    pub(super) fn start(publisher: &Arc<Publisher>) -> io::Result<Self> {
        let (retries, retries_rx) = channel();
        thread::Builder::new()
            .name("dead-letters".to_owned())
            .spawn(move || try_again(&retries_rx))?;
        Ok(Self {
            publisher: Arc::downgrade(publisher),
            retries,
            unsettled: Arc::default(),
        })
    }

    /// Sends a letter.
    pub(super) fn send(&self, content: LetterContent, on_settled: OnSettled) {
        self.unsettled.fetch_add(content.bytes(), Ordering::Relaxed);
        let letter = Letter {
            content: Arc::new(content),
            on_settled,
            delays: ExponentialBuilder::default()
                .with_min_delay(FIRST_DELAY)
                .with_max_delay(LAST_DELAY)
                .with_jitter()
                .without_max_times()
                .build(),
            post: self.clone(),
        };
        letter.publish();
    }

    /// The size of all letters that are not settled yet.
    pub(super) fn unsettled_bytes(&self) -> usize {
        self.unsettled.load(Ordering::Relaxed)
    }
}

impl Letter {
    fn publish(self) {
        let Some(publisher) = self.post.publisher.upgrade() else {
            return;
        };
        let content = Arc::clone(&self.content);
        let on_delivery = Box::new(move |delivered| self.delivered(delivered));
        publisher.publish_or_report(content.record(), on_delivery);
    }

    fn delivered(self, delivered: Result<(), KafkaError>) {
        let place = &self.content.place;
        match delivered {
            Ok(()) => self.settle(),
            Err(error) if is_too_large(&error) => {
                log::error!(
                    "{place} is too large to be set aside and stays in its topic only: {error}"
                );
                self.settle();
            }
            Err(error) if is_producers_end(&error) => {
                // Not settled, so its offset is not committed: the partition's next owner reads the record again.
                log::warn!("{place} is not set aside before the producer ends: {error}");
            }
            Err(error) => {
                log::error!("{place} could not be set aside, trying again: {error}");
                let retries = self.post.retries.clone();
                // An error means that the producer is gone.
                let _ = retries.send(self);
            }
        }
    }

    fn settle(self) {
        let bytes = self.content.bytes();
        self.post.unsettled.fetch_sub(bytes, Ordering::Relaxed);
        (self.on_settled)();
    }
}

fn is_too_large(error: &KafkaError) -> bool {
    error.rdkafka_error_code() == Some(RDKafkaErrorCode::MessageSizeTooLarge)
}

/// Publishes letters again, each when its time has come.
fn try_again(retries: &Receiver<Letter>) {
    let mut waiting = BTreeMap::new();
    for nth in 0_u64.. {
        let now = Instant::now();
        let due = waiting.first_key_value().map(|((due, _), _)| *due);
        let wait = due.map_or(IDLE_WAIT, |due: Instant| due.saturating_duration_since(now));
        match retries.recv_timeout(wait) {
            Ok(mut letter) => {
                let delay = letter.delays.next().unwrap_or(LAST_DELAY);
                waiting.insert((Instant::now() + delay, nth), letter);
            }
            Err(RecvTimeoutError::Timeout) => {
                if let Some((_, letter)) = waiting.pop_first() {
                    letter.publish();
                }
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}
