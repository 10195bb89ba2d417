//! A purchase's outcome → the HTTP answer.

use actix_web::HttpResponse;
use actix_web::http::header::{HeaderValue, LOCATION, RETRY_AFTER};
use shared::http::IDEMPOTENT_REPLAYED;
use shared::order_number::OrderNumber;
use shared::wire::order_dto::OrderDto;
use tokio::sync::oneshot;

use super::error::{ApiError, RETRY_SOON};
use super::order_body::OrderBody;
use crate::domain::purchase::Outcome;

/// Waits for the outcome and answers it. The sender is gone without one only when this instance is going down.
pub(super) async fn answer(
    outcome_rx: oneshot::Receiver<Outcome>,
) -> Result<HttpResponse, ApiError> {
    match outcome_rx.await {
        Ok(outcome) => answered(outcome),
        Err(_) => Err(ApiError::Stopping),
    }
}

fn answered(outcome: Outcome) -> Result<HttpResponse, ApiError> {
    match outcome {
        Outcome::Pending(order) | Outcome::Complete(order) => Ok(placed(order)),
        Outcome::Late(number) => Ok(accepted(number)),
        Outcome::Refused {
            number,
            reason,
            detail,
        } => Err(ApiError::Refused {
            number: Some(number),
            reason,
            detail,
        }),
        Outcome::StillRunning => Err(ApiError::StillRunning),
        Outcome::Unavailable => Err(ApiError::BusUnavailable),
        Outcome::NotSupported { number, what } => Err(ApiError::NotSupported(number, what)),
        Outcome::Failed(number) => Err(ApiError::OrderFailed(number)),
        Outcome::Replayed(outcome) => replayed(*outcome),
    }
}

/// The answer of the earlier request, marked as such.
fn replayed(outcome: Outcome) -> Result<HttpResponse, ApiError> {
    let mut response = answered(outcome).map_err(|error| ApiError::Replayed(Box::new(error)))?;
    response
        .headers_mut()
        .insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

/// 200 with the order, and where to find it.
fn placed(order: OrderDto) -> HttpResponse {
    let body = OrderBody::from(order);
    let mut response = HttpResponse::Ok();
    if let Some(number) = body.number() {
        response.insert_header((LOCATION, location(number)));
    }
    response.json(body)
}

/// 202: the purchase goes on, and the order will be found at its location.
fn accepted(number: OrderNumber) -> HttpResponse {
    HttpResponse::Accepted()
        .insert_header((LOCATION, location(&number)))
        .insert_header((RETRY_AFTER, RETRY_SOON.to_string()))
        .json(OrderBody::numbered(number))
}

fn location(number: &OrderNumber) -> String {
    format!("/open-api/order/{number}")
}
