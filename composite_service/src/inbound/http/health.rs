//! `GET /readyz`: whether the service has what it needs, Kafka and a reply partition, and is not going down.

use actix_web::{HttpResponse, web};
use shared::http::health::{PROBE_WAIT, readiness, unless};

use super::shop::Shop;
use crate::inbound::kafka::reply_intake::GROUP;

/// 200, or 503 with what is missing.
pub async fn readyz(shop: web::Data<Shop>) -> HttpResponse {
    let broker = shop.broker.clone();
    // The probe blocks, so it must not run on a thread that serves requests.
    let kafka = web::block(move || broker.wrong(PROBE_WAIT)).await;
    let mut parts = vec![
        (
            "kafka",
            kafka.unwrap_or_else(|error| Some(error.to_string())),
        ),
        ("replyPartition", reply_partition(&shop)),
        (
            "accepting",
            unless(!*shop.stopping.borrow(), "the service is ending"),
        ),
    ];
    // Only before the first keys: later ones are as good as the last ones while the issuer is away.
    if let Some(has_keys) = shop.authentication.has_keys() {
        let wrong = "the issuer's keys could not be fetched yet";
        parts.push(("issuerKeys", unless(has_keys, wrong)));
    }
    readiness(&parts)
}

/// A partition alone is not enough: its replies must be read.
fn reply_partition(shop: &Shop) -> Option<String> {
    if let Some(unwell) = shop.replies.unwell() {
        return Some(unwell.words(&shop.reply_topic, GROUP));
    }
    unless(
        shop.reply_partition.borrow().is_some(),
        "no partition is assigned to this instance",
    )
}
