//! What a caller is told who gets nothing: the errors of RFC 6749. It must not decide anything.

use actix_web::{
    Error, HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError,
    error::UrlencodedError,
    http::{
        Method, StatusCode,
        header::{CACHE_CONTROL, PRAGMA},
    },
};
use serde_json::json;

use crate::{domain::refusal::Refusal, keys::KeyError};

/// A request that gets an error for an answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("the issuer failed; its log tells why")]
    Failed,
    #[error("there is no such path")]
    UnknownPath,
    #[error("the method {0} is not allowed here")]
    WrongMethod(Method),
    #[error("the request body is too large")]
    TooLarge,
}

impl ApiError {
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Refused(refusal) => (status_of(refusal), refusal.code()),
            Self::Failed => (StatusCode::INTERNAL_SERVER_ERROR, "server_error"),
            Self::UnknownPath => (StatusCode::NOT_FOUND, "invalid_request"),
            Self::WrongMethod(_) => (StatusCode::METHOD_NOT_ALLOWED, "invalid_request"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "invalid_request"),
        }
    }
}

fn status_of(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::InvalidClient => StatusCode::UNAUTHORIZED,
        Refusal::InvalidRequest(_) | Refusal::UnsupportedGrantType | Refusal::InvalidScope => {
            StatusCode::BAD_REQUEST
        }
    }
}

/// Told to the log here, and to nobody else.
impl From<KeyError> for ApiError {
    fn from(error: KeyError) -> Self {
        log::error!("{:#}", anyhow::Error::from(error));
        Self::Failed
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status_and_code().0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, code) = self.status_and_code();
        HttpResponseBuilder::new(status)
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((PRAGMA, "no-cache"))
            .json(json!({ "error": code, "error_description": self.to_string() }))
    }
}

/// The form could not be read.
pub(super) fn from_form(error: UrlencodedError, _: &HttpRequest) -> Error {
    match error {
        UrlencodedError::Overflow { .. } => ApiError::TooLarge,
        UrlencodedError::ContentType => ApiError::Refused(Refusal::InvalidRequest(
            "the content type must be application/x-www-form-urlencoded".to_owned(),
        )),
        error => ApiError::Refused(Refusal::InvalidRequest(error.to_string())),
    }
    .into()
}
