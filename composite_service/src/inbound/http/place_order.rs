//! `POST /open-api/order`.

use actix_web::{HttpRequest, HttpResponse, web};
use shared::ids::IdSource;
use shared::member_id::MemberId;
use shared::reason::Reason;
use shared::wire::order_dto::{CreateOrderDto, OrderLineDto, PaymentDto};

use super::answer::answer;
use super::arrival::Arrived;
use super::error::ApiError;
use super::idempotency_key::{fingerprint, idempotency_key};
use super::member::member_of;
use super::routes::Shop;
use crate::domain::order::{Basket, Idempotency};
use crate::ports::payment::{MAX_PAYMENT_KEY, is_payment_key};

/// The most lines of an order.
const MAX_LINES: usize = 100;

/// Places an order, and pays it where the request has a payment.
///
/// # Errors
/// Those of `ApiError`; a refused purchase names its order number.
pub async fn place_order(
    arrived: Arrived,
    request: HttpRequest,
    body: web::Json<CreateOrderDto>,
    shop: web::Data<Shop>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency_key(request.headers())?;
    let member = member_of(request.headers())?;
    let basket = basket(body.into_inner(), member, key, &*shop.ids)?;
    let arrival = arrived.to("POST /open-api/order");
    answer(shop.purchases.place(basket, arrival)?).await
}

fn basket(
    request: CreateOrderDto,
    member: Option<MemberId>,
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
    let wishes = (&lines, request.coupon_id, &request.payment);
    let idempotency = key.map(|key| Idempotency {
        key,
        // Another member's is another request. Without a member it is what composites that know none make of it.
        fingerprint: match &member {
            Some(member) => fingerprint(&(wishes, member)),
            None => fingerprint(&wishes),
        },
    });
    Ok(Basket {
        request_id: ids.unique().simple().to_string(),
        member,
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

/// A payment key that the gateway could have made.
pub(super) fn check_payment(payment: &PaymentDto) -> Result<(), ApiError> {
    if is_payment_key(&payment.payment_key) {
        return Ok(());
    }
    let detail = format!(
        "a payment key has 1 to {MAX_PAYMENT_KEY} characters, no control characters, and is not . or .."
    );
    Err(ApiError::Invalid("INVALID_PAYMENT_KEY", detail))
}
