//! A running mall, and what a test does with it: puts items on the shelf, buys, and looks at the books from outside.

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use stack::{BrokerKind, Flavour, Place, Stack, StackBuilder, mysql_is_left_out};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use url::Url;

static NEXT_ITEM: AtomicI64 = AtomicI64::new(1_000);
static NEXT_PAYMENT: AtomicUsize = AtomicUsize::new(1);

/// A mall that starts when it is first needed.
pub(crate) struct LazyMall {
    name: &'static str,
    configure: fn(&mut StackBuilder),
    mall: OnceLock<Mall>,
}

/// The malls that every behaviour is tested on.
pub(crate) fn variants() -> Vec<Arc<LazyMall>> {
    let lazy = |name, configure| {
        Arc::new(LazyMall {
            name,
            configure,
            mall: OnceLock::new(),
        })
    };
    let mut malls = vec![
        lazy("embedded", |_| {}),
        lazy("kafka_with_logins_and_two_of_each", |builder| {
            builder.broker = BrokerKind::SecureKafka;
            builder.order_services = 2;
            builder.composites = 2;
        }),
    ];
    // Which is told, where it is.
    if !mysql_is_left_out() {
        malls.push(lazy("kafka_and_mysql", |builder| {
            builder.broker = BrokerKind::Kafka;
            builder.database = Flavour::MySql;
        }));
    }
    malls
}

impl LazyMall {
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// The mall, started by the first who asks.
    pub(crate) fn open(&self) -> &Mall {
        self.mall.get_or_init(|| Mall::start(self.configure))
    }
}

/// A running mall.
pub(crate) struct Mall {
    pub(crate) stack: Stack,
    pub(crate) runtime: Runtime,
    client: reqwest::Client,
    next_composite: AtomicUsize,
    /// Goes last: everything that runs keeps its files here.
    folder: TempDir,
}

/// An answer over HTTP.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

/// What the books say: the gateway's totals.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) charged: i64,
    pub(crate) canceled: i64,
}

impl Mall {
    pub(crate) fn start(configure: impl FnOnce(&mut StackBuilder)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut builder = Stack::builder(Place::under(folder.path()).expect("a place"));
        configure(&mut builder);
        let stack = builder
            .start()
            .unwrap_or_else(|error| panic!("the mall does not start: {error:#}"));
        // An error means that a provider is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mall = Self {
            stack,
            runtime: Runtime::new().expect("a runtime"),
            client: client(),
            next_composite: AtomicUsize::new(0),
            folder,
        };
        mall.sql("INSERT IGNORE INTO products VALUES (1, '시험용 상품')");
        mall
    }

    /// Puts an item of 12,000 won on the shelf.
    pub(crate) fn new_item(&self, stock: u32) -> i64 {
        let item = NEXT_ITEM.fetch_add(1, Ordering::Relaxed);
        self.sql(&format!(
            "INSERT INTO items VALUES ({item}, 1, '물건 {item}', 12000, {stock})"
        ));
        item
    }

    /// Issues a coupon of so many won from a total of 12,000 won on.
    pub(crate) fn new_coupon(&self, amount: i64) -> i64 {
        let coupon = NEXT_ITEM.fetch_add(1, Ordering::Relaxed);
        self.sql(&format!(
            "INSERT INTO coupons VALUES ({coupon}, '쿠폰', 'FIXED', {amount}, NULL, 12000, '2026-01-01', '2099-01-01', NULL)"
        ));
        coupon
    }

    /// Runs a statement at the database, as somebody outside.
    pub(crate) fn sql(&self, statement: &str) -> String {
        self.stack
            .database
            .sql(statement)
            .unwrap_or_else(|error| panic!("{statement}: {error:#}"))
    }

    /// What a query of one number says.
    pub(crate) fn number(&self, query: &str) -> i64 {
        let text = self.sql(query);
        text.trim()
            .parse()
            .unwrap_or_else(|_| panic!("{query}: {text:?}"))
    }

    pub(crate) fn stock(&self, item: i64) -> i64 {
        self.number(&format!("SELECT stock FROM items WHERE item_id = {item}"))
    }

    /// Pieces of an item that pending and paid orders hold.
    pub(crate) fn held(&self, item: i64) -> i64 {
        self.number(&format!(
            "SELECT CAST(COALESCE(SUM(quantity), 0) AS SIGNED) FROM order_lines JOIN orders USING (order_num) \
             WHERE item_id = {item} AND status IN ('CREATED', 'COMPLETE')"
        ))
    }

    pub(crate) fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// The next composite's address, in turn.
    pub(crate) fn composite(&self) -> &str {
        let next = self.next_composite.fetch_add(1, Ordering::Relaxed);
        self.stack.composites[next % self.stack.composites.len()].url()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_to(&format!("{}{path}", self.composite()), body)
            .await
    }

    pub(crate) async fn post_to(&self, url: &str, body: &Value) -> Answer {
        answer(
            self.client
                .post(url)
                .json(body)
                .send()
                .await
                .unwrap_or_else(|error| panic!("POST {url}: {error:?}")),
        )
        .await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.get_from(&format!("{}{path}", self.composite())).await
    }

    pub(crate) async fn get_from(&self, url: &str) -> Answer {
        answer(
            self.client
                .get(url)
                .send()
                .await
                .unwrap_or_else(|error| panic!("GET {url}: {error:?}")),
        )
        .await
    }

    pub(crate) async fn buy(&self, basket: &Value) -> Answer {
        self.post("/open-api/order", basket).await
    }

    /// Buys with an idempotency key.
    pub(crate) async fn buy_with_key(&self, basket: &Value, key: &str) -> Answer {
        self.post_with_key("/open-api/order", basket, key).await
    }

    pub(crate) async fn post_with_key(&self, path: &str, body: &Value, key: &str) -> Answer {
        self.post_with(path, body, ("Idempotency-Key", key)).await
    }

    pub(crate) async fn post_with(
        &self,
        path: &str,
        body: &Value,
        (name, value): (&str, &str),
    ) -> Answer {
        let url = format!("{}{path}", self.composite());
        let request = self.client.post(&url).header(name, value).json(body);
        answer(
            request
                .send()
                .await
                .unwrap_or_else(|error| panic!("POST {url}: {error:?}")),
        )
        .await
    }

    /// Gets a path with this header.
    pub(crate) async fn get_with(&self, path: &str, (name, value): (&str, &str)) -> Answer {
        let request = self.client.get(format!("{}{path}", self.composite()));
        let response = request.header(name, value).send().await;
        answer(response.unwrap_or_else(|error| panic!("{error:?}"))).await
    }

    /// The folder of the logs of all that runs.
    pub(crate) fn logs(&self) -> PathBuf {
        let place = Place::under(self.folder.path());
        place.expect("a place").logs
    }

    /// Gets a path as this member.
    pub(crate) async fn get_as(&self, member: &str, path: &str) -> Answer {
        let request = self.client.get(format!("{}{path}", self.composite()));
        self.ask_as(member, request).await
    }

    /// Buys as this member, with an idempotency key.
    pub(crate) async fn buy_as(&self, member: &str, basket: &Value, key: &str) -> Answer {
        let url = format!("{}/open-api/order", self.composite());
        let request = self.client.post(url).header("Idempotency-Key", key);
        self.ask_as(member, request.json(basket)).await
    }

    async fn ask_as(&self, member: &str, request: reqwest::RequestBuilder) -> Answer {
        let response = request.header("X-Member-Id", member).send().await;
        answer(response.unwrap_or_else(|error| panic!("{error:?}"))).await
    }

    /// Where the order's payment stands at the gateway, in its words.
    pub(crate) async fn gateway_status(&self, order_num: &str) -> String {
        let payment = self.gateway_payment(order_num).await;
        payment["status"].as_str().unwrap_or_default().to_owned()
    }

    /// The order's payment as the gateway tells it.
    pub(crate) async fn gateway_payment(&self, order_num: &str) -> Value {
        let url = format!(
            "{}/v1/payments/orders/{order_num}",
            self.stack.payment.url()
        );
        let request = self
            .client
            .get(&url)
            .basic_auth(self.stack.payment_secret_key(), Some(""));
        let response = request
            .send()
            .await
            .unwrap_or_else(|error| panic!("GET {url}: {error:?}"));
        answer(response).await.body
    }

    /// Sets the fault switches of the payment gateway.
    pub(crate) fn set_gateway_faults(&self, faults: &Value) {
        let url = format!("{}/faults", self.stack.payment_url());
        let set = self.client.put(&url).json(faults).send();
        let answer = self
            .run(set)
            .unwrap_or_else(|error| panic!("PUT {url}: {error:?}"));
        assert_eq!(answer.status().as_u16(), 200);
    }

    /// What the gateway's ledger says of one order.
    pub(crate) async fn ledger(&self, order_num: &str) -> Totals {
        let answer = self
            .get_from(&format!(
                "{}/ledger?orderId={order_num}",
                self.stack.payment_url()
            ))
            .await;
        let total = |name: &str| {
            answer.body["totals"][name]
                .as_i64()
                .unwrap_or_else(|| panic!("{answer:?}"))
        };
        Totals {
            charged: total("charged"),
            canceled: total("canceled"),
        }
    }
}

async fn answer(response: reqwest::Response) -> Answer {
    received(response).await.expect("a body")
}

/// A client that gives connections up before a server does, so that no request meets one that is just being closed.
fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .pool_idle_timeout(Duration::from_secs(2))
        .build()
        .expect("a client")
}

/// The answer with its body.
pub(crate) async fn received(response: reqwest::Response) -> reqwest::Result<Answer> {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await?;
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Ok(Answer {
        status,
        headers,
        body,
    })
}

impl Answer {
    /// The order number that the answer names.
    pub(crate) fn order_num(&self) -> String {
        self.body["orderNum"]
            .as_str()
            .unwrap_or_else(|| panic!("no order is named: {self:?}"))
            .to_owned()
    }

    /// The path that an answer to `POST /open-api/order` leads to.
    pub(crate) fn location(&self) -> String {
        let relative = self.headers["location"].to_str().expect("a location");
        let asked = Url::parse("http://mall/open-api/order").expect("a URL");
        let found = asked.join(relative).expect("a location");
        found.path().to_owned()
    }

    pub(crate) fn order_status(&self) -> &str {
        self.body["status"]
            .as_str()
            .unwrap_or_else(|| panic!("no order: {self:?}"))
    }

    /// Asserts a success with an order in this status.
    pub(crate) fn assert_order(&self, status: &str) -> &Self {
        assert_eq!(self.status, StatusCode::OK.as_u16(), "{self:?}");
        assert_eq!(self.order_status(), status, "{self:?}");
        self
    }

    /// Asserts an error in the one body.
    pub(crate) fn assert_problem(&self, status: u16, reason: &str) -> &Self {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.body["reason"], reason, "{self:?}");
        assert_eq!(self.body["status"], status, "{self:?}");
        assert!(
            self.body["code"].as_i64().is_some_and(|code| code < 0) && self.body["msg"].is_string(),
            "{self:?}"
        );
        self
    }
}

/// A request for so many pieces of each item.
pub(crate) fn basket(lines: &[(i64, i64)]) -> Value {
    let lines: Vec<Value> = lines
        .iter()
        .map(|(item, quantity)| json!({"item": {"itemId": item}, "quantity": quantity}))
        .collect();
    json!({"orderLineList": lines, "couponId": null})
}

/// The same, paid at once.
pub(crate) fn paid_basket(lines: &[(i64, i64)], key_prefix: &str, amount: i64) -> Value {
    let mut basket = basket(lines);
    basket["payment"] =
        json!({"paymentKey": payment_key(key_prefix), "amount": {"amount": amount}});
    basket
}

/// A payment key that no other test uses.
pub(crate) fn payment_key(prefix: &str) -> String {
    format!(
        "{prefix}-{}-{}",
        std::process::id(),
        NEXT_PAYMENT.fetch_add(1, Ordering::Relaxed)
    )
}

impl Mall {
    /// What its parts have logged last, for whoever has to find out why a test failed.
    pub(crate) fn tell_logs(&self) {
        for service in self.stack.http_services() {
            eprintln!("--- {}\n{}", service.name(), service.log_tail(40));
        }
    }
}
