//! Creates the topics that are missing. Never changes one that exists.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::kafka::broker_probe::{BrokerProbe, Unanswered};
use crate::kafka::config::KafkaSettings;
use crate::kafka::dead_letters::{self, dead_letter_topic};
use crate::kafka::rights::{Account, Operation};
use crate::kafka::topic_policy::Purpose;

const METADATA_WAIT: Duration = Duration::from_secs(5);

/// A client for orders about topics.
pub(super) type Admin = AdminClient<DefaultClientContext>;

/// On which side a service is. It writes to the other one, and the dead letters of what it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// It reads `ORDERS_TOPIC`.
    ReadsCommands,
    /// It reads `COMPOSITE_TOPIC`.
    ReadsReplies,
}

/// A topic that must be there, and how it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WantedTopic {
    pub(super) name: String,
    pub(super) purpose: Purpose,
    /// What the service does with it.
    pub(super) access: Operation,
    partitions: i32,
    /// Where it differs from the brokers' default, in bytes.
    max_message_bytes: Option<i32>,
}

/// Why topics are not there.
#[derive(Debug, thiserror::Error)]
pub enum TopicsError {
    /// Nobody can be asked.
    #[error(transparent)]
    Unanswered(#[from] Unanswered),
    /// The account may not make it.
    #[error(
        "the topic {topic} is missing, or is not shown to {account}, which lacks the right Create on it"
    )]
    MayNotCreate {
        /// The topic's name.
        topic: String,
        /// Who.
        account: Account,
    },
    /// The brokers refuse to make it for another reason.
    #[error("the topic {topic} can't be made: {error}")]
    Refused {
        /// The topic's name.
        topic: String,
        /// The client's words.
        error: KafkaError,
    },
    /// There is no client, or no thread for it.
    #[error("{0}")]
    Client(String),
}

/// The two topics, and the one for dead letters of what the service reads.
pub(super) fn wanted(settings: &KafkaSettings, side: Side) -> Vec<WantedTopic> {
    let KafkaSettings {
        orders, composite, ..
    } = settings;
    let (orders_access, composite_access, read) = match side {
        Side::ReadsCommands => (Operation::Read, Operation::Write, orders),
        Side::ReadsReplies => (Operation::Write, Operation::Read, composite),
    };
    vec![
        WantedTopic {
            name: orders.name.clone(),
            purpose: Purpose::Commands,
            access: orders_access,
            partitions: orders.partitions,
            max_message_bytes: None,
        },
        WantedTopic {
            name: composite.name.clone(),
            purpose: Purpose::Replies,
            access: composite_access,
            partitions: composite.partitions,
            max_message_bytes: None,
        },
        WantedTopic {
            name: dead_letter_topic(&read.name),
            purpose: Purpose::DeadLetters,
            access: Operation::Write,
            partitions: 1,
            max_message_bytes: Some(dead_letters::MAX_BYTES),
        },
    ]
}

/// Creates the topics that the service uses, where the brokers do not have them. rdkafka's metadata call blocks, so this runs on another
/// thread.
///
/// # Errors
/// When no broker answers, or the brokers refuse to create a topic.
pub async fn ensure(settings: &KafkaSettings, side: Side) -> Result<(), TopicsError> {
    let (settings, runtime) = (settings.clone(), Handle::current());
    spawn_blocking(move || runtime.block_on(create_missing(&settings, side)))
        .await
        .unwrap_or_else(|error| Err(TopicsError::Client(error.to_string())))
}

async fn create_missing(settings: &KafkaSettings, side: Side) -> Result<(), TopicsError> {
    let client = |error: KafkaError| TopicsError::Client(error.to_string());
    let probe = BrokerProbe::new(settings, &settings.orders.name).map_err(client)?;
    let there = probe.topics(METADATA_WAIT)?;
    let mut missing = wanted(settings, side);
    missing.retain(|topic| !there.contains(&topic.name));
    if missing.is_empty() {
        return Ok(());
    }
    let admin: Admin = settings.client().create().map_err(client)?;
    let account = Account::of(&settings.client());
    for topic in &missing {
        create(&admin, topic, settings.replication_factor, &account).await?;
    }
    Ok(())
}

/// Creates a topic with so many replicas; -1 is the brokers' default.
pub(super) async fn create(
    admin: &Admin,
    topic: &WantedTopic,
    replication_factor: i32,
    account: &Account,
) -> Result<(), TopicsError> {
    let max_bytes = topic.max_message_bytes.map(|bytes| bytes.to_string());
    let replication = TopicReplication::Fixed(replication_factor);
    let mut wanted = NewTopic::new(&topic.name, topic.partitions, replication);
    if let Some(max_bytes) = &max_bytes {
        wanted = wanted.set("max.message.bytes", max_bytes);
    }
    let options = AdminOptions::new().operation_timeout(Some(METADATA_WAIT));
    let refused = |error| TopicsError::Refused {
        topic: topic.name.clone(),
        error,
    };
    for result in admin
        .create_topics([&wanted], &options)
        .await
        .map_err(refused)?
    {
        match result {
            Ok(name) => log::info!("created topic {name} with {} partitions", topic.partitions),
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, RDKafkaErrorCode::TopicAuthorizationFailed)) => {
                let account = account.clone();
                return Err(TopicsError::MayNotCreate { topic, account });
            }
            Err((_, code)) => return Err(refused(KafkaError::AdminOp(code))),
        }
    }
    Ok(())
}
