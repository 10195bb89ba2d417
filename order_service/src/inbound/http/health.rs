//! `GET /livez`: the process answers. `GET /readyz`: it has what it needs, Kafka and the database, and is not going down.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde_json::json;

use super::routes::Reads;
use crate::actors::store_worker::PingStore;

const PROBE_WAIT: Duration = Duration::from_secs(1);

/// Always 200: a process that is waiting for Kafka or the database must not be restarted for that.
pub async fn livez() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "live"}))
}

/// 200, or 503 with what is missing.
pub async fn readyz(reads: web::Data<Reads>) -> HttpResponse {
    let database = tokio::time::timeout(PROBE_WAIT, reads.reader_addr.send(PingStore));
    let broker = web::block({
        let broker = reads.broker.clone();
        move || broker.probe(PROBE_WAIT)
    });
    let (database, broker) = tokio::join!(database, broker);
    let parts = [
        ("database", matches!(database, Ok(Ok(Ok(()))))),
        ("kafka", matches!(broker, Ok(Ok(())))),
        (
            "intake",
            *reads.is_taking.borrow() && !*reads.stopping.borrow(),
        ),
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
