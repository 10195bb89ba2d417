//! A purchase's outcome → the HTTP answer.

use actix_web::HttpResponse;
use actix_web::http::header::{LOCATION, RETRY_AFTER};
use shared::order_number::OrderNumber;
use shared::wire::order_dto::OrderDto;
use tokio::sync::oneshot;

use super::error::ApiError;
use crate::domain::purchase::Outcome;

/// Waits for the outcome, and answers it.
pub(super) async fn answer(
    outcome_rx: oneshot::Receiver<Outcome>,
) -> Result<HttpResponse, ApiError> {
    match outcome_rx.await {
        Ok(Outcome::Pending(order) | Outcome::Complete(order)) => Ok(placed(order)),
        Ok(Outcome::Late(number)) => Ok(accepted(number)),
        Ok(Outcome::Refused {
            number,
            reason,
            detail,
        }) => Err(ApiError::Refused {
            number: Some(number),
            reason,
            detail,
        }),
        Ok(Outcome::Unavailable) => Err(ApiError::BusUnavailable),
        Ok(Outcome::Failed(number)) => Err(ApiError::OrderFailed(number)),
        Err(_) => Err(ApiError::Stopping),
    }
}

/// 200 with the order, and where to find it.
pub(super) fn placed(order: OrderDto) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    if let Some(number) = &order.order_num {
        response.insert_header((LOCATION, location(number)));
    }
    response.json(public(order))
}

/// 202: the order will be found there.
fn accepted(number: OrderNumber) -> HttpResponse {
    HttpResponse::Accepted()
        .insert_header((LOCATION, location(&number)))
        .insert_header((RETRY_AFTER, "1"))
        .json(OrderDto {
            order_num: Some(number),
            ..OrderDto::default()
        })
}

/// The order without what is between the services: who holds an order number need not know how it was paid.
pub(super) fn public(order: OrderDto) -> OrderDto {
    OrderDto {
        payment: None,
        request_id: None,
        ..order
    }
}

fn location(number: &OrderNumber) -> String {
    format!("/open-api/order/{number}")
}
