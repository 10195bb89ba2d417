//! `POST /open-api/order`.

use actix_web::{HttpRequest, HttpResponse, web};
use shared::idempotency::IdempotencyKey;
use shared::ids::IdSource;
use shared::limits::{MAX_LINES, is_quantity};
use shared::member_id::MemberId;
use shared::reason::Reason;
use shared::wire::order_dto::{CreateOrderDto, ItemDto, OrderLineDto, PaymentDto};

use super::answer::answer;
use super::arrival::Arrived;
use super::error::ApiError;
use super::idempotency_key::{fingerprint_of, idempotency_key};
use super::member::member_of;
use super::shop::Shop;
use crate::domain::order::{Basket, Idempotency, Payment};

/// Places an order, and pays it if the request has a payment.
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
    key: Option<IdempotencyKey>,
    ids: &dyn IdSource,
) -> Result<Basket, ApiError> {
    check_lines(&request.order_line_list)?;
    let lines: Vec<OrderLineDto> = request.order_line_list.into_iter().map(wish).collect();
    let wishes = (&lines, request.coupon_id, &request.payment);
    let idempotency = key.map(|key| Idempotency {
        key,
        // Another member's is another request. Without a member the fingerprint is that of composites from before there were members,
        // so that a repetition which meets a new composite is known.
        fingerprint: match &member {
            Some(member) => fingerprint_of(&(wishes, member)),
            None => fingerprint_of(&wishes),
        },
    });
    Ok(Basket {
        payment: request.payment.map(asked_payment).transpose()?,
        request_id: ids.unique().simple().to_string(),
        member,
        idempotency,
        lines,
        coupon_id: request.coupon_id,
    })
}

fn check_lines(lines: &[OrderLineDto]) -> Result<(), ApiError> {
    if lines.is_empty() {
        let detail = "an order has at least one line".to_owned();
        return Err(ApiError::Invalid("EMPTY_ORDER", detail));
    }
    if lines.len() > MAX_LINES {
        let detail = format!("an order has at most {MAX_LINES} lines");
        return Err(ApiError::Invalid("TOO_MANY_LINES", detail));
    }
    if lines.iter().any(|line| !is_quantity(line.quantity)) {
        return Err(ApiError::Refused {
            number: None,
            reason: Reason::InvalidQuantity,
            detail: None,
        });
    }
    Ok(())
}

/// Only what is bought: names and prices are the database's.
fn wish(line: OrderLineDto) -> OrderLineDto {
    let item = ItemDto {
        item_id: line.item.item_id,
        ..ItemDto::default()
    };
    OrderLineDto {
        order_line_id: None,
        item,
        quantity: line.quantity,
    }
}

/// The payment of a request.
pub(super) fn asked_payment(dto: PaymentDto) -> Result<Payment, ApiError> {
    Payment::try_from(dto)
        .map_err(|error| ApiError::Invalid("INVALID_PAYMENT_KEY", error.to_string()))
}
