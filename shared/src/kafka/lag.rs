//! How far a consumer group is behind: the end of each partition, less what the group has committed. It has a client and a thread of its
//! own, because a member's client learns the ends of partitions only by fetching, and a busy member does not fetch.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::watch;

use crate::kafka::committed;
use crate::kafka::config::KafkaSettings;
use crate::kafka::topic_state::TopicState;
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
        topic: LagTopic,
        interval: Duration,
        LagMetrics(lag): LagMetrics,
    ) -> KafkaResult<Self> {
        let name = format!("kafka-lag-{}", topic.name);
        let watcher = Watcher {
            client: settings.consumer(group).create()?,
            group: group.to_owned(),
            topic,
            lag,
        };
        let (until_dropped, dropped) = channel();
        thread::Builder::new()
            .name(name)
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

/// The topic that a group reads.
pub struct LagTopic {
    /// Its name.
    pub name: String,
    /// Which making of it is there: offsets that were committed of another one count for nothing.
    pub state: watch::Receiver<TopicState>,
}

struct Watcher {
    client: BaseConsumer,
    group: String,
    topic: LagTopic,
    lag: IntGaugeVec,
}

impl Watcher {
    fn look(&self) {
        match self.lags() {
            Ok(lags) => {
                let count = lags.len();
                for (partition, lag) in lags {
                    let labels = [&*self.group, &self.topic.name, &partition.to_string()];
                    self.lag.with_label_values(&labels).set(lag);
                }
                self.forget_from(count);
            }
            Err(error) => {
                log::debug!("the lag of {} is unknown: {error}", self.group);
                self.lag.reset();
            }
        }
    }

    /// Partitions from this one on are no more: the topic was made again with fewer.
    fn forget_from(&self, first: usize) {
        for partition in first.. {
            let labels = [&*self.group, &self.topic.name, &partition.to_string()];
            if self.lag.remove_label_values(&labels).is_err() {
                return;
            }
        }
    }

    fn lags(&self) -> KafkaResult<Vec<(i32, i64)>> {
        let topic = &*self.topic.name;
        let metadata = self.client.fetch_metadata(Some(topic), BROKER_WAIT)?;
        let mut asked = TopicPartitionList::new();
        for partition in metadata
            .topics()
            .iter()
            .flat_map(|topic| topic.partitions())
        {
            asked.add_partition(topic, partition.id());
        }
        if asked.count() == 0 {
            return Err(KafkaError::OffsetFetch(RDKafkaErrorCode::UnknownTopic));
        }
        let committed = self.client.committed_offsets(asked, BROKER_WAIT)?;
        let lags = committed.elements().into_iter().map(|element| {
            let partition = element.partition();
            // After the commits: the end never falls behind them.
            let (low, end) = self
                .client
                .fetch_watermarks(topic, partition, BROKER_WAIT)?;
            Ok((partition, committed::lag(self.counted(&element), low, end)))
        });
        lags.collect()
    }

    /// What is committed, if it is of the topic that is there.
    fn counted(&self, committed: &TopicPartitionListElem<'_>) -> Option<i64> {
        let Offset::Offset(offset) = committed.offset() else {
            return None;
        };
        let is_of_this = match &*self.topic.state.borrow() {
            TopicState::There(id) => committed::is_of(committed.metadata(), id),
            TopicState::Unknown | TopicState::Missing | TopicState::Refusing => true,
        };
        is_of_this.then_some(offset)
    }
}
