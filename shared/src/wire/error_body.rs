//! The one error body: the members of RFC 9457 (problem details) and those of the Spring services, `code` and `msg`.

use serde::{Deserialize, Serialize};

use crate::order_number::OrderNumber;

/// The Spring services' response codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseCode {
    /// The request failed.
    Fail,
    /// Nothing was found.
    NotFound,
    /// The request is not acceptable.
    InvalidRequest,
}

impl ResponseCode {
    /// The number in `code`.
    #[must_use]
    pub fn code(self) -> i32 {
        match self {
            Self::Fail => -701,
            Self::NotFound => -704,
            Self::InvalidRequest => -705,
        }
    }

    /// The text in `msg`, word for word as the Spring services have it.
    #[must_use]
    pub fn msg(self) -> &'static str {
        match self {
            Self::Fail => "해당 요청에 실패하였습니다",
            Self::NotFound => "해당건이 없습니다.",
            Self::InvalidRequest => "권한이 없습니다.",
        }
    }
}

/// The body of every answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody {
    /// Always `about:blank`: the status and `reason` say what the problem is (RFC 9457, 4.2.1).
    #[serde(rename = "type")]
    pub type_uri: String,
    /// The status' own phrase.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What was wrong with this request, for a person.
    pub detail: String,
    /// The request's path.
    pub instance: String,
    /// The Spring services' code.
    pub code: i32,
    /// The Spring services' text.
    pub msg: String,
    /// What was wrong, for a machine.
    pub reason: String,
    /// The order that was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_num: Option<OrderNumber>,
}
