//! `POST /open-api/order/{orderNum}/payment`: pays a pending order.

use actix_web::{HttpRequest, HttpResponse, web};
use shared::order_number::OrderNumber;
use shared::wire::order_dto::PaymentDto;

use super::answer::answer;
use super::arrival::Arrived;
use super::error::ApiError;
use super::idempotency_key::{fingerprint, idempotency_key};
use super::place_order::check_payment;
use super::routes::Shop;
use crate::domain::order::Idempotency;

/// Pays the order. A wrong amount charges nothing and leaves the order as it is, as does a gateway that is away; a declined payment
/// rejects it.
///
/// # Errors
/// Those of `ApiError`.
pub async fn pay_order(
    arrived: Arrived,
    request: HttpRequest,
    path: web::Path<String>,
    body: web::Json<PaymentDto>,
    shop: web::Data<Shop>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency_key(request.headers())?;
    let payment = body.into_inner();
    check_payment(&payment)?;
    let number: OrderNumber = path.parse().map_err(|_| ApiError::NotFound("order"))?;
    let idempotency = key.map(|key| Idempotency {
        key,
        fingerprint: fingerprint(&payment),
    });
    let arrival = arrived.to("POST /open-api/order/{orderNum}/payment");
    let paying = shop.purchases.pay(number, payment, idempotency, arrival)?;
    answer(paying).await
}
