//! For answers that are the same for everybody: a client that has one already is told whether it is still right.

use actix_web::HttpMessage;
use actix_web::HttpResponse;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, ETAG, EntityTag, HeaderValue, IfNoneMatch, TryIntoHeaderValue,
};
use actix_web::middleware::Next;
use sha2::{Digest, Sha256};
use shared::hex::hex;
use shared::http::compression::{VARIES, is_large};

/// A cache keeps the answer, and asks each time whether it is still right: stock changes with every purchase.
const ASK_EACH_TIME: HeaderValue = HeaderValue::from_static("no-cache");
/// Of the hash so many bytes make a tag.
const TAG_BYTES: usize = 16;

/// Middleware: marks a success with its `ETag` and `Cache-Control`, or answers 304 to a client that has it already.
///
/// # Errors
/// Those of the inner service.
pub(super) async fn revalidate(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let known = request.get_header::<IfNoneMatch>();
    let response = next.call(request).await?;
    if response.status() != StatusCode::OK {
        return Ok(response);
    }
    let (request, response) = response.into_parts();
    let (response, body) = response.into_parts();
    let body = match body.try_into_bytes() {
        Ok(bytes) => bytes,
        Err(body) => return Ok(ServiceResponse::new(request, response.set_body(body))),
    };
    let tag = tag_of(&body);
    let mut response = if known.is_some_and(|known| is_known(&known, &tag)) {
        // RFC 9110, section 15.4.5: what 200 would have said of caches.
        let mut response = HttpResponse::NotModified();
        if u64::try_from(body.len()).is_ok_and(is_large) {
            response.append_header(VARIES);
        }
        response.finish()
    } else {
        response.set_body(BoxBody::new(body))
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, ASK_EACH_TIME);
    if let Ok(tag) = tag.try_into_value() {
        headers.insert(ETAG, tag);
    }
    Ok(ServiceResponse::new(request, response))
}

/// A weak tag: compressed or not, it is the same content.
fn tag_of(body: &[u8]) -> EntityTag {
    let hash = Sha256::digest(body);
    EntityTag::new_weak(hex(&hash[..TAG_BYTES]))
}

fn is_known(known: &IfNoneMatch, tag: &EntityTag) -> bool {
    match known {
        IfNoneMatch::Any => true,
        IfNoneMatch::Items(tags) => tags.iter().any(|known| known.weak_eq(tag)),
    }
}
