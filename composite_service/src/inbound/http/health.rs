//! `GET /readyz`: whether the service has what it needs, Kafka and a reply partition, and is not going down.

use actix_web::{HttpResponse, web};
use shared::http::health::{PROBE_WAIT, readiness};

use super::shop::Shop;

/// 200, or 503 with what is missing.
pub async fn readyz(shop: web::Data<Shop>) -> HttpResponse {
    let broker = shop.broker.clone();
    // The probe blocks, so it must not run on a thread that serves requests.
    let has_broker = matches!(
        web::block(move || broker.probe(PROBE_WAIT)).await,
        Ok(Ok(()))
    );
    readiness(&[
        ("kafka", has_broker),
        ("replyPartition", shop.reply_partition.borrow().is_some()),
        ("accepting", !*shop.stopping.borrow()),
    ])
}
