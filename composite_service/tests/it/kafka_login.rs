//! A real Kafka that wants a login and grants the services' rights, and no others.

mod by_token;

use actix::System;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use rdkafka::{ClientContext, message::DeliveryResult};
use shared::env::EnvReader;
use shared::kafka::broker_probe::BrokerProbe;
use shared::kafka::config::KafkaSettings;
use shared::kafka::topics::{self, Side};
use stack::{Broker, BrokerKind, Place, Right, Topic};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;
use tempfile::TempDir;

use crate::kafka::LONGEST_WAIT;

struct SecureBroker {
    broker: Broker,
    _folder: TempDir,
}

impl SecureBroker {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::under(folder.path()).unwrap();
        let broker = Broker::start(BrokerKind::SecureKafka, &place, 0).unwrap();
        Self {
            broker,
            _folder: folder,
        }
    }

    /// The settings of that service, some of them replaced.
    fn settings(&self, program: &str, replaced: &[(&str, &str)]) -> KafkaSettings {
        settings_of(self.broker.client_env(program).unwrap(), replaced)
    }
}

/// The settings of these variables, some of them replaced.
fn settings_of(mut variables: Vec<(String, String)>, replaced: &[(&str, &str)]) -> KafkaSettings {
    let replaced = replaced.iter();
    variables.extend(replaced.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let mut env = EnvReader::new(variables);
    let settings = KafkaSettings::from_env(&mut env);
    env.finish().unwrap();
    settings
}

/// What becomes of a record.
struct Fate(Sender<Option<RDKafkaErrorCode>>);

impl ClientContext for Fate {}

impl ProducerContext for Fate {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let error = result.as_ref().err().map(|(error, _)| error);
        self.0
            .send(error.and_then(KafkaError::rdkafka_error_code))
            .unwrap();
    }
}

/// Sends one record as that service, and waits for what becomes of it: `None` when the broker has it.
fn sent(settings: &KafkaSettings, topic: &str) -> Option<RDKafkaErrorCode> {
    let (fate_tx, fate_rx) = channel();
    let config = settings.producer(Some(LONGEST_WAIT));
    let producer: ThreadedProducer<Fate> = config.create_with_context(Fate(fate_tx)).unwrap();
    let record = BaseRecord::<(), str>::to(topic).payload("{}");
    producer.send(record).map_err(|(error, _)| error).unwrap();
    producer.flush(LONGEST_WAIT).unwrap();
    fate_rx.recv().unwrap()
}

#[tokio::test]
async fn each_service_may_do_its_work_and_no_more() {
    let broker = SecureBroker::start();
    each_writes_its_topics_only(
        &broker.settings("order_service", &[]),
        &broker.settings("composite_service", &[]),
    )
    .await;
}

async fn each_writes_its_topics_only(order_service: &KafkaSettings, composite: &KafkaSettings) {
    topics::ensure(composite, Side::ReadsReplies).await.unwrap();
    topics::ensure(order_service, Side::ReadsCommands)
        .await
        .unwrap();
    for (settings, topic) in [
        (composite, "orders"),
        (composite, "composite-dlt"),
        (order_service, "composite"),
        (order_service, "orders-dlt"),
    ] {
        assert_eq!(sent(settings, topic), None, "{topic}");
    }

    let denied = Some(RDKafkaErrorCode::TopicAuthorizationFailed);
    for (settings, topic) in [
        (composite, "composite"),
        (composite, "orders-dlt"),
        (order_service, "orders"),
        (order_service, "composite-dlt"),
    ] {
        assert_eq!(sent(settings, topic), denied, "{topic}");
    }
}

#[tokio::test]
async fn who_may_not_make_a_topic_that_is_missing_is_named() {
    let mut broker = SecureBroker::start();
    let creates: Vec<Right> = stack::rights()
        .into_iter()
        .filter(|right| right.operation == "Create")
        .collect();
    assert_eq!(creates.len(), 6);
    for (program, side) in [
        ("order_service", Side::ReadsCommands),
        ("composite_service", Side::ReadsReplies),
    ] {
        topics::ensure(&broker.settings(program, &[]), side)
            .await
            .unwrap();
    }
    broker.broker.kafka().unwrap().revoke(&creates).unwrap();

    for Right {
        account,
        name: topic,
        ..
    } in creates
    {
        broker.broker.delete_topic(&topic).unwrap();
        let side = match &*account {
            "order_service" => Side::ReadsCommands,
            _ => Side::ReadsReplies,
        };
        let told = topics::ensure(&broker.settings(&account, &[]), side)
            .await
            .unwrap_err()
            .to_string();
        assert_eq!(
            told,
            format!(
                "the topic {topic} is missing, or is not shown to the account {account}, which lacks the right Create on it"
            )
        );
        let partitions = 1;
        let topic = Topic {
            name: topic,
            partitions,
        };
        broker.broker.create_topic(&topic).unwrap();
    }
}

/// What the start of a service and its readiness tell with these settings.
fn told(settings: &KafkaSettings) -> (String, String) {
    let ensured = System::new().block_on(topics::ensure(settings, Side::ReadsCommands));
    let probe = BrokerProbe::new(settings, "orders").unwrap();
    // Long beside one attempt to log in.
    let readiness = probe.wrong(Duration::from_secs(5)).unwrap();
    (ensured.unwrap_err().to_string(), readiness)
}

#[test]
fn a_login_that_is_refused_is_told_as_such_without_the_password() {
    const SECRET: &str = "a password that nobody may tell";
    let broker = SecureBroker::start();
    let foreign = "/etc/ssl/certs/ca-certificates.crt";
    let login = "the brokers refuse the login of this service";
    let tls = "brokers and service do not accept each other by TLS";
    let by_scram = "invalid credentials with SASL mechanism SCRAM-SHA-512";
    for (replaced, words, account, cause) in [
        (
            ("KAFKA_SASL_PASSWORD", SECRET),
            login,
            "order_service",
            by_scram,
        ),
        (
            ("KAFKA_SASL_USERNAME", "stranger"),
            login,
            "stranger",
            by_scram,
        ),
        (
            ("KAFKA_SSL_CA_LOCATION", foreign),
            tls,
            "order_service",
            "certificate",
        ),
    ] {
        let (start, readiness) = told(&broker.settings("order_service", &[replaced]));
        assert_eq!(readiness, words);
        let named = format!("{words}: the account {account}: ");
        assert!(start.starts_with(&named), "{start}");
        assert!(start.contains(cause), "{start}");
        assert!(!start.contains(SECRET), "{start}");
    }
}
