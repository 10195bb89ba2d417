//! How long brokers take to acknowledge records. Knows nothing of what the records say.

use std::time::Instant;

use rdkafka::error::KafkaError;

use crate::metrics::{Histogram, HistogramVec, Metrics, Result};

/// The metric of all producers; its name is OpenTelemetry's.
pub struct ProducersMetrics {
    acknowledgements: HistogramVec,
}

impl ProducersMetrics {
    /// Registers it.
    ///
    /// # Errors
    /// When it is registered already.
    pub fn new(metrics: &Metrics) -> Result<Self> {
        Ok(Self {
            acknowledgements: metrics.durations(
                "messaging_client_operation_duration_seconds",
                "How long records took from the producer's queue to the brokers' acknowledgement, or until they were given up.",
                &["producer", "outcome"],
            )?,
        })
    }

    /// The metrics of the producer with this name.
    #[must_use]
    pub fn of(&self, producer: &str) -> PublisherMetrics {
        let with = |outcome| {
            self.acknowledgements
                .with_label_values(&[producer, outcome])
        };
        PublisherMetrics {
            acknowledged: with("acknowledged"),
            failed: with("failed"),
        }
    }
}

/// The metrics of one producer.
pub struct PublisherMetrics {
    acknowledged: Histogram,
    failed: Histogram,
}

impl PublisherMetrics {
    pub(super) fn delivered(&self, since: Instant, outcome: &std::result::Result<(), KafkaError>) {
        let durations = match outcome {
            Ok(()) => &self.acknowledged,
            Err(_) => &self.failed,
        };
        durations.observe(since.elapsed().as_secs_f64());
    }
}
