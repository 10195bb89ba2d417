//! Makes the topics that are missing. Never changes one that exists.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::kafka::config::{KafkaSettings, TopicSettings};
use crate::kafka::dead_letters::dead_letter_topic;

const METADATA_WAIT: Duration = Duration::from_secs(5);

/// Creates those of the two topics, and of the topics of their dead letters, that the brokers do not have. Their client blocks, so
/// this is done on another thread.
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
    let admin: AdminClient<DefaultClientContext> = settings.client().create()?;
    for topic in [&settings.orders, &settings.composite] {
        let dead_letters = TopicSettings {
            name: dead_letter_topic(&topic.name),
            partitions: 1,
        };
        for topic in [topic, &dead_letters] {
            if !exists(&admin, &topic.name)? {
                create(&admin, topic, settings.replication_factor).await?;
            }
        }
    }
    Ok(())
}

fn exists(admin: &AdminClient<DefaultClientContext>, name: &str) -> Result<bool, KafkaError> {
    let metadata = admin.inner().fetch_metadata(None, METADATA_WAIT)?;
    Ok(metadata
        .topics()
        .iter()
        .any(|topic| topic.name() == name && !topic.partitions().is_empty()))
}

async fn create(
    admin: &AdminClient<DefaultClientContext>,
    topic: &TopicSettings,
    replication_factor: i32,
) -> Result<(), KafkaError> {
    let new_topic = NewTopic::new(
        &topic.name,
        topic.partitions,
        TopicReplication::Fixed(replication_factor),
    );
    let options = AdminOptions::new().operation_timeout(Some(METADATA_WAIT));
    for result in admin.create_topics([&new_topic], &options).await? {
        match result {
            Ok(name) => log::info!("created topic {name} with {} partitions", topic.partitions),
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((_, code)) => return Err(KafkaError::AdminOp(code)),
        }
    }
    Ok(())
}
