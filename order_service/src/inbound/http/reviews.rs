//! `GET /internal/purchases?state=unresolved`: orders whose books are open, for the composites that close them and for operators.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use shared::http::Problem;
use shared::wire::error_body::ResponseCode;
use shared::wire::order_dto::OrderDto;

use super::error::ApiError;
use super::routes::Reads;
use crate::actors::store_worker::ListDueReviews;
use crate::dto::order_dto;

const DEFAULT_LIMIT: u32 = 100;
const MAX_LIMIT: u32 = 1_000;

/// Which purchases.
#[derive(Debug, Deserialize)]
pub struct PurchasesQuery {
    state: String,
    limit: Option<u32>,
}

/// Answers the orders whose review is due, the longest due first.
///
/// # Errors
/// 400 for another state than `unresolved`, 503 when the database is away.
pub async fn list_purchases(
    query: web::Query<PurchasesQuery>,
    reads: web::Data<Reads>,
) -> Result<HttpResponse, actix_web::Error> {
    if query.state != "unresolved" {
        let detail = "the state that can be asked for is unresolved";
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            ResponseCode::InvalidRequest,
            "MALFORMED_REQUEST",
            detail,
        )
        .into());
    }
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
    let due = ListDueReviews {
        now: reads.clock.now(),
        limit,
    };
    let orders = reads
        .reader_addr
        .send(due)
        .await
        .map_err(ApiError::from)?
        .map_err(ApiError::from)?;
    let orders: Vec<OrderDto> = orders
        .iter()
        .map(|order| order_dto(order, reads.zone))
        .collect();
    Ok(HttpResponse::Ok().json(orders))
}
