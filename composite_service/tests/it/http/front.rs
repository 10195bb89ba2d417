//! The routes over a desk that answers commands, a gateway and shelves to read from.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::http::header::{ACCEPT, HeaderName};
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, web};
use composite_service::actors::kafka_bridge::SendCommand;
use composite_service::domain::order::{OrderCommand, OrderReply};
use composite_service::domain::purchase::CommandAnswer;
use composite_service::inbound::http::authentication::Authentication;
use composite_service::inbound::http::request_limits::{RequestLimits, RequestQuotas};
use composite_service::inbound::http::routes;
use composite_service::inbound::http::shop::Shop;
use composite_service::metrics::{LimitMetrics, MyPageMetrics};
use composite_service::outbound::guard::Limits;
use composite_service::outbound::guarded_parts::{GuardedParts, PartLimits};
use composite_service::ports::payment::ConfirmAnswer;
use serde_json::{Value, json};
use shared::env::EnvReader;
use shared::http::render_problems;
use shared::kafka::broker_probe::BrokerProbe;
use shared::kafka::config::KafkaSettings;
use shared::kafka::health_board::HealthBoard;
use shared::kafka::topic_state::{TopicId, TopicState};
use shared::metrics::Metrics;
use shared::payment::Payment;
use shared::postbox::Postbox;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::watch;

use crate::doubles::{CountingIds, Desk, PromptGateway, Shelves};
use crate::harness::{HOME, clock, granted, purchases};

/// Nobody listens there.
const NO_BROKER: &str = "127.0.0.1:1";
const MAX_PURCHASES: usize = 2;

/// The API and what stands behind it.
pub(super) struct Front {
    pub(super) shop: Shop,
    pub(super) commands_rx: UnboundedReceiver<OrderCommand>,
    pub(super) home_tx: watch::Sender<Option<i32>>,
    pub(super) stopping_tx: watch::Sender<bool>,
    pub(super) shelves: Arc<Shelves>,
    gateway: Arc<PromptGateway>,
}

/// What the API answered.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Value,
    headers: actix_web::http::header::HeaderMap,
}

impl Reply {
    pub(super) fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// All headers.
    pub(super) fn headers(&self) -> Vec<(String, String)> {
        let mut all: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        all.sort();
        all
    }

    /// Status, the Spring services' code and the reason of a problem.
    pub(super) fn problem(&self) -> (u16, i64, &str) {
        (
            self.status,
            self.body["code"].as_i64().unwrap(),
            self.body["reason"].as_str().unwrap(),
        )
    }
}

impl Front {
    /// All goes well, and nothing is on the shelves.
    pub(super) fn open() -> Self {
        Self::with(all_well, ConfirmAnswer::Confirmed, Shelves::default())
    }

    /// Every command has this answer.
    pub(super) fn answering(answer: Option<CommandAnswer>) -> Self {
        Self::with(
            move |_| answer.clone(),
            ConfirmAnswer::Confirmed,
            Shelves::default(),
        )
    }

    /// Every command has this reply.
    pub(super) fn replying(reply: OrderReply) -> Self {
        Self::answering(Some(CommandAnswer::Replied(reply)))
    }

    /// All goes well, and these are on the shelves.
    pub(super) fn reading(shelves: Shelves) -> Self {
        Self::with(all_well, ConfirmAnswer::Confirmed, shelves)
    }

    pub(super) fn with(
        answer: impl FnMut(&OrderCommand) -> Option<CommandAnswer> + 'static,
        charge: ConfirmAnswer,
        shelves: Shelves,
    ) -> Self {
        let (seen_tx, commands_rx) = unbounded_channel();
        let desk = Desk {
            answer: Box::new(answer),
            seen_tx,
        }
        .open();
        let gateway = PromptGateway {
            answer: charge,
            refuses_for: None,
            asked: Mutex::default(),
        };
        Self::over(desk, commands_rx, Arc::new(gateway), Arc::new(shelves))
    }

    /// All would go well, but the gateway will not be asked for so long.
    pub(super) fn refusing_to_charge(refuses_for: Duration) -> Self {
        let (seen_tx, commands_rx) = unbounded_channel();
        let desk = Desk {
            answer: Box::new(all_well),
            seen_tx,
        }
        .open();
        let gateway = PromptGateway {
            answer: ConfirmAnswer::Confirmed,
            refuses_for: Some(refuses_for),
            asked: Mutex::default(),
        };
        Self::over(desk, commands_rx, Arc::new(gateway), Arc::default())
    }

    fn over(
        desk: Postbox<SendCommand>,
        commands_rx: UnboundedReceiver<OrderCommand>,
        gateway: Arc<PromptGateway>,
        shelves: Arc<Shelves>,
    ) -> Self {
        let ((home_tx, reply_partition), (stopping_tx, stopping)) =
            (watch::channel(Some(HOME)), watch::channel(false));
        let shop = Shop {
            authentication: Authentication::Open,
            request_limits: unlimited(),
            purchases: purchases(desk, Arc::clone(&gateway) as _, MAX_PURCHASES),
            query: Arc::clone(&shelves) as _,
            quotes: Some(Arc::clone(&shelves) as _),
            members: Arc::clone(&shelves) as _,
            my_page: Arc::new(parts_of(&shelves)),
            clock: Arc::new(clock()),
            zone: chrono_tz::Asia::Seoul,
            ids: Arc::new(CountingIds::default()),
            broker: probe(NO_BROKER),
            reply_partition,
            replies: health(),
            reply_topic: "composite".to_owned(),
            stopping,
        };
        Self {
            shop,
            commands_rx,
            home_tx,
            stopping_tx,
            shelves,
            gateway,
        }
    }

    /// The same, where members prove who they are in this way.
    pub(super) fn proving(mut self, authentication: Authentication) -> Self {
        self.shop.authentication = authentication;
        self
    }

    /// The same, where clients may send so many requests.
    pub(super) fn limited(mut self, quotas: RequestQuotas, metrics: LimitMetrics) -> Self {
        self.shop.request_limits = RequestLimits::start(quotas, metrics);
        self
    }

    /// What the gateway was asked to charge.
    pub(super) fn charged(&self) -> Vec<Payment> {
        self.gateway.asked.lock().unwrap().clone()
    }

    pub(super) async fn send(&self, request: TestRequest) -> Reply {
        let app = App::new()
            .app_data(web::Data::new(self.shop.clone()))
            .configure(routes::configure)
            .wrap(from_fn(render_problems));
        let response = call_service(&init_service(app).await, request.to_request()).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = read_body(response).await;
        let body = match &body[..] {
            [] => Value::Null,
            body => {
                serde_json::from_slice(body).unwrap_or_else(|error| panic!("{error}: {body:?}"))
            }
        };
        Reply {
            status,
            body,
            headers,
        }
    }

    pub(super) async fn get(&self, path: &str) -> Reply {
        self.send(TestRequest::get().uri(path)).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(TestRequest::post().uri(path).set_json(body))
            .await
    }

    /// Places an order of one line, with this payment.
    pub(super) async fn buy(&self, payment: Value) -> Reply {
        self.post(
            "/open-api/order",
            &json!({"orderLineList": [line(1, 2)], "payment": payment}),
        )
        .await
    }
}

fn unlimited() -> RequestLimits {
    let metrics = LimitMetrics::new(&Metrics::new().unwrap()).unwrap();
    RequestLimits::start(RequestQuotas::default(), metrics)
}

fn all_well(command: &OrderCommand) -> Option<CommandAnswer> {
    Some(CommandAnswer::Replied(granted(command)))
}

/// A page's parts without a member service.
fn parts_of(shelves: &Arc<Shelves>) -> GuardedParts {
    let limits = Limits {
        deadline: Duration::from_secs(20),
        failures: 5,
        open_for: Duration::from_secs(20),
    };
    let metrics = MyPageMetrics::new(&Metrics::new().unwrap()).unwrap();
    GuardedParts::new(None, Arc::clone(shelves) as _, each(limits), &metrics).unwrap()
}

/// The same limits for each part.
pub(super) fn each(limits: Limits) -> PartLimits {
    PartLimits {
        profile: limits,
        orders: limits,
        coupons: limits,
        products: limits,
    }
}

/// The health of a member that is in its group and reads the topic that is there.
fn health() -> HealthBoard {
    let (health, id) = (HealthBoard::default(), TopicId::new("a"));
    health.topic(TopicState::There(id.clone()));
    health.begin(id);
    health.seen(true);
    health
}

/// A probe of the broker there.
pub(super) fn probe(bootstrap_servers: &str) -> BrokerProbe {
    let variables = [("KAFKA_BOOTSTRAP_SERVERS", bootstrap_servers)];
    let settings = KafkaSettings::from_env(&mut EnvReader::new(variables));
    BrokerProbe::new(&settings, &settings.composite.name).unwrap()
}

/// An order line as a shopper writes it.
pub(super) fn line(item: i64, quantity: i64) -> Value {
    json!({"item": {"itemId": item}, "quantity": quantity})
}

/// A payment as a shopper writes it.
pub(super) fn pays(key: &str, amount: Value) -> Value {
    json!({"paymentKey": key, "amount": amount})
}

pub(super) fn accepting(request: TestRequest, kinds: &str) -> TestRequest {
    request.insert_header((ACCEPT, kinds))
}
