//! Reads over HTTP: what the composite and operators get, and the one body of every answer that is not a success.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{ACCEPT, ALLOW, CONTENT_TYPE, LINK, RETRY_AFTER};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, web};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use order_service::actors::store_threads::{ReadPorts, StoreReader};
use order_service::actors::write_progress::WriteProgress;
use order_service::domain::catalogue::{Product, ProductId};
use order_service::domain::order::{ItemId, OrderDraft};
use order_service::domain::pending_limits::PendingLimits;
use order_service::inbound::http::reads::Reads;
use order_service::inbound::http::routes::configure;
use order_service::ports::catalogue::{Assortment, Catalogue, NamedCoupon};
use order_service::ports::order_store::StoreError;
use order_service::ports::reviews::{DueOrders, ReviewCursor, Reviews};
use serde_json::{Value, json};
use shared::clock::FixedClock;
use shared::http::render_problems;
use shared::kafka::broker_probe::BrokerProbe;
use shared::kafka::health_board::HealthBoard;
use shared::kafka::topic_state::{TopicId, TopicState};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::harness::doubles::{Fault, StoreDouble};
use crate::harness::kafka::TestBroker;
use crate::harness::samples::*;
use crate::harness::stores::{applied, opened};

mod quotes;

/// The query of the next page that a page links to.
fn next_query(link: &str) -> &str {
    let query = link.strip_prefix('<').unwrap();
    query.strip_suffix(">; rel=\"next\"").unwrap()
}

/// Twenty-five products without items, and a memory store's reviews.
struct Shelves(Arc<StoreDouble>);

impl Catalogue for Shelves {
    fn products(&self, after: Option<ProductId>, limit: u32) -> Result<Vec<Product>, StoreError> {
        let all = (1..=25).filter(|id| after.is_none_or(|after| *id > after));
        Ok(all
            .take(limit as usize)
            .map(|id| Product {
                id,
                name: format!("product {id}"),
                items: vec![],
            })
            .collect())
    }

    fn product(&self, id: ProductId) -> Result<Option<Product>, StoreError> {
        Ok((id == 1).then(|| assortment().products.remove(0)))
    }

    /// Products whose identity is no bought item's.
    fn recommended(
        &self,
        bought: &BTreeSet<ItemId>,
        limit: u32,
    ) -> Result<Vec<Product>, StoreError> {
        let mut all = self.products(None, 25)?;
        all.retain(|product| !bought.contains(&product.id));
        all.reverse();
        all.truncate(limit as usize);
        Ok(all)
    }

    fn usable_coupons(
        &self,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<NamedCoupon>, StoreError> {
        let usable = coupons()
            .into_iter()
            .filter(|coupon| coupon.valid_from <= now && now < coupon.valid_until);
        let named = |coupon| NamedCoupon {
            coupon,
            name: "가을".to_owned(),
        };
        Ok(usable.map(named).take(limit as usize).collect())
    }

    fn import(&self, _: &Assortment) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Reviews for Shelves {
    fn due(
        &self,
        now: DateTime<Utc>,
        after: Option<&ReviewCursor>,
        limit: u32,
    ) -> Result<DueOrders, StoreError> {
        self.0.inner.due(now, after, limit)
    }
}

/// What an answer was.
struct Answer {
    status: StatusCode,
    headers: actix_web::http::header::HeaderMap,
    body: Value,
}

impl Answer {
    fn header(&self, name: impl actix_web::http::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Asserts that it is an error of this kind, whose body is whole.
    fn assert_problem(&self, status: u16, code: i32, reason: &str) {
        assert_eq!(
            (self.status.as_u16(), &self.body["status"]),
            (status, &json!(status)),
            "{}",
            self.body
        );
        assert_eq!(
            (&self.body["code"], &self.body["reason"]),
            (&json!(code), &json!(reason)),
            "{}",
            self.body
        );
        for member in ["type", "title", "detail", "instance", "msg"] {
            assert!(self.body[member].is_string(), "{member} of {}", self.body);
        }
    }
}

fn reads(
    store: &Arc<StoreDouble>,
    broker: &TestBroker,
    is_taking: bool,
    is_stopping: bool,
) -> Reads {
    let shelves = Arc::new(Shelves(Arc::clone(store)));
    let ports = ReadPorts {
        orders: Arc::clone(store) as _,
        reviews: Arc::clone(&shelves) as _,
        member_orders: Arc::clone(&store.inner) as _,
        catalogue: shelves,
        shelves: Arc::clone(&store.inner) as _,
    };
    Reads {
        reader: StoreReader::start("store-reader", 1, Arc::new(ports)),
        broker: BrokerProbe::new(&broker.settings, &broker.settings.orders.name).unwrap(),
        intake: intake(is_taking),
        orders_topic: "orders".to_owned(),
        writing: WriteProgress::new().1,
        stopping: watch::channel(is_stopping).1,
        clock: Arc::new(FixedClock(now() + TimeDelta::minutes(30))),
        zone: chrono_tz::Asia::Seoul,
    }
}

/// The health of a member that is in its group and reads the topic that is there, or of none.
fn intake(is_taking: bool) -> HealthBoard {
    let health = HealthBoard::default();
    let id = TopicId::new("a");
    health.topic(TopicState::There(id.clone()));
    if is_taking {
        health.begin(id);
        health.seen(true);
    }
    health
}

async fn ask(reads: Reads, request: TestRequest) -> Answer {
    let app = App::new()
        .app_data(web::Data::new(reads))
        .configure(configure)
        .wrap(from_fn(render_problems));
    let app = init_service(app).await;
    let response: ServiceResponse<_> = call_service(&app, request.to_request()).await;
    answer(response).await
}

async fn answer(response: ServiceResponse<impl MessageBody>) -> Answer {
    let (status, headers) = (response.status(), response.headers().clone());
    let body = serde_json::from_slice(&read_body(response).await).unwrap();
    Answer {
        status,
        headers,
        body,
    }
}

/// Gets this path of a service with this store.
async fn get(store: StoreDouble, path: &str) -> Answer {
    ask(
        reads(&Arc::new(store), &TestBroker::embedded(), true, false),
        TestRequest::with_uri(path),
    )
    .await
}

mod orders {
    use super::*;

    #[actix::test]
    async fn are_answered_with_and_without_a_slash_at_the_end() {
        for path in ["/api/order/7", "/api/order/7/"] {
            let store = StoreDouble::plain();
            let order = opened(&*store.inner, 7, &[(APPLE, 2), (THREAD, 1)]);
            applied(&*store.inner, complete(&order, "key"));

            let answer = get(store, path).await;

            let line = |id: i64, item: i64, name: &str, price: Value, quantity: i64| json!({"orderLineId": id, "item": {"itemId": item, "name": name, "price": {"amount": price}}, "quantity": quantity});
            let expected = json!({
                "orderNum": "7",
                "orderLineList": [line(1, 1, "사과 🍎", json!(12000), 2), line(2, 2, "'실' \"한\" \\가닥", json!(0.01), 1)],
                "status": "COMPLETE",
                "totalPrice": {"amount": 24000.01},
                "finalPrice": {"amount": 24000.01},
                "createdDate": "2026-11-23T10:15:40.582933+09:00",
                "payment": {"paymentKey": "key", "amount": {"amount": 24000.01}},
            });
            assert_eq!((answer.status, answer.body), (StatusCode::OK, expected));
        }
    }

    #[actix::test]
    async fn that_are_pending_tell_until_when_they_can_be_paid_and_others_do_not() {
        let pay_by = async |complete_by: Option<&str>| {
            let store = StoreDouble::plain();
            let order = opened(&*store.inner, 7, &[(APPLE, 2)]);
            if let Some(key) = complete_by {
                applied(&*store.inner, complete(&order, key));
            }
            let told = get(store, "/api/order/7").await.body["payBy"].clone();
            let stored = order.pay_by.with_timezone(&chrono_tz::Asia::Seoul);
            (told, stored.to_rfc3339_opts(SecondsFormat::Micros, false))
        };
        let (told, stored) = pay_by(None).await;
        assert_eq!(told, json!(stored));
        assert_eq!(pay_by(Some("key")).await.0, Value::Null);
    }

    #[actix::test]
    async fn are_not_found_by_an_unknown_or_invalid_number() {
        for path in [
            "/api/order/8",
            "/api/order/eight",
            "/api/order/8%27%20OR%201",
            "/api/order/99999999999999999999999999999999999999999",
        ] {
            get(StoreDouble::plain(), path)
                .await
                .assert_problem(404, -704, "NOT_FOUND");
        }
    }

    #[actix::test]
    async fn are_unavailable_while_the_store_is_away_and_the_cause_is_not_told() {
        let secret = || StoreError::Unavailable("db.internal:3306".into());
        let answer = get(
            StoreDouble::on_load(move |_| Fault::Before(secret())),
            "/api/order/7",
        )
        .await;

        answer.assert_problem(503, -701, "STORE_UNAVAILABLE");
        assert_eq!(answer.header(RETRY_AFTER), Some("1"));
        assert!(!answer.body.to_string().contains("db.internal"));
    }

    #[actix::test]
    async fn that_are_corrupt_are_an_error_whose_cause_is_not_told() {
        let secret = || StoreError::Corrupt("order 7: status SHIPPED".into());
        let answer = get(
            StoreDouble::on_load(move |_| Fault::Before(secret())),
            "/api/order/7",
        )
        .await;

        answer.assert_problem(500, -701, "INTERNAL_ERROR");
        assert!(!answer.body.to_string().contains("SHIPPED"));
    }
}

mod products {
    use super::*;

    #[actix::test]
    async fn are_linked_from_page_to_page() {
        let (mut path, mut seen) = ("/api/product?limit=10".to_owned(), Vec::new());
        loop {
            let answer = get(StoreDouble::plain(), &path).await;
            let page = answer.body.as_array().unwrap();
            seen.extend(
                page.iter()
                    .map(|product| product["productId"].as_i64().unwrap()),
            );
            assert!(page.len() <= 10);
            let Some(link) = answer.header(LINK) else {
                break;
            };
            path = format!("/api/product{}", next_query(link));
        }
        assert!(seen.into_iter().eq(1..=25));
    }

    #[actix::test]
    async fn have_bounds_that_must_make_sense() {
        for query in ["limit=many", "after=first", "limit=-1"] {
            get(StoreDouble::plain(), &format!("/api/product?{query}"))
                .await
                .assert_problem(400, -705, "MALFORMED_REQUEST");
        }
        let answer = get(StoreDouble::plain(), "/api/product?limit=0").await;
        assert_eq!(answer.body.as_array().unwrap().len(), 1);
    }

    #[actix::test]
    async fn tell_the_price_and_stock_of_their_items() {
        let answer = get(StoreDouble::plain(), "/api/product/1").await;
        let item = json!({"itemId": 3, "name": "last", "price": {"amount": 500}, "stock": 1});
        assert_eq!(answer.body["itemList"][2], item);
        for path in ["/api/product/2", "/api/product/one"] {
            get(StoreDouble::plain(), path)
                .await
                .assert_problem(404, -704, "NOT_FOUND");
        }
    }
}

mod members {
    use super::*;

    /// A store in which a member has bought these items, one an order.
    fn store_of(name: &str, items: &[ItemId]) -> StoreDouble {
        let store = StoreDouble::plain();
        for (digits, item) in (1..).zip(items) {
            let wishes = draft(digits, &[(*item, 1)]);
            applied(
                &*store.inner,
                open(OrderDraft {
                    member: Some(member(name)),
                    ..wishes
                }),
            );
        }
        store
    }

    #[actix::test]
    async fn are_linked_from_page_to_page_newest_first() {
        let store = Arc::new(store_of("kim", &[APPLE; 7]));
        let (mut found, mut pages) = (Vec::new(), 0);
        let mut link = Some("/api/order?memberId=kim&limit=3".to_owned());
        while let Some(path) = link {
            let reads = reads(&store, &TestBroker::embedded(), true, false);
            let answer = ask(reads, TestRequest::with_uri(&path)).await;
            let orders = answer.body.as_array().unwrap();
            found.extend(
                orders
                    .iter()
                    .map(|order| order["orderNum"].as_str().unwrap().to_owned()),
            );
            assert!(orders.iter().all(|order| order.get("memberId").is_none()));
            pages += 1;
            let next = answer.header(LINK);
            link = next.map(|link| format!("/api/order{}", next_query(link)));
        }
        assert_eq!(found, ["7", "6", "5", "4", "3", "2", "1"]);
        assert_eq!(pages, 3);
    }

    #[actix::test]
    async fn may_be_none() {
        let answer = get(store_of("kim", &[APPLE]), "/api/order?memberId=lee").await;
        assert_eq!((answer.status, answer.body), (StatusCode::OK, json!([])));
    }

    #[actix::test]
    async fn need_a_valid_member_and_bounds() {
        for path in [
            "/api/order",
            "/api/order?memberId=",
            "/api/order?memberId=a%2Fb",
            "/api/order?memberId=kim&after=7",
            "/api/order?memberId=kim&after=one-7",
            "/api/order?memberId=kim&limit=-1",
            "/api/recommendation",
            "/api/recommendation?memberId=..",
            "/api/coupon?limit=many",
        ] {
            get(StoreDouble::plain(), path)
                .await
                .assert_problem(400, -705, "MALFORMED_REQUEST");
        }
    }

    #[actix::test]
    async fn recommendations_leave_out_what_a_member_has_bought() {
        let products = async |name: &str| -> Vec<Value> {
            let path = format!("/api/recommendation?memberId={name}&limit=24");
            let answer = get(store_of("kim", &[APPLE, THREAD]), &path).await;
            let products = answer.body.as_array().unwrap().iter();
            products
                .map(|product| product["productId"].clone())
                .collect()
        };
        assert!(
            products("kim")
                .await
                .iter()
                .eq((3..=25).rev().collect::<Vec<_>>().iter())
        );
        assert!(
            products("lee")
                .await
                .iter()
                .eq((2..=25).rev().collect::<Vec<_>>().iter())
        );
    }

    #[actix::test]
    async fn coupons_tell_what_they_take_off() {
        let answer = get(StoreDouble::plain(), "/api/coupon").await;
        let told = json!([
            {"couponId": COUPON, "name": "가을", "kind": "FIXED", "amount": {"amount": 3000},
             "minimumTotal": {"amount": 0}, "validUntil": "2027-01-01T09:00:00+09:00"},
            {"couponId": PERCENT_COUPON, "name": "가을", "kind": "PERCENT", "percent": 10,
             "maximumDiscount": {"amount": 1000},
             "minimumTotal": {"amount": 10000}, "validUntil": "2027-01-01T09:00:00+09:00"},
        ]);
        assert_eq!(answer.body, told);
        let one = get(StoreDouble::plain(), "/api/coupon?limit=1").await;
        assert_eq!(one.body.as_array().unwrap().len(), 1);
    }
}

mod reviews {
    use super::*;

    #[actix::test]
    async fn list_the_orders_that_are_due() {
        let store = StoreDouble::plain();
        opened(&*store.inner, 1, &[(APPLE, 1)]);
        let paid = opened(&*store.inner, 2, &[(APPLE, 1)]);
        applied(&*store.inner, complete(&paid, "key"));

        let answer = get(store, "/internal/purchases?state=unresolved").await;

        let numbers: Vec<&Value> = answer
            .body
            .as_array()
            .unwrap()
            .iter()
            .map(|order| &order["orderNum"])
            .collect();
        assert_eq!(numbers, ["1"]);
        assert_eq!(answer.header(LINK), None);
        assert!(answer.body[0]["dueForSeconds"].is_u64());
    }

    #[actix::test]
    async fn are_linked_from_page_to_page() {
        let store = Arc::new(StoreDouble::plain());
        let all = 1..=7;
        all.clone().for_each(|digits| {
            opened(&*store.inner, digits, &[(APPLE, 1)]);
        });
        let mut found: Vec<String> = Vec::new();
        let mut pages = 0;
        let mut link = Some("/internal/purchases?state=unresolved&limit=3".to_owned());
        while let Some(path) = link {
            let reads = reads(&store, &TestBroker::embedded(), true, false);
            let answer = ask(reads, TestRequest::with_uri(&path)).await;
            let orders = answer.body.as_array().unwrap();
            found.extend(
                orders
                    .iter()
                    .map(|order| order["orderNum"].as_str().unwrap().to_owned()),
            );
            pages += 1;
            let next = answer.header(LINK);
            link = next.map(|link| format!("/internal/purchases{}", next_query(link)));
        }
        assert_eq!(
            found,
            all.map(|digits| digits.to_string()).collect::<Vec<_>>()
        );
        assert_eq!(pages, 3);
    }

    #[actix::test]
    async fn need_a_known_state_and_a_valid_place() {
        for query in [
            "?state=done",
            "",
            "?state=unresolved&after=7",
            "?state=unresolved&after=x-7",
            "?state=unresolved&after=7-x",
            "?state=unresolved&after=9223372036854775807-7",
        ] {
            let path = format!("/internal/purchases{query}");
            get(StoreDouble::plain(), &path)
                .await
                .assert_problem(400, -705, "MALFORMED_REQUEST");
        }
    }
}

mod errors {
    use super::*;

    #[actix::test]
    async fn an_unknown_path_is_not_found_in_the_accepted_form() {
        for (accept, content_type) in [
            ("*/*", "application/json"),
            ("application/json", "application/json"),
            (
                "text/html, application/problem+json;q=0.9",
                "application/problem+json",
            ),
        ] {
            let request = TestRequest::with_uri("/api/orders").insert_header((ACCEPT, accept));
            let reads = reads(
                &Arc::new(StoreDouble::plain()),
                &TestBroker::embedded(),
                true,
                false,
            );

            let answer = ask(reads, request).await;

            answer.assert_problem(404, -704, "NOT_FOUND");
            assert_eq!(answer.header(CONTENT_TYPE), Some(content_type));
            assert_eq!(answer.body["instance"], "/api/orders");
        }
    }

    #[actix::test]
    async fn head_is_answered_as_get() {
        for path in ["/api/product", "/livez", "/readyz"] {
            let [got, head] = [Method::GET, Method::HEAD].map(|method| {
                let reads = reads(
                    &Arc::new(StoreDouble::plain()),
                    &TestBroker::embedded(),
                    true,
                    false,
                );
                ask(reads, TestRequest::with_uri(path).method(method))
            });
            let (got, head) = (got.await, head.await);
            assert_eq!(head.status, got.status, "{path}");
            assert_eq!(head.header(CONTENT_TYPE), got.header(CONTENT_TYPE));
        }
    }

    #[actix::test]
    async fn an_unknown_method_is_answered_with_the_known_ones() {
        for path in [
            "/api/order/7",
            "/api/product",
            "/api/product/1/",
            "/livez",
            "/readyz",
            "/internal/purchases",
        ] {
            let request = TestRequest::with_uri(path).method(Method::POST);
            let reads = reads(
                &Arc::new(StoreDouble::plain()),
                &TestBroker::embedded(),
                true,
                false,
            );

            let answer = ask(reads, request).await;

            answer.assert_problem(405, -705, "METHOD_NOT_ALLOWED");
            assert_eq!(answer.header(ALLOW), Some("GET, HEAD, OPTIONS"), "{path}");
        }
    }
}

mod readiness {
    use super::*;

    async fn probe(
        path: &str,
        is_taking: bool,
        is_stopping: bool,
        is_broker_there: bool,
    ) -> Answer {
        let broker = TestBroker::embedded();
        let reads = reads(
            &Arc::new(StoreDouble::plain()),
            &broker,
            is_taking,
            is_stopping,
        );
        if !is_broker_there {
            drop(broker);
        }
        ask(reads, TestRequest::with_uri(path)).await
    }

    #[actix::test]
    async fn tells_what_is_missing_while_the_service_is_live() {
        for (is_taking, is_stopping, is_broker_there) in [
            (true, false, true),
            (false, false, true),
            (true, true, true),
            (true, false, false),
        ] {
            let live = probe("/livez", is_taking, is_stopping, is_broker_there).await;
            let ready = probe("/readyz", is_taking, is_stopping, is_broker_there).await;

            assert_eq!(live.status, StatusCode::OK);
            let intake = is_taking && !is_stopping;
            let parts = json!({"database": true, "kafka": is_broker_there, "intake": intake, "writing": true});
            assert_eq!(ready.body["parts"], parts);
            assert_eq!(
                ready.body["reason"].is_string(),
                !(intake && is_broker_there)
            );
            let status = if intake && is_broker_there {
                StatusCode::OK
            } else {
                StatusCode::SERVICE_UNAVAILABLE
            };
            assert_eq!(ready.status, status);
        }
    }

    #[actix::test]
    async fn is_off_when_nothing_was_written_for_long() {
        let broker = TestBroker::embedded();
        let (mut progress, writing) = WriteProgress::new();
        progress.came(Instant::now() - Duration::from_secs(31));
        let reads = Reads {
            writing,
            ..reads(&Arc::new(StoreDouble::plain()), &broker, true, false)
        };

        let ready = ask(reads, TestRequest::with_uri("/readyz")).await;

        let parts = json!({"database": true, "kafka": true, "intake": true, "writing": false});
        assert_eq!(ready.body["parts"], parts);
        assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    }
}
