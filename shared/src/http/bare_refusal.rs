//! actix answers what it can't read as a request by itself, without a body: no handler and no middleware ever sees it. This gives such an
//! answer the body of all errors. Pure.

use super::Problem;
use crate::wire::error_body::ResponseCode;
use actix_web::http::StatusCode;

const END_OF_HEAD: &[u8] = b"\r\n\r\n";
const NO_BODY: &[u8] = b"\r\ncontent-length: 0\r\n";

/// The answer with a body that is to be sent instead of `written`, if that is one of actix' own refusals.
pub(super) fn with_body(written: &[u8]) -> Option<Vec<u8>> {
    let problem = if written.starts_with(b"HTTP/1.1 400 ") {
        Problem::new(
            StatusCode::BAD_REQUEST,
            ResponseCode::InvalidRequest,
            "MALFORMED_REQUEST",
            "the request is not valid HTTP; in its address, all but ASCII must be percent-encoded",
        )
    } else if written.starts_with(b"HTTP/1.1 431 ") {
        Problem::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            ResponseCode::InvalidRequest,
            "HEAD_TOO_LARGE",
            "a request has at most 96 headers, and 128 KiB of them",
        )
    } else {
        return None;
    };
    let is_bare = written.ends_with(END_OF_HEAD)
        && written.windows(NO_BODY.len()).any(|bytes| bytes == NO_BODY);
    is_bare.then(|| answer(&problem))
}

fn answer(problem: &Problem) -> Vec<u8> {
    let body = serde_json::to_string(&problem.body_at("")).unwrap_or_default();
    let (status, length) = (problem.status, body.len());
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_refusal_without_a_body_gets_one() {
        for (status, reason) in [
            ("400 Bad Request", "MALFORMED_REQUEST"),
            ("431 Request Header Fields Too Large", "HEAD_TOO_LARGE"),
        ] {
            let bare = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\ndate: now\r\n\r\n");
            let answer = String::from_utf8(with_body(bare.as_bytes()).unwrap()).unwrap();
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert!(
                head.starts_with(&format!("HTTP/1.1 {status}\r\n")),
                "{head}"
            );
            assert!(head.contains(&format!("content-length: {}\r\n", body.len())));
            let body: Value = serde_json::from_str(body).unwrap();
            assert_eq!(body["reason"], reason);
        }
    }

    #[test]
    fn all_else_is_sent_as_it_is() {
        for written in [
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 17\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n",
            "",
        ] {
            assert_eq!(with_body(written.as_bytes()), None, "{written}");
        }
    }
}
