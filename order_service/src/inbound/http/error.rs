//! How failures are answered: the only file here that knows status numbers.

use actix_web::http::StatusCode;
use shared::http::Problem;
use shared::wire::error_body::{Culprit, ResponseCode};

use crate::ports::order_store::StoreError;

/// Why a read has no answer.
#[derive(Debug)]
pub enum ApiError {
    /// There is no such thing.
    NotFound(&'static str),
    /// The store failed.
    Store(StoreError),
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<ApiError> for Problem {
    /// The cause is logged here, once, and is not in the answer.
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::NotFound(what) => Self::new(
                StatusCode::NOT_FOUND,
                ResponseCode::NotFound,
                "NOT_FOUND",
                format!("there is no such {what}"),
            ),
            ApiError::Store(StoreError::Unavailable(cause) | StoreError::Held(cause)) => {
                log::warn!("a read failed: the store is unavailable: {cause}");
                unavailable()
            }
            ApiError::Store(error @ (StoreError::Corrupt(_) | StoreError::Refused(_))) => {
                log::error!("a read failed: {error}");
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    ResponseCode::Fail,
                    "INTERNAL_ERROR",
                    "the service failed",
                )
            }
        }
    }
}

/// A request of which a parameter is malformed.
pub(super) fn malformed(parameter: &str, detail: &str) -> Problem {
    malformed_request(detail).because_of(Culprit::parameter(parameter))
}

/// A request of which a member of the body is malformed.
pub(super) fn malformed_member(member: &str, detail: &str) -> Problem {
    malformed_request(detail).because_of(Culprit::member(member))
}

fn malformed_request(detail: &str) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        ResponseCode::InvalidRequest,
        "MALFORMED_REQUEST",
        detail,
    )
}

fn unavailable() -> Problem {
    let detail = "the database can't be reached";
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        ResponseCode::Fail,
        "STORE_UNAVAILABLE",
        detail,
    )
    .retry_after(1)
}

impl From<ApiError> for actix_web::Error {
    fn from(error: ApiError) -> Self {
        Problem::from(error).into()
    }
}
