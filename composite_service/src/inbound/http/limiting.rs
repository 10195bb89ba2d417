//! Refuses requests beyond the limits, and tells every client where it stands.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, web};
use shared::http::RATE_LIMIT;

use super::error::ApiError;
use super::shop::Shop;
use crate::domain::access::Caller;
use crate::domain::rate_limit::{Standing, limits, policies};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Where a request's client stands with each limit, until the answer tells it.
#[derive(Default)]
struct Standings(Vec<Standing>);

/// Middleware: refuses requests from an address that has sent too many, before anything of them is read, and writes the answers' headers. To
/// `OPTIONS` nothing is counted: it costs nothing, and tells nothing of the shop.
///
/// # Errors
/// Those of the inner service that can't be answered at all.
pub(super) async fn limit_by_address<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let limits = shop(request.request()).map(|shop| &shop.request_limits);
    let limits = limits.filter(|limits| limits.is_on() && request.method() != Method::OPTIONS);
    let Some(limits) = limits else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let by_address = limits.of_client(request.request());
    let mut answer = match counted(request.request(), by_address) {
        Ok(()) => next.call(request).await?.map_into_boxed_body(),
        // An answer, and not an error: the middleware around this one renders answers only.
        Err(error) => request.error_response(error),
    };
    tell(&mut answer);
    Ok(answer)
}

/// Refuses the request when its member has sent too many requests.
pub(super) fn limit_by_member(request: &HttpRequest, caller: &Caller) -> Result<(), ApiError> {
    let (Some(shop), Some(member)) = (shop(request), caller.member()) else {
        return Ok(());
    };
    counted(request, shop.request_limits.of_member(member))
}

fn shop(request: &HttpRequest) -> Option<&web::Data<Shop>> {
    request.app_data::<web::Data<Shop>>()
}

fn counted(
    request: &HttpRequest,
    counted: Option<Result<Standing, Standing>>,
) -> Result<(), ApiError> {
    let Some(counted) = counted else {
        return Ok(());
    };
    let (Ok(standing) | Err(standing)) = counted;
    let mut extensions = request.extensions_mut();
    if let Some(Standings(all)) = extensions.get_mut() {
        all.push(standing);
    } else {
        extensions.insert(Standings(vec![standing]));
    }
    counted.map(|_| ()).map_err(ApiError::TooManyRequests)
}

fn tell(answer: &mut ServiceResponse<BoxBody>) {
    let Some(Standings(all)) = answer.request().extensions_mut().remove() else {
        return;
    };
    let headers = answer.headers_mut();
    for (name, value) in [(POLICY, policies(&all)), (RATE_LIMIT, limits(&all))] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
}
