//! Looks every second which topics are there and whether they are still the same ones, makes those again that stay missing, and tells
//! operators of settings that will hurt, and of rights that this service lacks. It has a client and a thread of its own: nothing else tells
//! that a topic was deleted and made again, neither a rebalance nor an error.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminOptions, ResourceSpecifier};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::metadata::MetadataBroker;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use topic_ids::{Described, Description, TopicId};

use crate::kafka::config::KafkaSettings;
use crate::kafka::health_board::HealthBoard;
use crate::kafka::rights::{Account, Lack, Operation, lacking};
use crate::kafka::topic_policy::{Concern, Purpose, TopicPolicy};
use crate::kafka::topic_state::{News, Sighting, TopicHistory, TopicState};
use crate::kafka::topics::{self, Admin, Side, WantedTopic};

const INTERVAL: Duration = Duration::from_secs(1);
const BROKER_WAIT: Duration = Duration::from_secs(2);
/// How often the topics' settings are looked at, beside the first time and when a topic was made again.
const POLICY_INTERVAL: Duration = Duration::from_secs(10);

/// Watches until it is dropped.
pub struct TopicWatch {
    _until_dropped: Sender<()>,
    states: Vec<(String, watch::Receiver<TopicState>)>,
}

impl TopicWatch {
    /// Looks at once, then every second, at the topics of a service on this side. A right that it can't do without is noted on the
    /// board while it is missing.
    ///
    /// # Errors
    /// When librdkafka refuses the settings, or the thread can't be started.
    pub fn start(settings: &KafkaSettings, side: Side, health: &HealthBoard) -> KafkaResult<Self> {
        let topics: Vec<Watched> = topics::wanted(settings, side)
            .into_iter()
            .map(Watched::new)
            .collect();
        let states = topics
            .iter()
            .map(|topic| (topic.wanted.name.clone(), topic.state.subscribe()))
            .collect();
        let failed = |error: std::io::Error| KafkaError::ClientCreation(error.to_string());
        let mut watcher = Watcher {
            admin: settings.client().create()?,
            runtime: Builder::new_current_thread().build().map_err(failed)?,
            replication_factor: settings.replication_factor,
            account: Account::of(&settings.client()),
            health: health.clone(),
            topics,
            broker: None,
            policies_at: None,
            started_at: Instant::now(),
        };
        let (until_dropped, dropped) = channel();
        thread::Builder::new()
            .name("kafka-topics".to_owned())
            .spawn(move || {
                loop {
                    watcher.look();
                    if dropped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Disconnected) {
                        return;
                    }
                }
            })
            .map_err(failed)?;
        Ok(Self {
            _until_dropped: until_dropped,
            states,
        })
    }

    /// What is known of a topic, from now on. `None` for one that is not watched.
    #[must_use]
    pub fn of(&self, topic: &str) -> Option<watch::Receiver<TopicState>> {
        let found = self.states.iter().find(|(name, _)| name == topic);
        found.map(|(_, state)| state.clone())
    }
}

struct Watcher {
    admin: Admin,
    /// For the futures of `admin`, whose work is done by a thread of its own.
    runtime: Runtime,
    replication_factor: i32,
    account: Account,
    health: HealthBoard,
    topics: Vec<Watched>,
    /// The broker that is asked: any, until it does not answer.
    broker: Option<i32>,
    /// When all settings were looked at.
    policies_at: Option<Duration>,
    started_at: Instant,
}

struct Watched {
    wanted: WantedTopic,
    /// What was told about its settings, and of which making of it.
    concerns: Option<(TopicId, Vec<Concern>)>,
    /// The rights to it that are missing.
    lacks: Vec<Operation>,
    history: TopicHistory,
    state: watch::Sender<TopicState>,
}

impl Watched {
    fn new(wanted: WantedTopic) -> Self {
        Self {
            wanted,
            concerns: None,
            lacks: Vec::new(),
            history: TopicHistory::default(),
            state: watch::channel(TopicState::default()).0,
        }
    }

    fn see(&mut self, sighting: Sighting, now: Duration) {
        let name = &self.wanted.name;
        match self.history.see(sighting, now) {
            None => return,
            Some(News::Found(id)) => log::info!("topic {name} is there, with the id {id}"),
            Some(News::Refuses) => log::error!("topic {name} can't be used as it is set"),
            Some(News::Lost) => log::warn!("the brokers do not have the topic {name}"),
            Some(News::MadeAgain { before, now }) => {
                log::warn!("topic {name} was made again: its id is {now}, and was {before}");
            }
        }
        self.state.send_replace(self.history.state().clone());
    }

    fn is_new(&self, id: &TopicId) -> bool {
        self.concerns.as_ref().is_none_or(|(known, _)| known != id)
    }

    /// Tells operators of what was not told before.
    fn concern(&mut self, id: TopicId, concerns: Vec<Concern>) {
        let told = match self.concerns.replace((id, concerns.clone())) {
            Some((_, told)) => told,
            None => Vec::new(),
        };
        for concern in concerns.iter().filter(|concern| !told.contains(concern)) {
            log::error!("topic {}: {concern}", self.wanted.name);
        }
    }

    fn sighting(&self, description: Description) -> Sighting {
        let name = &self.wanted.name;
        match description {
            Ok(_) if self.is_refusing() => Sighting::Refusing,
            Ok(topic) => Sighting::There(topic.id),
            Err(RDKafkaErrorCode::UnknownTopicOrPartition) => Sighting::Missing,
            // Told as the rights that are missing.
            Err(RDKafkaErrorCode::TopicAuthorizationFailed) => Sighting::Unseen,
            Err(code) => {
                log::warn!("the brokers do not tell whether they have the topic {name}: {code}");
                Sighting::Unseen
            }
        }
    }

    /// Tells operators of rights that are missing, or were granted meanwhile.
    fn see_rights(&mut self, description: &Description, account: &Account) {
        let allowed: &[Operation] = match description {
            Ok(Described {
                allowed: Some(allowed),
                ..
            }) => allowed,
            Err(RDKafkaErrorCode::TopicAuthorizationFailed) => &[],
            Ok(Described { allowed: None, .. }) | Err(_) => return,
        };
        let needs = [self.wanted.access, Operation::DescribeConfigs];
        let lacks = lacking(&needs, allowed);
        for operation in lacking(&lacks, &self.lacks) {
            let lack = self.lack(operation);
            match operation {
                Operation::DescribeConfigs => {
                    log::warn!("{account} {lack}: its settings are not checked");
                }
                Operation::Read | Operation::Write => log::error!("{account} {lack}"),
            }
        }
        for operation in lacking(&self.lacks, &lacks) {
            let name = &self.wanted.name;
            log::info!("{account} was granted the right {operation} on the topic {name}");
        }
        self.lacks = lacks;
    }

    fn lack(&self, operation: Operation) -> Lack {
        let topic = self.wanted.name.clone();
        Lack { operation, topic }
    }

    /// The missing right without which nothing is sold. Purchases don't need dead letters, and the next one is told by the log.
    fn essential_lack(&self) -> Option<Lack> {
        let access = self.wanted.access;
        let is_essential = match self.wanted.purpose {
            Purpose::Commands | Purpose::Replies => self.lacks.contains(&access),
            Purpose::DeadLetters => false,
        };
        is_essential.then(|| self.lack(access))
    }

    fn is_refusing(&self) -> bool {
        self.wanted.purpose == Purpose::Replies
            && self
                .concerns
                .as_ref()
                .is_some_and(|(_, concerns)| concerns.contains(&Concern::RefusesKeyless))
    }
}

impl Watcher {
    fn look(&mut self) {
        let names: Vec<&str> = self
            .topics
            .iter()
            .map(|topic| &*topic.wanted.name)
            .collect();
        let described = self.broker().and_then(|broker| {
            self.broker = Some(broker);
            topic_ids::describe(self.admin.inner(), broker, &names, BROKER_WAIT)
        });
        let now = self.started_at.elapsed();
        match described {
            Ok(described) => self.take_in(described, now),
            Err(error) => {
                // Not news: the probe and the clients tell it.
                log::debug!("the brokers do not tell of the topics: {error}");
                self.broker = None;
            }
        }
        self.make_missing(now);
    }

    fn broker(&self) -> KafkaResult<i32> {
        if let Some(broker) = self.broker {
            return Ok(broker);
        }
        let metadata = self.admin.inner().fetch_metadata(None, BROKER_WAIT)?;
        let live = metadata.brokers().iter().map(MetadataBroker::id);
        live.min()
            .ok_or(KafkaError::MetadataFetch(RDKafkaErrorCode::AllBrokersDown))
    }

    fn take_in(&mut self, described: Vec<Description>, now: Duration) {
        let is_due = self
            .policies_at
            .is_none_or(|at| now.saturating_sub(at) >= POLICY_INTERVAL);
        if is_due {
            self.policies_at = Some(now);
        }
        for (topic, description) in self.topics.iter_mut().zip(described) {
            topic.see_rights(&description, &self.account);
            let id = description.as_ref().ok().map(|topic| topic.id.clone());
            let sighting = topic.sighting(description);
            topic.see(sighting, now);
            if let Some(id) = id.filter(|id| is_due || topic.is_new(id)) {
                topic.concern(id, concerns(&self.admin, &self.runtime, &topic.wanted));
            }
        }
        self.health
            .lacks(self.topics.iter().find_map(Watched::essential_lack));
    }

    fn make_missing(&self, now: Duration) {
        for topic in &self.topics {
            if !topic.history.is_to_be_made(now) {
                continue;
            }
            let replicas = self.replication_factor;
            let made = topics::create(&self.admin, &topic.wanted, replicas, &self.account);
            if let Err(error) = self.runtime.block_on(made) {
                log::error!("topic {} can't be made again: {error}", topic.wanted.name);
            }
        }
    }
}

/// Empty as well when the brokers don't tell: they may not let us see the settings. Then what they refuse tells.
fn concerns(admin: &Admin, runtime: &Runtime, topic: &WantedTopic) -> Vec<Concern> {
    match policy(admin, runtime, &topic.name) {
        Ok(policy) => policy.concerns(topic.purpose),
        Err(error) => {
            log::debug!(
                "the settings of the topic {} are not known: {error}",
                topic.name
            );
            Vec::new()
        }
    }
}

fn policy(admin: &Admin, runtime: &Runtime, name: &str) -> KafkaResult<TopicPolicy> {
    let options = AdminOptions::new().request_timeout(Some(BROKER_WAIT));
    let resource = [ResourceSpecifier::Topic(name)];
    let described = runtime.block_on(admin.describe_configs(&resource, &options))?;
    let settings = match described.into_iter().next() {
        Some(Ok(settings)) => settings,
        Some(Err(code)) => return Err(KafkaError::AdminOp(code)),
        None => {
            return Err(KafkaError::AdminOp(
                RDKafkaErrorCode::UnknownTopicOrPartition,
            ));
        }
    };
    let metadata = admin.inner().fetch_metadata(Some(name), BROKER_WAIT)?;
    let partitions = metadata
        .topics()
        .iter()
        .flat_map(|topic| topic.partitions());
    let text = |name| settings.get(name).and_then(|entry| entry.value.as_deref());
    // A broker that does not tell one of them has nothing to fear of it.
    let number = |name, default| {
        text(name)
            .and_then(|value| value.parse().ok())
            .unwrap_or(default)
    };
    Ok(TopicPolicy {
        cleanup_policy: text("cleanup.policy").unwrap_or_default().to_owned(),
        min_insync_replicas: number("min.insync.replicas", 0),
        max_message_bytes: number("max.message.bytes", usize::MAX),
        replicas: partitions
            .map(|partition| partition.replicas().len())
            .min()
            .unwrap_or(usize::MAX),
    })
}
