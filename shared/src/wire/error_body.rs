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

    /// The Spring services' text for the code, for a failure that has no text of its own.
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
    /// What was wrong, for a person who reads Korean.
    pub msg: String,
    /// What was wrong, for a machine.
    pub reason: String,
    /// The order that was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_num: Option<OrderNumber>,
    /// What of the request is to blame.
    #[serde(flatten)]
    pub culprit: Culprit,
}

/// What of a request is to blame for its failure. Most failures have no culprit, or one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Culprit {
    /// A parameter of the query, or a header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// The path of a member of the body, like `orderLineList[0].item.itemId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// A line of the order, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// An item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item_id: Option<i64>,
}

impl Culprit {
    /// A parameter of the query, or a header.
    #[must_use]
    pub fn parameter(name: &str) -> Self {
        Self {
            parameter: Some(name.to_owned()),
            ..Self::default()
        }
    }

    /// A member of the body.
    #[must_use]
    pub fn member(path: &str) -> Self {
        Self {
            member: Some(path.to_owned()),
            ..Self::default()
        }
    }
}
