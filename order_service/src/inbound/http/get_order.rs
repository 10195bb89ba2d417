//! `GET /api/order/{orderNum}`.

use actix_web::{HttpResponse, web};
use shared::order_number::OrderNumber;

use super::error::ApiError;
use super::order_body::OrderBody;
use super::reads::Reads;

/// Answers the order. For a text that isn't an order number there is no order, either.
///
/// # Errors
/// 404 when there is none, 503 when the database can't be reached.
pub async fn get_order(
    path: web::Path<String>,
    reads: web::Data<Reads>,
) -> Result<HttpResponse, ApiError> {
    let number: OrderNumber = path.parse().map_err(|_| ApiError::NotFound("order"))?;
    let order = reads
        .reader
        .run(move |ports| ports.orders.load(&number))
        .await?
        .ok_or(ApiError::NotFound("order"))?;
    let body = OrderBody::of(&order, reads.zone);
    Ok(HttpResponse::Ok().json(body.of_member(order.member)))
}
