//! A purchase's outcome → the HTTP answer.

use actix_web::http::header::{HeaderValue, LOCATION, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use shared::clock::Clock;
use shared::http::IDEMPOTENT_REPLAYED;
use shared::order_number::OrderNumber;
use shared::wire::order_dto::OrderDto;
use tokio::sync::oneshot;

use super::authentication::ORDER_TOKEN;
use super::error::{ApiError, RETRY_SOON};
use super::order_body::OrderBody;
use crate::domain::order_token::OrderToken;
use crate::domain::purchase::Outcome;

/// The token that the answer tells of an order, if it tells one.
type TokenFor<'a> = &'a dyn Fn(&OrderNumber) -> Option<OrderToken>;

/// Waits for the outcome and answers it. The sender is gone without one only when this instance is going down.
pub(super) async fn answer(
    request: &HttpRequest,
    outcome_rx: oneshot::Receiver<Outcome>,
    token_for: TokenFor<'_>,
    clock: &dyn Clock,
) -> Result<HttpResponse, ApiError> {
    match outcome_rx.await {
        Ok(outcome) => answered(request.path(), outcome, token_for, clock.now()),
        Err(_) => Err(ApiError::Stopping),
    }
}

fn answered(
    path: &str,
    outcome: Outcome,
    token_for: TokenFor<'_>,
    now: DateTime<Utc>,
) -> Result<HttpResponse, ApiError> {
    match outcome {
        Outcome::Pending(order) | Outcome::Complete(order) | Outcome::Cancelled(order) => {
            Ok(placed(path, order, token_for))
        }
        Outcome::Late(number) => Ok(accepted(path, number, token_for)),
        Outcome::Refused {
            number,
            reason,
            detail,
            retry_at,
        } => Err(ApiError::Refused {
            number: Some(number),
            reason,
            detail,
            retry_after: retry_at.and_then(|at| (at.to_utc() - now).to_std().ok()),
        }),
        Outcome::StillRunning => Err(ApiError::StillRunning),
        Outcome::Unavailable => Err(ApiError::BusUnavailable),
        Outcome::NotSupported { number, what } => Err(ApiError::NotSupported(number, what)),
        Outcome::Failed(number) => Err(ApiError::OrderFailed(number)),
        Outcome::Replayed(outcome) => replayed(path, *outcome, token_for, now),
    }
}

/// The answer of the earlier request, marked as such.
fn replayed(
    path: &str,
    outcome: Outcome,
    token_for: TokenFor<'_>,
    now: DateTime<Utc>,
) -> Result<HttpResponse, ApiError> {
    let mut response = answered(path, outcome, token_for, now)
        .map_err(|error| ApiError::Replayed(Box::new(error)))?;
    response
        .headers_mut()
        .insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

/// 200 with the order, and where to find it.
fn placed(path: &str, order: OrderDto, token_for: TokenFor<'_>) -> HttpResponse {
    let body = OrderBody::from(order);
    let mut response = HttpResponse::Ok();
    if let Some(number) = body.number() {
        response.insert_header((LOCATION, location(path, number)));
        if let Some(token) = token_for(number) {
            response.insert_header((ORDER_TOKEN, token.expose()));
        }
    }
    response.json(body)
}

/// 202: the purchase goes on, and the order will be found at its location.
fn accepted(path: &str, number: OrderNumber, token_for: TokenFor<'_>) -> HttpResponse {
    let token = token_for(&number);
    let told = [
        (LOCATION, Some(location(path, &number))),
        (ORDER_TOKEN, token.map(|token| token.expose().to_owned())),
    ];
    let mut response = pending(RETRY_SOON, number);
    for (name, value) in told {
        if let Some(Ok(value)) = value.as_deref().map(HeaderValue::from_str) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// 202 with an order of which only the number is known, and the seconds after which to look again.
pub(super) fn pending(look_again: u64, number: OrderNumber) -> HttpResponse {
    HttpResponse::Accepted()
        .insert_header((RETRY_AFTER, look_again.to_string()))
        .json(OrderBody::numbered(number))
}

/// The order's address, relative to that of the request, which is `path`. So it is right behind a proxy that serves the mall below a prefix,
/// and no header of a proxy, or of somebody who passes for one, has to be believed.
fn location(path: &str, number: &OrderNumber) -> String {
    let below_open_api = path.matches('/').count().saturating_sub(2);
    format!("{}order/{number}", "../".repeat(below_open_api))
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    #[test]
    fn an_order_is_found_from_wherever_it_was_asked_for_below_any_prefix() {
        let number: OrderNumber = "20261123".parse().unwrap();
        for prefix in ["", "/shop", "/a/b"] {
            for path in [
                "/open-api/order",
                "/open-api/order/",
                "/open-api/order/20261123/payment",
                "/open-api/order/20261123/payment/",
                "/open-api/order/20261123/cancel",
            ] {
                let asked = Url::parse(&format!("http://mall{prefix}{path}")).unwrap();
                let found = asked.join(&location(path, &number)).unwrap();
                let expected = format!("{prefix}/open-api/order/20261123");
                assert_eq!(found.path(), expected, "{asked}");
            }
        }
    }
}
