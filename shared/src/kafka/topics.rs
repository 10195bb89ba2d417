//! Creates the topics that are missing. Never changes one that exists.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::kafka::config::KafkaSettings;
use crate::kafka::dead_letters::{self, dead_letter_topic};
use crate::kafka::topic_policy::Purpose;

const METADATA_WAIT: Duration = Duration::from_secs(5);

/// A client for orders about topics.
pub(super) type Admin = AdminClient<DefaultClientContext>;

/// A topic that must be there, and how it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WantedTopic {
    pub(super) name: String,
    pub(super) purpose: Purpose,
    partitions: i32,
    /// Where it differs from the brokers' default, in bytes.
    max_message_bytes: Option<i32>,
}

/// The two topics and the topics of their dead letters.
pub(super) fn wanted(settings: &KafkaSettings) -> Vec<WantedTopic> {
    let read = [
        (&settings.orders, Purpose::Commands),
        (&settings.composite, Purpose::Replies),
    ];
    read.into_iter()
        .flat_map(|(topic, purpose)| {
            [
                WantedTopic {
                    name: topic.name.clone(),
                    purpose,
                    partitions: topic.partitions,
                    max_message_bytes: None,
                },
                WantedTopic {
                    name: dead_letter_topic(&topic.name),
                    purpose: Purpose::DeadLetters,
                    partitions: 1,
                    max_message_bytes: Some(dead_letters::MAX_BYTES),
                },
            ]
        })
        .collect()
}

/// Creates the two topics and the topics of their dead letters, where the brokers do not have them. rdkafka's metadata call blocks, so this
/// runs on another thread.
///
/// # Errors
/// When no broker answers, or the brokers refuse to create a topic.
pub async fn ensure(settings: &KafkaSettings) -> Result<(), KafkaError> {
    let (settings, runtime) = (settings.clone(), Handle::current());
    spawn_blocking(move || runtime.block_on(create_missing(&settings)))
        .await
        .unwrap_or_else(|error| Err(KafkaError::AdminOpCreation(error.to_string())))
}

async fn create_missing(settings: &KafkaSettings) -> Result<(), KafkaError> {
    let admin: Admin = settings.client().create()?;
    for topic in wanted(settings) {
        if !exists(&admin, &topic.name)? {
            create(&admin, &topic, settings.replication_factor).await?;
        }
    }
    Ok(())
}

fn exists(admin: &Admin, name: &str) -> Result<bool, KafkaError> {
    let metadata = admin.inner().fetch_metadata(None, METADATA_WAIT)?;
    Ok(metadata
        .topics()
        .iter()
        .any(|topic| topic.name() == name && !topic.partitions().is_empty()))
}

/// Creates a topic with so many replicas; -1 is the brokers' default.
pub(super) async fn create(
    admin: &Admin,
    topic: &WantedTopic,
    replication_factor: i32,
) -> Result<(), KafkaError> {
    let max_bytes = topic.max_message_bytes.map(|bytes| bytes.to_string());
    let replication = TopicReplication::Fixed(replication_factor);
    let mut wanted = NewTopic::new(&topic.name, topic.partitions, replication);
    if let Some(max_bytes) = &max_bytes {
        wanted = wanted.set("max.message.bytes", max_bytes);
    }
    let options = AdminOptions::new().operation_timeout(Some(METADATA_WAIT));
    for result in admin.create_topics([&wanted], &options).await? {
        match result {
            Ok(name) => log::info!("created topic {name} with {} partitions", topic.partitions),
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((_, code)) => return Err(KafkaError::AdminOp(code)),
        }
    }
    Ok(())
}
