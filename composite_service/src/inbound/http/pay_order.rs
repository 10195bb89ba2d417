//! `POST /open-api/order/{orderNum}/payment`: pays a pending order.

use actix_web::{HttpResponse, web};
use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::order_dto::{OrderDto, OrderStatus, PaymentDto};

use super::answer::{answer, placed};
use super::error::ApiError;
use super::place_order::check_payment;
use super::routes::Shop;

/// Pays the order. A wrong amount charges nothing and leaves the order as it is; a declined payment rejects it.
///
/// # Errors
/// Those of `ApiError`.
pub async fn pay_order(
    path: web::Path<String>,
    body: web::Json<PaymentDto>,
    shop: web::Data<Shop>,
) -> Result<HttpResponse, ApiError> {
    let payment = body.into_inner();
    check_payment(&payment)?;
    let number: OrderNumber = path.parse().map_err(|_| ApiError::NotFound("order"))?;
    let order = shop
        .query
        .order(&number)
        .await?
        .ok_or(ApiError::NotFound("order"))?;
    match order.status {
        Some(OrderStatus::Created) if order.final_price == Some(payment.amount) => {
            answer(shop.purchases.pay(number, payment)?).await
        }
        Some(OrderStatus::Complete) if order.payment.as_ref() == Some(&payment) => {
            Ok(placed(order))
        }
        _ => Err(not_payable(number, &order)),
    }
}

fn not_payable(number: OrderNumber, order: &OrderDto) -> ApiError {
    let (reason, detail) = match order.status {
        Some(OrderStatus::Complete) => (Reason::AlreadyPaid, None),
        Some(OrderStatus::Rejected) => {
            let detail = order
                .reject_reason
                .map(|reason| format!("the order was rejected before: {reason}"));
            (Reason::AlreadyRejected, detail)
        }
        Some(OrderStatus::Created) | None => (Reason::AmountMismatch, None),
    };
    ApiError::Refused {
        number: Some(number),
        reason,
        detail,
    }
}
