//! A real Kafka that wants a login and grants the services' rights, and no others.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use rdkafka::{ClientContext, message::DeliveryResult};
use shared::env::EnvReader;
use shared::kafka::config::KafkaSettings;
use shared::kafka::topics;
use stack::{Broker, BrokerKind, Place};
use std::sync::mpsc::{Sender, channel};
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
        let mut variables = self.broker.client_env(program).unwrap();
        let replaced = replaced.iter();
        variables.extend(replaced.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let mut env = EnvReader::new(variables);
        let settings = KafkaSettings::from_env(&mut env);
        env.finish().unwrap();
        settings
    }
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
    let order_service = broker.settings("order_service", &[]);
    let composite = broker.settings("composite_service", &[]);
    for settings in [&composite, &order_service] {
        topics::ensure(settings).await.unwrap();
    }
    for (settings, topic) in [
        (&composite, "orders"),
        (&composite, "composite-dlt"),
        (&order_service, "composite"),
        (&order_service, "orders-dlt"),
    ] {
        assert_eq!(sent(settings, topic), None, "{topic}");
    }

    let denied = Some(RDKafkaErrorCode::TopicAuthorizationFailed);
    for (settings, topic) in [
        (&composite, "composite"),
        (&composite, "orders-dlt"),
        (&order_service, "orders"),
        (&order_service, "composite-dlt"),
    ] {
        assert_eq!(sent(settings, topic), denied, "{topic}");
    }
}

#[tokio::test]
async fn a_wrong_password_or_an_unknown_authority_lets_nobody_in() {
    let broker = SecureBroker::start();
    for replaced in [
        ("KAFKA_SASL_PASSWORD", "wrong"),
        ("KAFKA_SASL_USERNAME", "stranger"),
        // A certificate that is not from this authority.
        (
            "KAFKA_SSL_CA_LOCATION",
            "/etc/ssl/certs/ca-certificates.crt",
        ),
    ] {
        let settings = broker.settings("order_service", &[replaced]);
        assert!(topics::ensure(&settings).await.is_err(), "{replaced:?}");
    }
}
