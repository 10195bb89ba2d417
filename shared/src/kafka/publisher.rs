//! Publishing records, with the broker's acknowledgement as a call back. Knows neither topics nor contents.

use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::OwnedHeaders;
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};

use crate::crash::crash;
use crate::kafka::metrics::PublisherMetrics;

/// Called once when the broker has acknowledged a record or it is given up: on the producer's thread, or at once on the caller's when
/// the producer knows already that no broker will take it.
pub type OnDelivery = Box<dyn FnOnce(Result<(), KafkaError>) + Send + Sync>;

/// Whether this error means that the producer has ended, not that the record was refused. A producer without a time-out
/// (`message.timeout.ms` is 0) repeats all that can be repeated, without end. So every other error of such a producer is final: the
/// brokers will not take this record, as long as its topic stays as it is.
#[must_use]
pub fn is_producers_end(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(RDKafkaErrorCode::PurgeQueue | RDKafkaErrorCode::PurgeInflight)
    )
}

/// Whether this error means that the brokers and an idempotent producer do not agree on what was sent last. librdkafka gives the record that
/// shows it the cause, and all later ones the error `Fatal`.
fn has_lost_its_place(error: &KafkaError) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        error.rdkafka_error_code(),
        Some(
            Code::Fatal
                | Code::OutOfOrderSequenceNumber
                | Code::UnknownProducerId
                | Code::InvalidProducerEpoch
                | Code::ProducerFenced
        )
    )
}

/// Whether this error means that the brokers have refused the record, and will refuse it each time: they don't have it. After a time-out,
/// on the other hand, they may have it.
#[must_use]
pub fn is_refusal(error: &KafkaError) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        error.rdkafka_error_code(),
        Some(
            Code::MessageSizeTooLarge
                | Code::MessageBatchTooLarge
                | Code::InvalidRecord
                | Code::InvalidTimestamp
                | Code::InvalidTopic
                | Code::PolicyViolation
                | Code::TopicAuthorizationFailed
                | Code::ClusterAuthorizationFailed
                | Code::UnknownTopic
                | Code::UnknownPartition
                | Code::UnknownTopicOrPartition
                | Code::UnsupportedForMessageFormat
        )
    )
}

/// Whether this error means that the producer does not know the record's partition, or knows it no longer: its topic was deleted, or made
/// again. The brokers may have it soon.
#[must_use]
pub fn is_without_partition(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        // The second is told of a record that is in flight while librdkafka drops its partition, although nothing ends.
        Some(RDKafkaErrorCode::UnknownPartition | RDKafkaErrorCode::BrokerDestroy)
    )
}

/// A record to be published.
#[derive(Debug)]
pub struct OutboundRecord<'a> {
    /// The topic's name.
    pub topic: &'a str,
    /// The partition; by the key's hash when absent.
    pub partition: Option<i32>,
    /// The key; Spring's replies have none.
    pub key: Option<&'a [u8]>,
    /// The value; `None` is Kafka's null.
    pub payload: Option<&'a [u8]>,
    /// The headers.
    pub headers: OwnedHeaders,
}

/// A producer whose own thread serves the acknowledgements.
pub struct Publisher {
    producer: ThreadedProducer<AcknowledgementContext>,
}

struct AcknowledgementContext {
    metrics: Option<PublisherMetrics>,
}

/// What travels with a record until it is acknowledged.
struct Delivery {
    since: Instant,
    on_delivery: OnDelivery,
}

impl AcknowledgementContext {
    /// An idempotent producer that has lost its sequence can never send again. The process ends; its unfinished commands come again to
    /// the next owner of their partitions.
    fn end(&self, delivery: Delivery, outcome: Result<(), KafkaError>) {
        if let Err(error) = &outcome
            && has_lost_its_place(error)
        {
            crash(format_args!("the producer has failed for good: {error}"));
        }
        if let Some(metrics) = &self.metrics {
            metrics.delivered(delivery.since, &outcome);
        }
        (delivery.on_delivery)(outcome);
    }
}

impl ClientContext for AcknowledgementContext {
    fn error(&self, error: KafkaError, reason: &str) {
        log::warn!("the producer reports: {error}: {reason}");
    }
}

impl ProducerContext for AcknowledgementContext {
    type DeliveryOpaque = Box<Delivery>;

    fn delivery(&self, result: &DeliveryResult<'_>, delivery: Box<Delivery>) {
        let outcome = match result {
            Ok(_) => Ok(()),
            Err((error, _)) => Err(error.clone()),
        };
        self.end(*delivery, outcome);
    }
}

impl Publisher {
    /// Starts a producer.
    ///
    /// # Errors
    /// When librdkafka refuses the settings.
    pub fn start(config: &rdkafka::ClientConfig) -> KafkaResult<Self> {
        Self::start_with(config, None)
    }

    /// Starts a producer whose acknowledgements are measured.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_measured(
        config: &rdkafka::ClientConfig,
        metrics: PublisherMetrics,
    ) -> KafkaResult<Self> {
        Self::start_with(config, Some(metrics))
    }

    fn start_with(
        config: &rdkafka::ClientConfig,
        metrics: Option<PublisherMetrics>,
    ) -> KafkaResult<Self> {
        Ok(Self {
            producer: config.create_with_context(AcknowledgementContext { metrics })?,
        })
    }

    /// Hands the record to the producer, never blocks. `on_delivery` is called only when this returns `Ok`.
    ///
    /// # Errors
    /// When the producer's queue is full.
    pub fn publish(
        &self,
        record: OutboundRecord<'_>,
        on_delivery: OnDelivery,
    ) -> Result<(), KafkaError> {
        self.hand_over(record, on_delivery)
            .map_err(|(error, _)| error)
    }

    /// As [`publish`](Self::publish), but a full queue is reported to `on_delivery`, too.
    pub fn publish_or_report(&self, record: OutboundRecord<'_>, on_delivery: OnDelivery) {
        if let Err((error, delivery)) = self.hand_over(record, on_delivery) {
            self.producer.context().end(*delivery, Err(error));
        }
    }

    /// Returns the record when the queue is full; every other outcome is reported to `on_delivery`.
    fn hand_over(
        &self,
        record: OutboundRecord<'_>,
        on_delivery: OnDelivery,
    ) -> Result<(), (KafkaError, Box<Delivery>)> {
        let delivery = Box::new(Delivery {
            since: Instant::now(),
            on_delivery,
        });
        let mut base = BaseRecord::<'_, [u8], [u8], _>::with_opaque_to(record.topic, delivery)
            .headers(record.headers);
        base.payload = record.payload;
        base.partition = record.partition;
        base.key = record.key;
        match self.producer.send(base) {
            Ok(()) => Ok(()),
            Err((error, refused))
                if error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull) =>
            {
                Err((error, refused.delivery_opaque))
            }
            Err((error, refused)) => {
                let context = self.producer.context();
                context.end(*refused.delivery_opaque, Err(error));
                Ok(())
            }
        }
    }

    /// Waits until everything is acknowledged or given up, at most so long. Blocks.
    ///
    /// # Errors
    /// When the time is over.
    pub fn flush(&self, wait: Duration) -> KafkaResult<()> {
        self.producer.flush(wait)
    }
}

impl std::fmt::Debug for Publisher {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Publisher")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_whose_partition_is_dropped_does_not_mean_that_the_producer_ends() {
        for code in [
            RDKafkaErrorCode::UnknownPartition,
            RDKafkaErrorCode::BrokerDestroy,
        ] {
            let error = KafkaError::MessageProduction(code);
            assert!(is_without_partition(&error) && !is_producers_end(&error));
        }
        let destroyed = KafkaError::MessageProduction(RDKafkaErrorCode::BrokerDestroy);
        assert!(
            !is_refusal(&destroyed),
            "a broker that was asked may have it"
        );
        let ended = KafkaError::MessageProduction(RDKafkaErrorCode::PurgeInflight);
        assert!(is_producers_end(&ended) && !is_without_partition(&ended));
    }
}
