//! `GET /internal/purchases?state=unresolved`: orders whose review is due, for composites, which review them, and for operators.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use shared::http::next_page;
use shared::http::query::Query;

use super::cursor;
use super::error::{ApiError, malformed};
use super::order_body::OrderBody;
use super::reads::Reads;
use crate::domain::order::Order;
use crate::ports::reviews::ReviewCursor;

const DEFAULT_LIMIT: u32 = 100;
const MAX_LIMIT: u32 = 1_000;

/// Which purchases.
#[derive(Debug, Deserialize)]
pub struct PurchasesQuery {
    state: String,
    after: Option<String>,
    limit: Option<u32>,
}

/// Answers a page of the orders whose review is due, the longest due first, with `Link: rel="next"`, relative to this page, when there
/// may be more.
///
/// # Errors
/// 400 for another state than `unresolved` or an invalid `after`, 503 when the database can't be reached.
pub async fn list_purchases(
    Query(query): Query<PurchasesQuery>,
    reads: web::Data<Reads>,
) -> Result<HttpResponse, actix_web::Error> {
    if query.state != "unresolved" {
        return Err(malformed("state", "the state that can be asked for is unresolved").into());
    }
    let after = cursor::after(query.after.as_deref())?
        .map(|(review_at, number)| ReviewCursor { review_at, number });
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
    let now = reads.clock.now();
    let due = reads
        .reader
        .run(move |ports| ports.reviews.due(now, after.as_ref(), limit))
        .await
        .map_err(ApiError::from)?;
    let orders: Vec<OrderBody> = due
        .orders
        .iter()
        .map(|order| OrderBody::of(order, reads.zone).due_for(due_for(order, now)))
        .collect();
    let mut response = HttpResponse::Ok();
    if let Some(next) = due.next {
        let after = cursor::written(next.review_at, &next.number);
        let query = format!("state=unresolved&after={after}&limit={limit}");
        response.insert_header(next_page(&query));
    }
    Ok(response.json(orders))
}

fn due_for(order: &Order, now: DateTime<Utc>) -> Option<u64> {
    let due_for = now - order.review_at?;
    due_for.num_seconds().try_into().ok()
}
