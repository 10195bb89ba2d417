//! How far a consumer group is behind: the end of each partition, less what the group has committed. It has a client and a thread of its
//! own, because a member's client learns the ends of partitions only by fetching, and a busy member does not fetch.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::{Offset, TopicPartitionList};

use crate::kafka::config::KafkaSettings;
use crate::metrics::{IntGaugeVec, Metrics, Result};

const BROKER_WAIT: Duration = Duration::from_secs(2);

/// The gauge; the name is kafka_exporter's.
#[derive(Clone)]
pub struct LagMetrics(IntGaugeVec);

impl LagMetrics {
    /// Registers it.
    ///
    /// # Errors
    /// When it is registered already.
    pub fn new(metrics: &Metrics) -> Result<Self> {
        let lag = metrics.gauges(
            "kafka_consumergroup_lag",
            "Records that the whole group has not committed: each of its members tells the same.",
            &["consumergroup", "topic", "partition"],
        )?;
        Ok(Self(lag))
    }
}

/// Updates the lag regularly until it is dropped.
pub struct LagWatch {
    _until_dropped: Sender<()>,
}

impl LagWatch {
    /// Updates at once, then every `interval`. While the brokers don't answer, the metric has no values rather than old ones.
    ///
    /// # Errors
    /// When librdkafka refuses the settings, or the thread can't be started.
    pub fn start(
        settings: &KafkaSettings,
        group: &str,
        topic: &str,
        interval: Duration,
        LagMetrics(lag): LagMetrics,
    ) -> KafkaResult<Self> {
        let watcher = Watcher {
            client: settings.consumer(group).create()?,
            group: group.to_owned(),
            topic: topic.to_owned(),
            lag,
        };
        let (until_dropped, dropped) = channel();
        thread::Builder::new()
            .name(format!("kafka-lag-{topic}"))
            .spawn(move || {
                loop {
                    watcher.look();
                    if dropped.recv_timeout(interval) == Err(RecvTimeoutError::Disconnected) {
                        return;
                    }
                }
            })
            .map_err(|error| KafkaError::ClientCreation(error.to_string()))?;
        Ok(Self {
            _until_dropped: until_dropped,
        })
    }
}

struct Watcher {
    client: BaseConsumer,
    group: String,
    topic: String,
    lag: IntGaugeVec,
}

impl Watcher {
    fn look(&self) {
        match self.lags() {
            Ok(lags) => {
                for (partition, lag) in lags {
                    let labels = [&*self.group, &self.topic, &partition.to_string()];
                    self.lag.with_label_values(&labels).set(lag);
                }
            }
            Err(error) => {
                log::debug!("the lag of {} is unknown: {error}", self.group);
                self.lag.reset();
            }
        }
    }

    fn lags(&self) -> KafkaResult<Vec<(i32, i64)>> {
        let metadata = self.client.fetch_metadata(Some(&self.topic), BROKER_WAIT)?;
        let mut asked = TopicPartitionList::new();
        for partition in metadata
            .topics()
            .iter()
            .flat_map(|topic| topic.partitions())
        {
            asked.add_partition(&self.topic, partition.id());
        }
        let committed = self.client.committed_offsets(asked, BROKER_WAIT)?;
        let lags = committed.elements().into_iter().map(|element| {
            let partition = element.partition();
            let (low, end) = self
                .client
                .fetch_watermarks(&self.topic, partition, BROKER_WAIT)?;
            let next = match element.offset() {
                Offset::Offset(offset) => offset.max(low),
                // Nothing is committed, so the group would begin there.
                _ => low,
            };
            Ok((partition, (end - next).max(0)))
        });
        lags.collect()
    }
}
