//! Tokens of an issuer as logins: Kafka's own validator takes them, by the issuer's published keys.

use shared::kafka::config::KafkaSettings;
use stack::{KafkaBroker, MockOauth2Server, Place, free_port};
use tempfile::TempDir;

use super::{each_writes_its_topics_only, settings_of, told};

const ENDPOINT: &str = "KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL";
const SECRET: (&str, &str) = (
    "KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET",
    "a secret that nobody may tell",
);

struct TokenBroker {
    broker: KafkaBroker,
    _issuer: MockOauth2Server,
    _folder: TempDir,
}

impl TokenBroker {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::under(folder.path()).unwrap();
        let issuer = MockOauth2Server::start(&place).unwrap();
        Self {
            broker: KafkaBroker::start_with_tokens(&place, issuer.for_kafka()).unwrap(),
            _issuer: issuer,
            _folder: folder,
        }
    }

    fn settings(&self, program: &str, replaced: &[(&str, &str)]) -> KafkaSettings {
        settings_of(self.broker.token_login(program), replaced)
    }
}

#[tokio::test]
async fn each_service_may_do_its_work_and_no_more() {
    let broker = TokenBroker::start();
    each_writes_its_topics_only(
        &broker.settings("order_service", &[]),
        &broker.settings("composite_service", &[]),
    )
    .await;
}

#[test]
fn an_issuer_that_is_away_is_told_as_a_login_that_failed() {
    let broker = TokenBroker::start();
    let login = "the brokers refuse the login of this service";
    let away = format!("http://127.0.0.1:{}/token", free_port().unwrap());
    let settings = broker.settings("order_service", &[(ENDPOINT, &away), SECRET]);
    let (start, readiness) = told(&settings);
    assert_eq!(readiness, login, "{start}");
    let named =
        format!("{login}: the account order_service: Failed to acquire SASL OAUTHBEARER token");
    assert!(start.starts_with(&named), "{start}");
    assert!(!start.contains(SECRET.1), "{start}");
}
