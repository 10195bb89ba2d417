//! A request's JSON body, read by [`json::read`]. `web::Json` of actix reads it by `serde_json` alone, answers in that library's words, and
//! takes a compressed body for broken JSON.

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH};
use actix_web::web::BytesMut;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::StreamExt;
use futures_util::future::{FutureExt, LocalBoxFuture};
use serde::de::DeserializeOwned;

use super::Problem;
use super::body_deadline::too_slow;
use crate::json::{self, Fault};
use crate::limits::MAX_BODY;
use crate::wire::error_body::{Culprit, ResponseCode};

/// The body as a `T`.
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest for JsonBody<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let length = announced(request);
        let payload = payload.take();
        async move { Ok(Self(read(&body(length?, payload).await?)?)) }.boxed_local()
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    json::read(body).map_err(|fault| malformed(&fault))
}

/// Whatever is wrong with a body's JSON.
fn malformed(fault: &Fault) -> Problem {
    let path = fault.path();
    let is_of_a_member = !path.is_empty();
    let detail = if is_of_a_member {
        fault.to_string()
    } else {
        format!("the body {fault}")
    };
    invalid(StatusCode::BAD_REQUEST, "MALFORMED_REQUEST", detail).because_of(Culprit {
        member: is_of_a_member.then_some(path),
        line: fault.element().map(|index| index + 1),
        ..Culprit::default()
    })
}

/// The length that the head announces, if it does, once the head says that the body can be read.
fn announced(request: &HttpRequest) -> Result<Option<usize>, Problem> {
    check_type(request)?;
    check_encoding(request)?;
    let length = request.headers().get(CONTENT_LENGTH);
    // actix has parsed it already, as a number of 64 bits.
    let length = length.and_then(|length| length.to_str().ok()?.trim().parse().ok());
    match length {
        Some(length) if length > MAX_BODY => Err(too_large()),
        length => Ok(length),
    }
}

fn check_type(request: &HttpRequest) -> Result<(), Problem> {
    let is_json = request.mime_type().ok().flatten().is_some_and(|kind| {
        kind.subtype() == "json" || kind.suffix().is_some_and(|suffix| suffix == "json")
    });
    if is_json {
        return Ok(());
    }
    let told = match request.content_type() {
        "" => "without a type".to_owned(),
        kind => format!("{kind:?}"),
    };
    Err(unsupported(format!(
        "the body must be application/json, not {told}"
    )))
}

/// A compressed body would have to be unpacked with care for its size. Orders are small.
fn check_encoding(request: &HttpRequest) -> Result<(), Problem> {
    let is_identity = |value: &str| {
        let mut codings = value.split(',').map(str::trim);
        codings.all(|coding| coding.is_empty() || coding.eq_ignore_ascii_case("identity"))
    };
    let mut values = request.headers().get_all(CONTENT_ENCODING);
    if values.all(|value| value.to_str().is_ok_and(is_identity)) {
        return Ok(());
    }
    let problem = unsupported("the body must not be compressed".to_owned());
    Err(problem
        .because_of(Culprit::parameter("Content-Encoding"))
        .hint(ACCEPT_ENCODING, "identity"))
}

/// Reads the body as far as it is announced: behind an `Upgrade` that is not taken, actix would go on reading until the connection ends.
async fn body(length: Option<usize>, mut payload: Payload) -> Result<BytesMut, Problem> {
    let mut body = BytesMut::with_capacity(length.unwrap_or_default());
    while length.is_none_or(|length| body.len() < length) {
        let Some(chunk) = payload.next().await else {
            break;
        };
        let chunk = chunk.map_err(|error| unreadable(&error))?;
        if body.len() + chunk.len() > MAX_BODY {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn unreadable(error: &PayloadError) -> Problem {
    match too_slow(error) {
        Some(too_slow) => invalid(
            StatusCode::REQUEST_TIMEOUT,
            "BODY_TOO_SLOW",
            too_slow.to_string(),
        ),
        None => invalid(
            StatusCode::BAD_REQUEST,
            "MALFORMED_REQUEST",
            "the body could not be read".to_owned(),
        ),
    }
}

fn too_large() -> Problem {
    let detail = format!("a body has at most {MAX_BODY} bytes");
    invalid(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", detail)
}

fn unsupported(detail: String) -> Problem {
    invalid(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "UNSUPPORTED_MEDIA_TYPE",
        detail,
    )
}

fn invalid(status: StatusCode, reason: &'static str, detail: String) -> Problem {
    Problem::new(status, ResponseCode::InvalidRequest, reason, detail)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::CONTENT_TYPE;
    use actix_web::test::TestRequest;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Basket {
        lines: Vec<Line>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        pieces: i64,
    }

    fn json() -> TestRequest {
        TestRequest::post().insert_header((CONTENT_TYPE, "application/json"))
    }

    async fn asked(request: TestRequest, body: &str) -> Result<Basket, Problem> {
        let (request, mut payload) = request.set_payload(body.to_owned()).to_http_parts();
        let read = JsonBody::from_request(&request, &mut payload).await;
        read.map(|JsonBody(basket)| basket)
    }

    mod a_body {
        use super::*;

        #[actix_web::test]
        async fn is_read_with_a_byte_order_mark_too() {
            let basket = asked(json(), "\u{feff}{\"lines\":[{\"pieces\":2.0}]}").await;
            let lines = vec![Line { pieces: 2 }];
            assert_eq!(basket.unwrap(), Basket { lines });
        }

        #[actix_web::test]
        async fn that_is_wrong_is_refused_with_the_member_and_the_line() {
            let body = r#"{"lines":[{"pieces":2},{"pieces":2.5}]}"#;
            let problem = asked(json(), body).await.unwrap_err();
            assert_eq!(problem.detail, "lines[1].pieces must be an integer");
            let culprit = Culprit {
                member: Some("lines[1].pieces".to_owned()),
                line: Some(2),
                ..Culprit::default()
            };
            assert_eq!(*problem.culprit, culprit);
        }

        #[actix_web::test]
        async fn that_is_not_json_is_refused_by_the_place() {
            let problem = asked(json(), "{\"lines\":").await.unwrap_err();
            assert_eq!(problem.detail, "the body is not JSON: line 1, column 9");
            assert_eq!(*problem.culprit, Culprit::default());
        }

        #[actix_web::test]
        async fn is_not_read_beyond_its_announced_length() {
            let request = json().insert_header((CONTENT_LENGTH, 12));
            let basket = asked(request, "{\"lines\":[]}and what follows").await;
            assert!(basket.is_err(), "one chunk is taken as it is");
            let request = json().insert_header((CONTENT_LENGTH, 12));
            assert!(asked(request, "{\"lines\":[]}").await.is_ok());
        }
    }

    mod a_content_coding {
        use super::*;

        async fn coded(coding: &str) -> Result<Basket, Problem> {
            let request = json().insert_header((CONTENT_ENCODING, coding));
            asked(request, "{\"lines\":[]}").await
        }

        #[actix_web::test]
        async fn is_refused_with_what_is_accepted() {
            for coding in [
                "gzip",
                "br",
                "deflate",
                "GZIP",
                "identity, gzip",
                "nonsense",
            ] {
                let problem = coded(coding).await.unwrap_err();
                assert_eq!(problem.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
                assert_eq!(
                    problem.hint.as_deref(),
                    Some(&(ACCEPT_ENCODING, "identity".into())),
                    "{coding}"
                );
            }
        }

        #[actix_web::test]
        async fn that_codes_nothing_is_ignored() {
            for coding in ["identity", "Identity", "", "identity, identity"] {
                assert!(coded(coding).await.is_ok(), "{coding}");
            }
        }
    }
}
