//! When a request came, and in which trace. As a handler's first argument it is extracted before the body is read, so the time that the
//! body takes counts.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::time::Instant;

use actix_web::dev::Payload;
use actix_web::http::header::HeaderMap;
use actix_web::{FromRequest, HttpRequest};
use shared::trace::Arrival;
use shared::trace::context::{TRACEPARENT, TraceContext};

use crate::steps;

/// When and in which trace a request arrived.
pub struct Arrived {
    at: Instant,
    caller: Option<TraceContext>,
}

impl Arrived {
    /// The beginning of the work `name` that the request asks for.
    pub(super) fn to(self, name: &'static str) -> Arrival {
        Arrival {
            name,
            step: steps::RECEIVED,
            at: self.at,
            caller: self.caller,
            record: None,
        }
    }
}

impl FromRequest for Arrived {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self {
            at: Instant::now(),
            caller: caller(request.headers()),
        }))
    }
}

/// Several headers are as good as none: the standard forbids them, and there is no telling which is right.
fn caller(headers: &HeaderMap) -> Option<TraceContext> {
    let mut all = headers.get_all(TRACEPARENT);
    let only = all.next().filter(|_| all.next().is_none())?;
    TraceContext::parse(only.as_bytes())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    const VALUE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn told(values: &[&str]) -> Option<TraceContext> {
        let request = values.iter().fold(TestRequest::post(), |request, value| {
            request.append_header((TRACEPARENT, *value))
        });
        caller(request.to_http_request().headers())
    }

    #[test]
    fn a_single_valid_traceparent_is_the_callers_and_all_else_is_ignored() {
        assert_eq!(told(&[VALUE]), TraceContext::parse(VALUE.as_bytes()));
        assert!(told(&[VALUE]).is_some());
        for values in [&[][..], &[VALUE, VALUE], &["", VALUE], &["nonsense"]] {
            assert_eq!(told(values), None, "{values:?}");
        }
    }
}
