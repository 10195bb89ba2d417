//! `GET /open-api/order/{orderNum}`.

use actix_web::{HttpResponse, web};
use shared::order_number::OrderNumber;

use super::error::ApiError;
use super::order_body::OrderBody;
use super::shop::Shop;

/// Answers the order. A path that is not an order number names no order, so it is 404 like an unknown one.
///
/// # Errors
/// 404 when there is none, 503 when the order service is away.
pub async fn get_order(
    path: web::Path<String>,
    shop: web::Data<Shop>,
) -> Result<HttpResponse, ApiError> {
    let number: OrderNumber = path.parse().map_err(|_| ApiError::NotFound("order"))?;
    let order = shop
        .query
        .order(&number)
        .await?
        .ok_or(ApiError::NotFound("order"))?;
    Ok(HttpResponse::Ok().json(OrderBody::from(order)))
}
