//! A real HTTP server in the place of the order service and the member service, each of whose paths can be slowed, silenced and broken.

use std::collections::HashMap;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio::time::sleep;

use crate::loopback_server::LoopbackServer;

/// What a path does with a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Conduct {
    /// It answers well, after so long.
    After(Duration),
    /// It answers well, but only once all four paths are being asked.
    WithAllOthers,
    /// It keeps the connection, and stays silent.
    Silent,
    /// It answers this status.
    Failing(u16),
}

/// The paths, each the beginning of those it stands for.
pub(crate) const PROFILE: &str = "/api/member/";
pub(crate) const ORDERS: &str = "/api/order";
pub(crate) const COUPONS: &str = "/api/coupon";
pub(crate) const PRODUCTS: &str = "/api/recommendation";
pub(crate) const ALL: [&str; 4] = [PROFILE, ORDERS, COUPONS, PRODUCTS];

#[derive(Default)]
struct Paths {
    conducts: HashMap<&'static str, Conduct>,
    asked: HashMap<&'static str, usize>,
}

/// The running server; it ends when dropped.
pub(crate) struct StandIn {
    pub(crate) server: LoopbackServer,
    paths: Arc<Mutex<Paths>>,
}

impl StandIn {
    /// One whose paths all answer well and at once.
    pub(crate) fn start() -> Self {
        let paths = Arc::new(Mutex::default());
        let state = web::Data::new(Arc::clone(&paths));
        let together = web::Data::new(Barrier::new(ALL.len()));
        let server = LoopbackServer::start(move |app| {
            app.app_data(state.clone())
                .app_data(together.clone())
                .default_service(web::to(serve));
        });
        Self { server, paths }
    }

    pub(crate) fn conduct(&self, path: &'static str, conduct: Conduct) {
        self.paths.lock().unwrap().conducts.insert(path, conduct);
    }

    /// How often it was asked there.
    pub(crate) fn asked(&self, path: &'static str) -> usize {
        self.paths
            .lock()
            .unwrap()
            .asked
            .get(path)
            .copied()
            .unwrap_or_default()
    }
}

async fn serve(
    request: HttpRequest,
    paths: web::Data<Arc<Mutex<Paths>>>,
    together: web::Data<Barrier>,
) -> HttpResponse {
    let known = ALL
        .into_iter()
        .find(|path| request.path().starts_with(path));
    let Some(path) = known else {
        return HttpResponse::NotFound().finish();
    };
    let conduct = {
        let mut paths = paths.lock().unwrap();
        *paths.asked.entry(path).or_default() += 1;
        paths.conducts.get(path).copied()
    };
    match conduct {
        None => {}
        Some(Conduct::After(delay)) => sleep(delay).await,
        Some(Conduct::WithAllOthers) => {
            together.wait().await;
        }
        Some(Conduct::Silent) => pending().await,
        Some(Conduct::Failing(status)) => {
            return HttpResponse::build(StatusCode::from_u16(status).unwrap()).finish();
        }
    }
    HttpResponse::Ok().json(content(path))
}

fn content(path: &str) -> Value {
    let coupon = json!({
        "couponId": 7, "name": "가을", "kind": "FIXED", "amount": {"amount": 3000},
        "minimumTotal": {"amount": 0}, "validUntil": "2027-01-01T09:00:00+09:00",
    });
    match path {
        PROFILE => json!({"name": "김민지", "email": "minji@example.com"}),
        ORDERS => json!([{"orderNum": "1", "orderLineList": [], "status": "COMPLETE",
                          "payment": {"paymentKey": "secret", "amount": {"amount": 1}}}]),
        COUPONS => json!([coupon]),
        _ => json!([{"productId": 9, "name": "우산", "itemList": []}]),
    }
}
