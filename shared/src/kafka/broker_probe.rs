//! Asks the brokers whether they are there, for readiness probes and at the start, by a client that belongs to no group.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::metadata::Metadata;

use crate::kafka::config::KafkaSettings;
use crate::kafka::entrance::{Entrance, Shut};
use crate::kafka::rights::Account;

/// How long the queue of events must be empty. Without any time, a poll returns after the first line of log.
const LAST_EVENTS_WAIT: Duration = Duration::from_millis(10);

/// A client that only asks for metadata. Cheap to clone.
#[derive(Clone)]
pub struct BrokerProbe {
    client: Arc<BaseConsumer<Entrance>>,
    topic: String,
}

/// Why no broker answers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// They don't let this client in; with the client's account and the brokers' words.
    #[error("{words}: {1}", words = .0.words())]
    Shut(Shut, String),
    /// None is there, or none in time.
    #[error("no broker answers: {0}")]
    Away(KafkaError),
}

impl Unanswered {
    /// In words that hold nothing of a library's, for the public answer of readiness.
    #[must_use]
    pub fn words(&self) -> &'static str {
        match self {
            Self::Shut(shut, _) => shut.words(),
            Self::Away(_) => "no broker answers",
        }
    }
}

impl BrokerProbe {
    /// A probe that asks for `topic`.
    ///
    /// # Errors
    /// When librdkafka refuses the settings.
    pub fn new(settings: &KafkaSettings, topic: &str) -> KafkaResult<Self> {
        let config = settings.client();
        let entrance = Entrance::new(Account::of(&config));
        Ok(Self {
            client: Arc::new(config.create_with_context(entrance)?),
            topic: topic.to_owned(),
        })
    }

    /// Whether a broker answers within `wait`. Blocks.
    ///
    /// # Errors
    /// When none does.
    pub fn probe(&self, wait: Duration) -> Result<(), Unanswered> {
        self.ask(Some(&self.topic), wait).map(drop)
    }

    /// What is wrong if no broker answers within `wait`, in words for readiness. Blocks.
    #[must_use]
    pub fn wrong(&self, wait: Duration) -> Option<String> {
        let unanswered = self.probe(wait).err()?;
        Some(unanswered.words().to_owned())
    }

    /// The topics that have partitions, as far as the brokers show them to this client. Blocks, for `wait` at most.
    ///
    /// # Errors
    /// When no broker answers.
    pub(super) fn topics(&self, wait: Duration) -> Result<BTreeSet<String>, Unanswered> {
        let metadata = self.ask(None, wait)?;
        let topics = metadata.topics().iter();
        Ok(topics
            .filter(|topic| !topic.partitions().is_empty())
            .map(|topic| topic.name().to_owned())
            .collect())
    }

    fn ask(&self, topic: Option<&str>, wait: Duration) -> Result<Metadata, Unanswered> {
        let asked = self.client.fetch_metadata(topic, wait);
        // The context hears of what has happened meanwhile. Nothing else takes these events, so they would pile up.
        while self.client.poll(LAST_EVENTS_WAIT).is_some() {}
        let entrance = self.client.context();
        match asked {
            Ok(metadata) => {
                entrance.open();
                Ok(metadata)
            }
            Err(error) => Err(match entrance.shut() {
                Some((shut, words)) => Unanswered::Shut(shut, words),
                None => Unanswered::Away(error),
            }),
        }
    }
}
