//! `POST /open-api/order/{orderNum}/cancel`: cancels an order, or some of its pieces.

use actix_web::{HttpRequest, HttpResponse, web};
use shared::http::json_body::JsonBody;
use shared::idempotency::{Idempotency, IdempotencyKey};
use shared::ids::IdSource;
use shared::limits::MAX_LINES;
use shared::order_number::OrderNumber;
use shared::wire::error_body::Culprit;
use shared::wire::order_dto::RefundLineDto;

use super::answer::answer;
use super::arrival::Arrived;
use super::error::ApiError;
use super::idempotency_key::{HEADER, fingerprint_of, idempotency_key};
use super::order_request::{CancelLineRequest, CancelRequest};
use super::shop::Shop;
use crate::domain::access::Caller;
use crate::domain::order::Cancellation;

/// Cancels the order, if it is the caller's: a pending one at once, a paid one by a refund of all that is left, or of the pieces that are
/// named. A refund of some pieces has an idempotency key, because its repetition would be one more refund.
///
/// # Errors
/// Those of `ApiError`.
pub(super) async fn cancel_order(
    arrived: Arrived,
    caller: Caller,
    request: HttpRequest,
    path: web::Path<String>,
    JsonBody(body): JsonBody<CancelRequest>,
    shop: web::Data<Shop>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency_key(request.headers())?;
    let key = key.map(|key| shop.authentication.scoped(&caller, key));
    let cancellation = cancellation(body, key, &*shop.ids)?;
    let number: OrderNumber = path.parse().map_err(|_| ApiError::NotFound("order"))?;
    shop.check_owner(&caller, &number).await?;
    let arrival = arrived.to("POST /open-api/order/{orderNum}/cancel");
    let cancelling = shop.purchases.cancel(number, cancellation, arrival)?;
    // Whoever cancels a guest's order has its token already.
    answer(&request, cancelling, &|_| None, &*shop.clock).await
}

fn cancellation(
    body: CancelRequest,
    key: Option<IdempotencyKey>,
    ids: &dyn IdSource,
) -> Result<Cancellation, ApiError> {
    let pieces = body.order_line_list.map(pieces).transpose()?;
    let key = match key {
        Some(key) => key,
        None if pieces.is_some() => {
            let detail = format!("a refund of some pieces needs the header {HEADER}");
            let culprit = Culprit::parameter(HEADER);
            return Err(ApiError::Invalid(
                "IDEMPOTENCY_KEY_REQUIRED",
                detail,
                culprit,
            ));
        }
        None => IdempotencyKey::recorded(format!("cancel:{}", ids.unique().simple())),
    };
    Ok(Cancellation {
        idempotency: Idempotency {
            key,
            fingerprint: fingerprint_of(&("cancel", &pieces)),
        },
        pieces,
    })
}

fn pieces(lines: Vec<CancelLineRequest>) -> Result<Vec<RefundLineDto>, ApiError> {
    let list = || Culprit::member("orderLineList");
    if lines.is_empty() {
        let detail = "name at least one line, or leave orderLineList out to cancel all".to_owned();
        return Err(ApiError::Invalid("EMPTY_ORDER", detail, list()));
    }
    if lines.len() > MAX_LINES {
        let detail = format!("an order has at most {MAX_LINES} lines");
        return Err(ApiError::Invalid("TOO_MANY_LINES", detail, list()));
    }
    lines
        .iter()
        .zip(1..)
        .map(|(line, nth)| asked(line, nth))
        .collect()
}

fn asked(line: &CancelLineRequest, nth: usize) -> Result<RefundLineDto, ApiError> {
    let wrong = |member: &str, reason, detail: &str| {
        let culprit = Culprit {
            member: Some(format!("orderLineList[{}].{member}", nth - 1)),
            line: Some(nth),
            ..Culprit::default()
        };
        ApiError::Invalid(reason, detail.to_owned(), culprit)
    };
    let order_line_id = u16::try_from(line.order_line_id).ok().filter(|id| *id > 0);
    let quantity = u32::try_from(line.quantity)
        .ok()
        .filter(|pieces| *pieces > 0);
    Ok(RefundLineDto {
        order_line_id: order_line_id
            .ok_or_else(|| wrong("orderLineId", "UNKNOWN_LINE", "the order has no such line"))?,
        quantity: quantity.ok_or_else(|| {
            wrong(
                "quantity",
                "INVALID_QUANTITY",
                "a quantity is at least one, and no more than was ordered",
            )
        })?,
    })
}
