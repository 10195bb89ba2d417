//! `GET /open-api/order/{orderNum}`.

use actix_web::{HttpResponse, web};
use shared::order_number::OrderNumber;

use super::answer::public;
use super::error::ApiError;
use super::routes::Shop;

/// Answers the order. What is no order number is no order either.
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
    Ok(HttpResponse::Ok().json(public(order)))
}
