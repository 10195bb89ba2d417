//! Asks the brokers whether they are there, for readiness probes, by a client that belongs to no group.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaResult;

use crate::kafka::config::KafkaSettings;

/// A client that only asks for metadata. Cheap to clone.
#[derive(Clone)]
pub struct BrokerProbe {
    client: Arc<BaseConsumer>,
    topic: String,
}

impl BrokerProbe {
    /// A probe that asks for `topic`.
    ///
    /// # Errors
    /// When librdkafka refuses the settings.
    pub fn new(settings: &KafkaSettings, topic: &str) -> KafkaResult<Self> {
        Ok(Self {
            client: Arc::new(settings.client().create()?),
            topic: topic.to_owned(),
        })
    }

    /// Whether a broker answers within `wait`. Blocks.
    ///
    /// # Errors
    /// When none does.
    pub fn probe(&self, wait: Duration) -> KafkaResult<()> {
        self.client
            .fetch_metadata(Some(&self.topic), wait)
            .map(drop)
    }
}
