//! `GET /readyz`: Kafka and the database answer, commands are taken, what they change is written, and the service is not ending.

use actix_web::{HttpResponse, web};
use shared::http::health::{PROBE_WAIT, readiness, unless};
use tokio::time::Instant;

use super::reads::Reads;
use crate::inbound::kafka::intake::GROUP;

/// 200, or 503 with what is missing.
pub async fn readyz(reads: web::Data<Reads>) -> HttpResponse {
    let ping = reads.reader.run(|ports| ports.orders.ping());
    let database = tokio::time::timeout(PROBE_WAIT, ping);
    let broker = web::block({
        let broker = reads.broker.clone();
        move || broker.wrong(PROBE_WAIT)
    });
    let (database, broker) = tokio::join!(database, broker);
    readiness(&[
        (
            "database",
            unless(matches!(database, Ok(Ok(()))), "it does not answer"),
        ),
        (
            "kafka",
            broker.unwrap_or_else(|error| Some(error.to_string())),
        ),
        ("intake", intake(&reads)),
        (
            "writing",
            unless(
                reads.writing.is_well(Instant::now()),
                "nothing was written for long, although something waits",
            ),
        ),
    ])
}

fn intake(reads: &Reads) -> Option<String> {
    if *reads.stopping.borrow() {
        return Some("the service is ending".to_owned());
    }
    let unwell = reads.intake.unwell()?;
    Some(unwell.words(&reads.orders_topic, GROUP))
}
