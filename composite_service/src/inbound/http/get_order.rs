//! `GET /open-api/order/{orderNum}`.

use actix_web::{HttpResponse, web};
use shared::order_number::OrderNumber;

use super::answer::pending;
use super::error::ApiError;
use super::order_body::OrderBody;
use super::shop::Shop;
use crate::domain::access::Caller;
use crate::domain::late_order::look_again;

/// Answers the order, or 202 when it is not known but may still come. A path that is not an order number names no order, so it is 404 like
/// an unknown one. An order that is somebody else's is as unknown as one that is not there: the same steps lead to the same answer.
///
/// # Errors
/// 404 when there is none and none may come, 503 when the order service is away.
pub async fn get_order(
    caller: Caller,
    path: web::Path<String>,
    shop: web::Data<Shop>,
) -> Result<HttpResponse, ApiError> {
    let number: OrderNumber = path.parse().map_err(|_| ApiError::NotFound("order"))?;
    if let Some(order) = shop.order_of(&caller, &number).await? {
        return Ok(HttpResponse::Ok().json(OrderBody::shown_to(&caller, order)));
    }
    let now = shop.clock.now().with_timezone(&shop.zone).naive_local();
    match look_again(&number, now) {
        Some(seconds) => Ok(pending(seconds, number)),
        None => Err(ApiError::NotFound("order")),
    }
}
