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
use crate::domain::access::Caller;
use crate::domain::order::Idempotency;

/// Pays the order, if it is the caller's. A wrong amount or a gateway that is away charges nothing and leaves the order as it is; a declined
/// payment rejects the order.
///
/// # Errors
/// Those of `ApiError`.
pub async fn pay_order(
    arrived: Arrived,
    caller: Caller,
    request: HttpRequest,
    path: web::Path<String>,
    JsonBody(body): JsonBody<PaymentRequest>,
    shop: web::Data<Shop>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency_key(request.headers())?;
    let key = key.map(|key| shop.authentication.scoped(&caller, key));
    let body = PaymentDto::from(body);
    let idempotency = key.map(|key| Idempotency {
        key,
        fingerprint: fingerprint_of(&body),
    });
    let payment = asked_payment(body, "paymentKey")?;
    let number: OrderNumber = path.parse().map_err(|_| ApiError::NotFound("order"))?;
    shop.check_owner(&caller, &number).await?;
    let arrival = arrived.to("POST /open-api/order/{orderNum}/payment");
    let paying = shop.purchases.pay(number, payment, idempotency, arrival)?;
    // Whoever pays a guest's order has its token already.
    answer(&request, paying, &|_| None, &*shop.clock).await
}
