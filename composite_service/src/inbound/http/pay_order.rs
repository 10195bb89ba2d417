//! `POST /open-api/order/{orderNum}/payment`: pays a pending order.

use actix_web::{HttpRequest, HttpResponse, web};
use shared::http::json_body::JsonBody;
use shared::order_number::OrderNumber;
use shared::wire::order_dto::PaymentDto;

use super::answer::answer;
use super::arrival::Arrived;
use super::error::ApiError;
use super::idempotency_key::{fingerprint_of, idempotency_key};
use super::order_request::PaymentRequest;
use super::place_order::asked_payment;
use super::shop::Shop;
use crate::domain::order::Idempotency;

/// Pays the order. A wrong amount or a gateway that is away charges nothing and leaves the order as it is; a declined payment rejects the
/// order.
///
/// # Errors
/// Those of `ApiError`.
pub async fn pay_order(
    arrived: Arrived,
    request: HttpRequest,
    path: web::Path<String>,
    JsonBody(body): JsonBody<PaymentRequest>,
    shop: web::Data<Shop>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency_key(request.headers())?;
    let body = PaymentDto::from(body);
    let idempotency = key.map(|key| Idempotency {
        key,
        fingerprint: fingerprint_of(&body),
    });
    let payment = asked_payment(body, "paymentKey")?;
    let number: OrderNumber = path.parse().map_err(|_| ApiError::NotFound("order"))?;
    let arrival = arrived.to("POST /open-api/order/{orderNum}/payment");
    let paying = shop.purchases.pay(number, payment, idempotency, arrival)?;
    answer(&request, paying).await
}
