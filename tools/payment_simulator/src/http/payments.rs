//! The part of the Toss Payments API that the mall uses. It must not know of faults or files.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use super::{connection, error::ApiError};
use crate::{
    domain::{
        amount::Amount,
        payment::{Approval, Cancellation, Payment, State},
        request::{Cancel, Confirm},
    },
    gateway::{Failure, Gateway},
};

const IDEMPOTENCY_KEY_LIMIT: usize = 300;
const PAYMENT_KEY_LIMIT: usize = 200;
const ORDER_ID_LIMIT: usize = 64;
const REASON_LIMIT: usize = 200;
const KOREAN_OFFSET_SECONDS: i32 = 9 * 60 * 60;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CancelBody {
    cancel_reason: String,
    cancel_amount: Option<Amount>,
}

/// `POST /v1/payments/confirm`
pub(super) async fn confirm(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    body: web::Json<Confirm>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency_key(&request)?;
    let confirm = body.into_inner();
    check_length("paymentKey", &confirm.payment_key, PAYMENT_KEY_LIMIT)?;
    check_length("orderId", &confirm.order_id, ORDER_ID_LIMIT)?;
    match gateway.into_inner().confirm(confirm, key).await {
        Ok(payment) => Ok(show(&payment)),
        Err(Failure::NoAnswer) => Ok(connection::cut(&request)),
        Err(failure) => Err(failure.into()),
    }
}

/// `POST /v1/payments/{paymentKey}/cancel`
pub(super) async fn cancel(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    payment_key: web::Path<String>,
    body: web::Json<CancelBody>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency_key(&request)?;
    let CancelBody {
        cancel_reason,
        cancel_amount,
    } = body.into_inner();
    check_length("cancelReason", &cancel_reason, REASON_LIMIT)?;
    let cancel = Cancel {
        payment_key: payment_key.into_inner(),
        cancel_reason,
        cancel_amount,
    };
    Ok(show(&gateway.cancel(cancel, key).await?))
}

/// `GET /v1/payments/{paymentKey}`
pub(super) async fn by_key(
    gateway: web::Data<Gateway>,
    payment_key: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    Ok(show(&gateway.payment(&payment_key).await?))
}

/// `GET /v1/payments/orders/{orderId}`
pub(super) async fn by_order(
    gateway: web::Data<Gateway>,
    order_id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    Ok(show(&gateway.payment_of_order(&order_id).await?))
}

fn idempotency_key(request: &HttpRequest) -> Result<Option<String>, ApiError> {
    let Some(value) = request.headers().get("Idempotency-Key") else {
        return Ok(None);
    };
    match value.to_str() {
        Ok(key) if (1..=IDEMPOTENCY_KEY_LIMIT).contains(&key.len()) => Ok(Some(key.to_owned())),
        Ok(_) | Err(_) => Err(ApiError::InvalidIdempotencyKey),
    }
}

fn check_length(field: &str, value: &str, limit: usize) -> Result<(), ApiError> {
    if (1..=limit).contains(&value.chars().count()) {
        Ok(())
    } else {
        Err(ApiError::InvalidRequest(format!(
            "{field} must have 1 to {limit} characters"
        )))
    }
}

/// A payment as Toss shows it, without what the mall does not read.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PaymentBody<'a> {
    m_id: &'static str,
    version: &'static str,
    payment_key: &'a str,
    order_id: &'a str,
    status: &'static str,
    total_amount: Amount,
    balance_amount: Amount,
    currency: &'static str,
    method: &'static str,
    requested_at: String,
    approved_at: Option<String>,
    cancels: Option<Vec<CancelEntry<'a>>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CancelEntry<'a> {
    cancel_amount: Amount,
    cancel_reason: &'a str,
    canceled_at: String,
    transaction_key: &'a str,
    cancel_status: &'static str,
}

fn show(payment: &Payment) -> HttpResponse {
    let balance_amount = payment.balance();
    let (status, approval, cancellations) = match &payment.state {
        State::InProgress => ("IN_PROGRESS", None, None),
        State::Aborted => ("ABORTED", None, None),
        State::Done(approval) => ("DONE", Some(approval), None),
        State::Canceled(approval, all) if balance_amount == Amount::ZERO => {
            ("CANCELED", Some(approval), Some(all))
        }
        State::Canceled(approval, all) => ("PARTIAL_CANCELED", Some(approval), Some(all)),
    };
    HttpResponse::Ok().json(PaymentBody {
        m_id: "mall_simulator",
        version: "2022-11-16",
        payment_key: &payment.payment_key,
        order_id: &payment.order_id,
        status,
        total_amount: payment.amount,
        balance_amount,
        currency: "KRW",
        method: "카드",
        requested_at: korean_time(payment.requested_at),
        approved_at: approval.map(|Approval { approved_at }| korean_time(*approved_at)),
        cancels: cancellations.map(|all| all.iter().map(show_cancellation).collect()),
    })
}

fn show_cancellation(cancellation: &Cancellation) -> CancelEntry<'_> {
    CancelEntry {
        cancel_amount: cancellation.amount,
        cancel_reason: &cancellation.reason,
        canceled_at: korean_time(cancellation.canceled_at),
        transaction_key: &cancellation.transaction_key,
        cancel_status: "DONE",
    }
}

/// Toss tells times in Korea, to the second.
fn korean_time(at: DateTime<Utc>) -> String {
    match FixedOffset::east_opt(KOREAN_OFFSET_SECONDS) {
        Some(korea) => at
            .with_timezone(&korea)
            .to_rfc3339_opts(SecondsFormat::Secs, false),
        None => at.to_rfc3339_opts(SecondsFormat::Secs, false),
    }
}
