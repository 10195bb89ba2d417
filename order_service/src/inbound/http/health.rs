//! `GET /readyz`: Kafka and the database answer, commands are taken, what they change is written, and the service is not ending.

use actix_web::{HttpResponse, web};
use shared::http::health::{PROBE_WAIT, readiness};
use tokio::time::Instant;

use super::reads::Reads;

/// 200, or 503 with what is missing.
pub async fn readyz(reads: web::Data<Reads>) -> HttpResponse {
    let ping = reads.reader.run(|ports| ports.orders.ping());
    let database = tokio::time::timeout(PROBE_WAIT, ping);
    let broker = web::block({
        let broker = reads.broker.clone();
        move || broker.probe(PROBE_WAIT)
    });
    let (database, broker) = tokio::join!(database, broker);
    readiness(&[
        ("database", matches!(database, Ok(Ok(())))),
        ("kafka", matches!(broker, Ok(Ok(())))),
        (
            "intake",
            *reads.is_taking.borrow() && !*reads.stopping.borrow(),
        ),
        ("writing", reads.writing.is_well(Instant::now())),
    ])
}
