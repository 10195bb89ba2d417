//! Requests to running Kafka brokers: create, delete and enlarge topics, and find leaders and replicas. Must not know how brokers are started.

use crate::{Topic, until};
use anyhow::{Context, Result, bail};
use rdkafka::ClientConfig;
use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, NewPartitions, NewTopic, ResourceSpecifier,
    TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::metadata::{Metadata, MetadataPartition};
use std::time::Duration;

const PROBE: Duration = Duration::from_secs(1);

/// How long an order to the brokers may take.
pub(crate) const ADMIN_LIMIT: Duration = Duration::from_secs(30);

/// A client of some brokers that takes part in nothing.
pub(crate) struct KafkaAdmin {
    bootstrap: String,
    client: BaseConsumer,
}

impl KafkaAdmin {
    pub(crate) fn new(bootstrap: &str) -> Result<Self> {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", bootstrap)
            .set("reconnect.backoff.max.ms", "100");
        Ok(Self {
            bootstrap: bootstrap.to_owned(),
            client: config.create().context("cannot make a Kafka client")?,
        })
    }

    /// Creates a topic with as many replicas as the brokers' settings say; one that exists is left as it is.
    pub(crate) fn order_topic(&self, topic: &Topic) -> Result<()> {
        in_runtime(create(&self.bootstrap, topic))
            .with_context(|| format!("cannot create the topic {}", topic.name))
    }

    /// Deletes a topic, and waits until the broker takes no record for it any more.
    pub(crate) fn delete_topic(&self, name: &str) -> Result<()> {
        in_runtime(delete(&self.bootstrap, name))
            .with_context(|| format!("cannot delete the topic {name}"))?;
        self.wait_until_applied()
    }

    /// Gives a topic so many partitions, which must be more than it has.
    pub(crate) fn enlarge_topic(&self, topic: &Topic) -> Result<()> {
        in_runtime(enlarge(&self.bootstrap, topic))
            .with_context(|| format!("cannot enlarge the topic {}", topic.name))
    }

    /// Sets one setting of a topic, resets all others, and waits until the broker goes by it.
    pub(crate) fn set_topic(&self, name: &str, setting: (&str, &str)) -> Result<()> {
        in_runtime(set(&self.bootstrap, name, setting))
            .with_context(|| format!("cannot set {} of the topic {name}", setting.0))?;
        self.wait_until_applied()
    }

    /// Waits until the broker has applied all that was ordered before. Says so for a single broker only.
    fn wait_until_applied(&self) -> Result<()> {
        // The controller answers before the broker knows, and the broker tells of a change (metadata) before its logs go by it. It applies
        // one batch of changes after the other: once it tells of the first topic it knows of the change, perhaps in the same batch; the
        // second topic was ordered later and is in a later batch, so the one with the change is applied.
        for _ in 0..2 {
            let marker = Topic {
                name: format!("applied-{:x}", rand::random::<u64>()),
                partitions: 1,
            };
            self.order_topic(&marker)?;
            until(
                "waiting for the broker to apply a change",
                ADMIN_LIMIT,
                || Ok(self.has_leaders(&marker).then_some(())),
            )?;
        }
        Ok(())
    }

    /// Whether any broker answers.
    pub(crate) fn answers(&self) -> bool {
        self.metadata(None).is_some()
    }

    /// How many partitions a topic has.
    pub(crate) fn partitions(&self, name: &str) -> Result<i32> {
        let metadata = self.metadata(Some(name)).context("no broker answers")?;
        match partitions_of(&metadata, name).len() {
            0 => bail!("there is no topic {name}"),
            count => Ok(i32::try_from(count)?),
        }
    }

    /// Whether each of the topic's partitions has a leader.
    pub(crate) fn has_leaders(&self, topic: &Topic) -> bool {
        self.metadata(Some(&topic.name)).is_some_and(|metadata| {
            let partitions = partitions_of(&metadata, &topic.name);
            !partitions.is_empty()
                && partitions
                    .iter()
                    .all(|partition| leads(&metadata, partition.leader()))
        })
    }

    /// The id of the broker that leads a partition; `None` while none does, or no broker answers.
    pub(crate) fn leader_of(&self, topic: &str, partition: i32) -> Option<i32> {
        let metadata = self.metadata(Some(topic))?;
        partitions_of(&metadata, topic)
            .iter()
            .find(|found| found.id() == partition)
            .map(MetadataPartition::leader)
            .filter(|leader| leads(&metadata, *leader))
    }

    /// Whether that many brokers are there, and every partition has a replica in sync on each of its brokers.
    pub(crate) fn is_whole(&self, brokers: usize) -> bool {
        self.metadata(None).is_some_and(|metadata| {
            metadata.brokers().len() == brokers
                && metadata
                    .topics()
                    .iter()
                    .flat_map(|topic| topic.partitions())
                    .all(|partition| partition.isr().len() == partition.replicas().len())
        })
    }

    fn metadata(&self, topic: Option<&str>) -> Option<Metadata> {
        self.client.fetch_metadata(topic, PROBE).ok()
    }
}

fn partitions_of<'a>(metadata: &'a Metadata, topic: &str) -> &'a [MetadataPartition] {
    metadata
        .topics()
        .iter()
        .find(|found| found.name() == topic)
        .map_or(&[], |found| found.partitions())
}

fn leads(metadata: &Metadata, broker: i32) -> bool {
    metadata.brokers().iter().any(|found| found.id() == broker)
}

async fn create(bootstrap: &str, topic: &Topic) -> Result<()> {
    let brokers_default = TopicReplication::Fixed(-1);
    let wanted = NewTopic::new(&topic.name, topic.partitions, brokers_default);
    let options = AdminOptions::new().operation_timeout(Some(ADMIN_LIMIT));
    for created in admin(bootstrap)?.create_topics([&wanted], &options).await? {
        match created {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((_, code)) => bail!("{code}"),
        }
    }
    Ok(())
}

async fn delete(bootstrap: &str, name: &str) -> Result<()> {
    let options = AdminOptions::new().operation_timeout(Some(ADMIN_LIMIT));
    for deleted in admin(bootstrap)?.delete_topics(&[name], &options).await? {
        if let Err((_, code)) = deleted {
            bail!("{code}");
        }
    }
    Ok(())
}

async fn enlarge(bootstrap: &str, topic: &Topic) -> Result<()> {
    let wanted = NewPartitions::new(&topic.name, usize::try_from(topic.partitions)?);
    let options = AdminOptions::new().operation_timeout(Some(ADMIN_LIMIT));
    for enlarged in admin(bootstrap)?
        .create_partitions([&wanted], &options)
        .await?
    {
        if let Err((_, code)) = enlarged {
            bail!("{code}");
        }
    }
    Ok(())
}

async fn set(bootstrap: &str, name: &str, (key, value): (&str, &str)) -> Result<()> {
    let wanted = AlterConfig::new(ResourceSpecifier::Topic(name)).set(key, value);
    let options = AdminOptions::new().operation_timeout(Some(ADMIN_LIMIT));
    for set in admin(bootstrap)?.alter_configs([&wanted], &options).await? {
        if let Err((_, code)) = set {
            bail!("{code}");
        }
    }
    Ok(())
}

fn admin(bootstrap: &str) -> Result<AdminClient<DefaultClientContext>> {
    let mut config = ClientConfig::new();
    Ok(config.set("bootstrap.servers", bootstrap).create()?)
}

/// Runs it on a thread of its own: the caller may be inside of an async runtime, where `block_on` panics.
fn in_runtime<T: Send>(work: impl Future<Output = Result<T>> + Send) -> Result<T> {
    std::thread::scope(|scope| {
        let run = scope.spawn(|| {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?
                .block_on(work)
        });
        run.join()
            .unwrap_or_else(|_| bail!("the admin client panicked"))
    })
}
