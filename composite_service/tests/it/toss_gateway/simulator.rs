//! A payment simulator as a process of its own, and gateways that speak to it.

use std::time::Duration;

use composite_service::config::PaymentSettings;
use composite_service::outbound::http::client;
use composite_service::outbound::http::toss_gateway::TossGateway;
use composite_service::ports::payment::{CancelError, ConfirmAnswer, PaymentGateway, Standing};
use serde_json::{Value, json};
use shared::order_number::OrderNumber;
use shared::payment::Payment;
use shared::reason::Reason;
use stack::{PaymentSimulator, Place, Service, free_port};
use tempfile::TempDir;
use tokio::time::timeout;
use url::Url;

use crate::harness::trace;

/// Longer than the simulator ever takes, unless it is told to.
pub(super) const PATIENT: Duration = Duration::from_secs(20);
/// Shorter than a simulator that is told to be slow.
pub(super) const IMPATIENT: Duration = Duration::from_millis(300);
const SECRET_KEY: &str = "test_sk_adapter";

/// The running simulator; it ends when dropped.
pub(super) struct Simulator {
    pub(super) service: Service,
    _folder: TempDir,
}

impl Simulator {
    pub(super) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::under(folder.path()).unwrap();
        let simulator = PaymentSimulator {
            port: free_port().unwrap(),
            ledger: folder.path().join("ledger"),
            secret_key: SECRET_KEY.to_owned(),
            env: Vec::new(),
        };
        Self {
            service: simulator.start(&place, "payment-simulator").unwrap(),
            _folder: folder,
        }
    }

    /// One that fails so.
    pub(super) async fn with_faults(faults: Value) -> Self {
        let simulator = Self::start();
        simulator.set_faults(faults).await;
        simulator
    }

    /// A gateway that waits so long for an answer.
    pub(super) fn gateway(&self, wait: Duration) -> TossGateway {
        gateway_at(self.service.url(), SECRET_KEY, wait)
    }

    pub(super) async fn set_faults(&self, faults: Value) {
        let url = format!("{}/faults", self.service.url());
        client(PATIENT)
            .unwrap()
            .put(url)
            .json(&faults)
            .send()
            .await
            .unwrap()
            .error_for_status()
            .unwrap();
    }

    /// How often a switch will still act.
    pub(super) async fn switch(&self, name: &str) -> Value {
        let url = format!("{}/faults", self.service.url());
        let answer = client(PATIENT).unwrap().get(url).send().await.unwrap();
        answer.json::<Value>().await.unwrap()[name].take()
    }

    /// Confirms past the adapter, by another idempotency key than the order's number.
    pub(super) async fn charge_elsewhere(&self, number: &OrderNumber, payment: &Payment) {
        let body = json!({"paymentKey": payment.key.as_str(), "orderId": number, "amount": 12_000});
        self.post("/v1/payments/confirm", body).await;
    }

    /// Cancels past the adapter.
    pub(super) async fn cancel_elsewhere(&self, payment: &Payment) {
        let path = format!("/v1/payments/{}/cancel", payment.key.as_str());
        self.post(&path, json!({"cancelReason": "elsewhere"})).await;
    }

    async fn post(&self, path: &str, body: Value) {
        let request = client(PATIENT)
            .unwrap()
            .post(format!("{}{path}", self.service.url()));
        let request = request
            .basic_auth(SECRET_KEY, Some(""))
            .header("Idempotency-Key", "elsewhere")
            .json(&body);
        request.send().await.unwrap().error_for_status().unwrap();
    }

    /// The movements of money: kind, payment key and amount of each.
    pub(super) async fn ledger(&self) -> Vec<(String, String, String)> {
        let answer = client(PATIENT)
            .unwrap()
            .get(format!("{}/ledger", self.service.url()))
            .send()
            .await
            .unwrap();
        let ledger: Value = answer.json().await.unwrap();
        let text = |value: &Value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        };
        let entries = ledger["entries"].as_array().unwrap().iter();
        entries
            .map(|entry| {
                (
                    text(&entry["kind"]),
                    text(&entry["paymentKey"]),
                    text(&entry["amount"]),
                )
            })
            .collect()
    }

    /// Whether the ledger has exactly these movements of the price.
    pub(super) async fn has_moved(&self, expected: &[(&str, &str)]) -> bool {
        let expected: Vec<_> = expected
            .iter()
            .map(|(kind, key)| ((*kind).to_owned(), (*key).to_owned(), "12000".to_owned()))
            .collect();
        self.ledger().await == expected
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // In order it would first answer those whom it was told to let hang; if it has ended already, so much the better.
        let _ = self.service.kill_9();
    }
}

/// A gateway at that address.
pub(super) fn gateway_at(url: &str, secret_key: &str, wait: Duration) -> TossGateway {
    let settings = PaymentSettings {
        url: Url::parse(url).unwrap(),
        proxy: None,
        secret_key: secret_key.into(),
    };
    TossGateway::new(client(wait).unwrap(), settings)
}

/// A gateway where nobody listens.
pub(super) fn gateway_nowhere() -> TossGateway {
    gateway_at(
        &format!("http://127.0.0.1:{}", free_port().unwrap()),
        SECRET_KEY,
        PATIENT,
    )
}

pub(super) async fn confirm(
    gateway: &TossGateway,
    number: &OrderNumber,
    payment: &Payment,
) -> ConfirmAnswer {
    gateway.confirm(number, payment, trace()).await
}

pub(super) async fn cancel(
    gateway: &TossGateway,
    number: &OrderNumber,
    payment: &Payment,
) -> Result<(), String> {
    gateway
        .cancel(number, payment, Reason::Expired, trace())
        .await
        .map_err(|error| match error {
            CancelError::NotYet(cause) | CancelError::Refused(cause) => cause,
        })
}

/// Asks until the gateway is charging the order.
pub(super) async fn until_in_progress(gateway: &TossGateway, number: &OrderNumber) {
    let asked = async { while gateway.look_up(number, trace()).await != Standing::Unfinished {} };
    timeout(PATIENT, asked).await.unwrap();
}
