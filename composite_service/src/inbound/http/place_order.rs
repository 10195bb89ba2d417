//! `POST /open-api/order`.

use actix_web::{HttpRequest, HttpResponse, web};
use shared::http::json_body::JsonBody;
use shared::idempotency::IdempotencyKey;
use shared::ids::IdSource;
use shared::member_id::MemberId;
use shared::order_number::OrderNumber;
use shared::wire::error_body::Culprit;
use shared::wire::order_dto::PaymentDto;

use super::answer::answer;
use super::arrival::Arrived;
use super::error::ApiError;
use super::idempotency_key::{fingerprint_of, idempotency_key};
use super::order_request::{OrderRequest, wanted_lines};
use super::shop::Shop;
use crate::domain::access::Caller;
use crate::domain::order::{Basket, Idempotency, Payment};

/// Places an order, and pays it if the request has a payment.
///
/// # Errors
/// Those of `ApiError`; a refused purchase names its order number.
pub async fn place_order(
    arrived: Arrived,
    caller: Caller,
    request: HttpRequest,
    JsonBody(body): JsonBody<OrderRequest>,
    shop: web::Data<Shop>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency_key(request.headers())?;
    let key = key.map(|key| shop.authentication.scoped(&caller, key));
    let basket = basket(body, caller.member().cloned(), key, &*shop.ids)?;
    let arrival = arrived.to("POST /open-api/order");
    let placing = shop.purchases.place(basket, arrival)?;
    let token_for = |number: &OrderNumber| shop.authentication.token_for(&caller, number);
    answer(&request, placing, &token_for, &*shop.clock).await
}

fn basket(
    request: OrderRequest,
    member: Option<MemberId>,
    key: Option<IdempotencyKey>,
    ids: &dyn IdSource,
) -> Result<Basket, ApiError> {
    let lines = wanted_lines(request.order_line_list)?;
    let payment = request.payment.map(PaymentDto::from);
    let wishes = (&lines, request.coupon_id, &payment);
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
        payment: payment
            .map(|payment| asked_payment(payment, "payment.paymentKey"))
            .transpose()?,
        request_id: ids.unique().simple().to_string(),
        member,
        idempotency,
        lines,
        coupon_id: request.coupon_id,
    })
}

/// The payment of a request, whose key is the member `key_member`.
pub(super) fn asked_payment(dto: PaymentDto, key_member: &str) -> Result<Payment, ApiError> {
    Payment::try_from(dto).map_err(|error| {
        let culprit = Culprit::member(key_member);
        ApiError::Invalid("INVALID_PAYMENT_KEY", error.to_string(), culprit)
    })
}
