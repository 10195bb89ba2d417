//! `GET /livez`: the process answers. `GET /readyz`: it has what it needs, Kafka and a reply partition, and is not going down.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde_json::json;

use super::routes::Shop;

const PROBE_WAIT: Duration = Duration::from_secs(1);

/// Always 200: a process that is waiting for Kafka must not be restarted for that.
pub async fn livez() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "live"}))
}

/// 200, or 503 with what is missing.
pub async fn readyz(shop: web::Data<Shop>) -> HttpResponse {
    let broker = shop.broker.clone();
    let has_broker = matches!(
        web::block(move || broker.probe(PROBE_WAIT)).await,
        Ok(Ok(()))
    );
    let parts = [
        ("kafka", has_broker),
        ("replyPartition", shop.reply_partition.borrow().is_some()),
        ("accepting", !*shop.stopping.borrow()),
    ];
    let is_ready = parts.iter().all(|(_, is_well)| *is_well);
    let status = if is_ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let parts: serde_json::Map<_, _> = parts
        .iter()
        .map(|(name, is_well)| ((*name).to_owned(), json!(is_well)))
        .collect();
    HttpResponse::build(status)
        .json(json!({"status": if is_ready { "ready" } else { "not ready" }, "parts": parts}))
}
