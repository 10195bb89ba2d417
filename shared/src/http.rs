//! How both services answer over HTTP: one body for errors, its content type by `Accept`, the link to the next page, and limits on what
//! they read. Which failure has which status is in each service's `inbound/http/error.rs`.

mod bare_refusal;
mod body_deadline;
pub mod client_limits;
pub mod compression;
mod connection;
pub mod cors;
pub mod health;
pub mod internal;
pub mod json_body;
mod listener;
pub mod measured;
mod messages;
pub mod port_token;
pub mod probe;
pub mod query;
pub mod resource;
pub mod server;

use std::borrow::Cow;
use std::fmt::{self, Display};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, CONTENT_TYPE, HeaderName, LINK, RETRY_AFTER};
use actix_web::middleware::Next;
use actix_web::{HttpRequest, HttpResponse, ResponseError};

use crate::order_number::OrderNumber;
use crate::wire::error_body::{Culprit, ErrorBody, ResponseCode};

/// Marks the answer to a repeated request as that of the first one.
pub const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Where a client stands with the limits on it (`draft-ietf-httpapi-ratelimit-headers-10`).
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// An error answer, before it is rendered for its request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// The Spring services' code.
    pub code: ResponseCode,
    /// What was wrong, for a machine.
    pub reason: &'static str,
    /// What was wrong, for a person.
    pub detail: String,
    /// The order that it is about.
    pub order_num: Option<OrderNumber>,
    /// Seconds after which the client may try again.
    pub retry_after: Option<u64>,
    /// Whether this is the answer to an earlier request with the same idempotency key.
    pub is_replay: bool,
    /// What of the request is to blame.
    pub culprit: Box<Culprit>,
    /// A header that says what would have been right.
    pub hint: Option<Box<(HeaderName, Cow<'static, str>)>>,
}

impl Problem {
    /// A problem with a status, a machine's reason and a person's detail.
    pub fn new(
        status: StatusCode,
        code: ResponseCode,
        reason: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code,
            reason,
            detail: detail.into(),
            order_num: None,
            retry_after: None,
            is_replay: false,
            culprit: Box::default(),
            hint: None,
        }
    }

    /// Names the order that it is about.
    #[must_use]
    pub fn about(mut self, order_num: OrderNumber) -> Self {
        self.order_num = Some(order_num);
        self
    }

    /// Says when to try again, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Marks the answer as that of an earlier request.
    #[must_use]
    pub fn replayed(mut self) -> Self {
        self.is_replay = true;
        self
    }

    /// Names what of the request is to blame.
    #[must_use]
    pub fn because_of(mut self, culprit: Culprit) -> Self {
        self.culprit = Box::new(culprit);
        self
    }

    /// Says in a header what would have been right.
    #[must_use]
    pub fn hint(mut self, name: HeaderName, value: impl Into<Cow<'static, str>>) -> Self {
        self.hint = Some(Box::new((name, value.into())));
        self
    }

    /// The body for a request of that path.
    fn body_at(&self, path: &str) -> ErrorBody {
        ErrorBody {
            type_uri: "about:blank".to_owned(),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            instance: path.to_owned(),
            code: self.code.code(),
            msg: messages::of(self.reason)
                .unwrap_or(self.code.msg())
                .to_owned(),
            reason: self.reason.to_owned(),
            order_num: self.order_num.clone(),
            culprit: (*self.culprit).clone(),
        }
    }

    fn respond(&self, request: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if let Some(seconds) = self.retry_after {
            response.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        if self.is_replay {
            response.insert_header((IDEMPOTENT_REPLAYED, "true"));
        }
        if let Some(hint) = &self.hint {
            let (name, value) = &**hint;
            response.insert_header((name.clone(), value.as_ref()));
        }
        response
            .insert_header((CONTENT_TYPE, error_content_type(request)))
            .json(self.body_at(request.path()))
    }
}

impl Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.reason, self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    /// Only the status: the body needs the request, which [`render_problems`] has.
    fn error_response(&self) -> HttpResponse<BoxBody> {
        HttpResponse::new(self.status)
    }
}

/// Middleware: gives every failed answer the one body. A failure that is not a [`Problem`] gets its status' standard phrase and never its
/// cause, which could name what is inside.
///
/// # Errors
/// Those of the inner service that can't be answered at all.
pub async fn render_problems<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    Ok(rendered(next.call(request).await?.map_into_boxed_body()))
}

fn rendered(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let problem = match response.response().error() {
        Some(error) => match error.as_error::<Problem>() {
            Some(problem) => problem.clone(),
            None => plain_problem(response.status()),
        },
        None => return response,
    };
    let (request, unrendered) = response.into_parts();
    let mut answer = problem.respond(&request);
    // What inner middleware has said of the request holds of its refusal, too. Where it stands with limits is a list.
    let own = answer.headers().clone();
    for (name, value) in unrendered.headers() {
        if *name == RATE_LIMIT || !own.contains_key(name) {
            answer.headers_mut().append(name.clone(), value.clone());
        }
    }
    ServiceResponse::new(request, answer)
}

fn plain_problem(status: StatusCode) -> Problem {
    let phrase = status.canonical_reason().unwrap_or("error");
    let (code, reason) = match status {
        StatusCode::NOT_FOUND => (ResponseCode::NotFound, "NOT_FOUND"),
        status if status.is_client_error() => (ResponseCode::InvalidRequest, "MALFORMED_REQUEST"),
        _ => (ResponseCode::Fail, "INTERNAL_ERROR"),
    };
    Problem::new(status, code, reason, phrase)
}

/// `application/problem+json` for clients that ask for it, `application/json` for all others: the Spring services' clients know only that.
fn error_content_type(request: &HttpRequest) -> &'static str {
    let wants_problem = request
        .headers()
        .get_all(ACCEPT)
        .filter_map(|value| value.to_str().ok())
        .any(|value| {
            value.split(',').any(|range| {
                range.split(';').next().is_some_and(|kind| {
                    kind.trim().eq_ignore_ascii_case("application/problem+json")
                })
            })
        });
    if wants_problem {
        "application/problem+json"
    } else {
        "application/json"
    }
}

/// The `Link` header to the next page, which has this `query`. It is relative to the page's own address, so it is right behind a proxy
/// that adds a prefix to the path.
#[must_use]
pub fn next_page(query: &str) -> (HeaderName, String) {
    (LINK, format!("<?{query}>; rel=\"next\""))
}

/// The answer to a path that does not exist.
///
/// # Errors
/// Always: 404.
pub async fn unknown_path() -> Result<HttpResponse, Problem> {
    Err(Problem::new(
        StatusCode::NOT_FOUND,
        ResponseCode::NotFound,
        "NOT_FOUND",
        "there is nothing at this path",
    ))
}
