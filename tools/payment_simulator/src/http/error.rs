//! What a caller is told when there is no payment to show: Toss's statuses and codes. It must not decide anything.

use actix_web::{
    Error, HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError,
    error::{JsonPayloadError, QueryPayloadError},
    http::{Method, StatusCode, header},
};
use serde_json::json;

use crate::{
    domain::refusal::{Conflict, Refusal},
    gateway::Failure,
};

/// A request that gets an error for an answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error(transparent)]
    Failure(#[from] Failure),
    #[error("the secret key is missing or wrong")]
    Unauthorized,
    #[error("{0}")]
    InvalidRequest(String),
    #[error("an idempotency key has 1 to 300 visible characters")]
    InvalidIdempotencyKey,
    #[error("the request body is too large")]
    TooLarge,
    #[error("there is no such path")]
    UnknownPath,
    #[error("the method {0} is not allowed here")]
    WrongMethod(Method),
}

impl ApiError {
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Failure(failure) => of_failure(failure),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "UNAUTHORIZED_KEY"),
            Self::InvalidRequest(_) => (StatusCode::BAD_REQUEST, "INVALID_REQUEST"),
            Self::InvalidIdempotencyKey => (StatusCode::BAD_REQUEST, "INVALID_IDEMPOTENCY_KEY"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE"),
            Self::UnknownPath => (StatusCode::NOT_FOUND, "NOT_FOUND"),
            Self::WrongMethod(_) => (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED"),
        }
    }
}

fn of_failure(failure: &Failure) -> (StatusCode, &'static str) {
    match failure {
        Failure::Refused(refusal) => of_refusal(*refusal),
        Failure::Conflict(Conflict::KeyReused) => {
            (StatusCode::UNPROCESSABLE_ENTITY, "INVALID_IDEMPOTENCY_KEY")
        }
        Failure::Conflict(Conflict::StillProcessing) => {
            (StatusCode::CONFLICT, "IDEMPOTENT_REQUEST_PROCESSING")
        }
        Failure::Simulated
        | Failure::NoAnswer
        | Failure::Journal(_)
        | Failure::Inconsistent(_)
        | Failure::Aborted(_) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "FAILED_INTERNAL_SYSTEM_PROCESSING",
        ),
    }
}

fn of_refusal(refusal: Refusal) -> (StatusCode, &'static str) {
    match refusal {
        Refusal::AlreadyProcessedPayment => (StatusCode::BAD_REQUEST, "ALREADY_PROCESSED_PAYMENT"),
        Refusal::AlreadyCanceledPayment => (StatusCode::BAD_REQUEST, "ALREADY_CANCELED_PAYMENT"),
        Refusal::RejectCardCompany => (StatusCode::FORBIDDEN, "REJECT_CARD_COMPANY"),
        Refusal::NotFoundPayment => (StatusCode::NOT_FOUND, "NOT_FOUND_PAYMENT"),
        Refusal::NotCancelableAmount => (StatusCode::FORBIDDEN, "NOT_CANCELABLE_AMOUNT"),
        Refusal::NotCancelablePayment => (StatusCode::FORBIDDEN, "NOT_CANCELABLE_PAYMENT"),
        Refusal::ProviderError => (StatusCode::BAD_REQUEST, "PROVIDER_ERROR"),
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status_and_code().0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, code) = self.status_and_code();
        let mut response = HttpResponseBuilder::new(status);
        if status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Basic"));
        }
        response.json(json!({ "code": code, "message": self.to_string() }))
    }
}

/// The body could not be read.
pub(super) fn from_json(error: JsonPayloadError, _: &HttpRequest) -> Error {
    match error {
        JsonPayloadError::Overflow { .. } | JsonPayloadError::OverflowKnownLength { .. } => {
            ApiError::TooLarge.into()
        }
        JsonPayloadError::ContentType => {
            ApiError::InvalidRequest("the content type must be application/json".to_owned()).into()
        }
        JsonPayloadError::Deserialize(error) => ApiError::InvalidRequest(error.to_string()).into(),
        error => ApiError::InvalidRequest(error.to_string()).into(),
    }
}

/// The query could not be read.
pub(super) fn from_query(error: QueryPayloadError, _: &HttpRequest) -> Error {
    ApiError::InvalidRequest(error.to_string()).into()
}
