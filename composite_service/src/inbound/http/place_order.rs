//! `POST /open-api/order`.

use actix_web::{HttpRequest, HttpResponse, web};
use shared::ids::IdSource;
use shared::reason::Reason;
use shared::wire::order_dto::{CreateOrderDto, OrderLineDto, PaymentDto};

use super::answer::answer;
use super::error::ApiError;
use super::idempotency_key::{fingerprint, idempotency_key};
use super::routes::Shop;
use crate::domain::order::{Basket, Idempotency};

/// The most lines of an order.
const MAX_LINES: usize = 100;
/// The longest payment key, in characters.
const MAX_PAYMENT_KEY: usize = 200;

/// Places an order, and pays it where the request has a payment.
///
/// # Errors
/// Those of `ApiError`; a refused purchase names its order number.
pub async fn place_order(
    request: HttpRequest,
    body: web::Json<CreateOrderDto>,
    shop: web::Data<Shop>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency_key(request.headers())?;
    let basket = basket(body.into_inner(), key, &*shop.ids)?;
    answer(shop.purchases.place(basket)?).await
}

fn basket(
    request: CreateOrderDto,
    key: Option<String>,
    ids: &dyn IdSource,
) -> Result<Basket, ApiError> {
    let lines = request.order_line_list;
    if lines.is_empty() {
        return Err(ApiError::Invalid(
            "EMPTY_ORDER",
            "an order has at least one line".to_owned(),
        ));
    }
    if lines.len() > MAX_LINES {
        return Err(ApiError::Invalid(
            "TOO_MANY_LINES",
            format!("an order has at most {MAX_LINES} lines"),
        ));
    }
    if lines.iter().any(|line| line.quantity < 1) {
        return Err(ApiError::Refused {
            number: None,
            reason: Reason::InvalidQuantity,
            detail: None,
        });
    }
    if let Some(payment) = &request.payment {
        check_payment(payment)?;
    }
    let lines: Vec<OrderLineDto> = lines.into_iter().map(wish).collect();
    let idempotency = key.map(|key| Idempotency {
        key,
        fingerprint: fingerprint(&(&lines, request.coupon_id, &request.payment)),
    });
    Ok(Basket {
        request_id: ids.unique().simple().to_string(),
        idempotency,
        lines,
        coupon_id: request.coupon_id,
        payment: request.payment,
    })
}

/// Only what is bought: names and prices are the database's.
fn wish(line: OrderLineDto) -> OrderLineDto {
    let item = shared::wire::order_dto::ItemDto {
        item_id: line.item.item_id,
        ..Default::default()
    };
    OrderLineDto {
        order_line_id: None,
        item,
        quantity: line.quantity,
    }
}

/// A payment key that the gateway could have made. A cancellation has it in its path, where URLs lose dot segments, tabs and line
/// ends: such a payment could be charged and never be cancelled.
pub(super) fn check_payment(payment: &PaymentDto) -> Result<(), ApiError> {
    let key = payment.payment_key.as_str();
    let is_addressable = !matches!(key, "." | "..") && !key.contains(char::is_control);
    if is_addressable && (1..=MAX_PAYMENT_KEY).contains(&key.chars().count()) {
        Ok(())
    } else {
        let detail = format!(
            "a payment key has 1 to {MAX_PAYMENT_KEY} characters, no control characters, and is not . or .."
        );
        Err(ApiError::Invalid("INVALID_PAYMENT_KEY", detail))
    }
}
