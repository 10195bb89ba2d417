//! Creates the topics that are missing. Never changes one that exists.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::kafka::config::{KafkaSettings, TopicSettings};
use crate::kafka::dead_letters::{self, dead_letter_topic};

const METADATA_WAIT: Duration = Duration::from_secs(5);

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
    let admin: AdminClient<DefaultClientContext> = settings.client().create()?;
    let replication = || TopicReplication::Fixed(settings.replication_factor);
    let max_bytes = dead_letters::MAX_BYTES.to_string();
    for TopicSettings { name, partitions } in [&settings.orders, &settings.composite] {
        if !exists(&admin, name)? {
            create(&admin, &NewTopic::new(name, *partitions, replication())).await?;
        }
        let name = dead_letter_topic(name);
        if !exists(&admin, &name)? {
            let topic = NewTopic::new(&name, 1, replication()).set("max.message.bytes", &max_bytes);
            create(&admin, &topic).await?;
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
    topic: &NewTopic<'_>,
) -> Result<(), KafkaError> {
    let options = AdminOptions::new().operation_timeout(Some(METADATA_WAIT));
    for result in admin.create_topics([topic], &options).await? {
        match result {
            Ok(name) => log::info!(
                "created topic {name} with {} partitions",
                topic.num_partitions
            ),
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((_, code)) => return Err(KafkaError::AdminOp(code)),
        }
    }
    Ok(())
}
