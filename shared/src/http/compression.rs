//! Compresses large answers for clients that accept it. `Compress` of actix would compress all answers, small ones too, and refuse clients
//! that accept nothing that it knows.

use actix_http::encoding::Encoder;
use actix_web::HttpMessage;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    AcceptEncoding, ContentEncoding, Encoding, HeaderName, HeaderValue, VARY,
};
use actix_web::middleware::Next;

/// From here on, in bytes, compressing saves packets.
const LARGE: u64 = 2 * 1024;

/// Of an answer that is compressed for those who accept it.
pub const VARIES: (HeaderName, HeaderValue) = (VARY, HeaderValue::from_static("accept-encoding"));

/// Whether an answer of so many bytes is compressed for those who accept it.
#[must_use]
pub fn is_large(bytes: u64) -> bool {
    bytes >= LARGE
}

/// Middleware: compresses an answer that is large, with gzip.
///
/// # Errors
/// Those of the inner service.
pub(super) async fn compress_large(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let is_wanted = accepts_gzip(&request);
    let mut response = next.call(request).await?;
    if !matches!(response.response().body().size(), BodySize::Sized(size) if is_large(size)) {
        return Ok(response);
    }
    if is_wanted {
        return Ok(response
            .map_body(|head, body| Encoder::response(ContentEncoding::Gzip, head, body).boxed()));
    }
    let (name, value) = VARIES;
    response.headers_mut().append(name, value);
    Ok(response)
}

fn accepts_gzip(request: &ServiceRequest) -> bool {
    let known = [Encoding::gzip(), Encoding::identity()];
    request
        .get_header::<AcceptEncoding>()
        .and_then(|accepted| accepted.negotiate(known.iter()))
        .is_some_and(|chosen| chosen == Encoding::gzip())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH};
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use actix_web::{App, HttpResponse, web};

    use super::*;

    /// The content's coding, what it varies by, and its size, of an answer of so many bytes.
    async fn answered(bytes: usize, accepted: Option<&str>) -> (Option<String>, bool, usize) {
        let body = move || async move { HttpResponse::Ok().body("x".repeat(bytes)) };
        let app = App::new()
            .route("/", web::get().to(body))
            .wrap(from_fn(compress_large));
        let server = init_service(app).await;
        let mut request = TestRequest::get();
        if let Some(accepted) = accepted {
            request = request.insert_header((ACCEPT_ENCODING, accepted));
        }
        let answer = call_service(&server, request.to_request()).await;
        let coding = answer.headers().get(CONTENT_ENCODING).cloned();
        let coding = coding.map(|coding| coding.to_str().unwrap().to_owned());
        assert!(!answer.headers().contains_key(CONTENT_LENGTH));
        let varies = answer.headers().contains_key(VARY);
        (coding, varies, read_body(answer).await.len())
    }

    #[actix_web::test]
    async fn a_large_answer_is_compressed_for_those_who_accept_it() {
        for accepted in ["gzip", "gzip, deflate, br", "br;q=1, gzip;q=0.5"] {
            let (coding, varies, size) = answered(100_000, Some(accepted)).await;
            assert_eq!(
                (coding.as_deref(), varies),
                (Some("gzip"), true),
                "{accepted}"
            );
            assert!(size < 1_000, "{size}");
        }
    }

    #[actix_web::test]
    async fn a_large_answer_is_left_as_it_is_for_all_others() {
        for accepted in [
            None,
            Some("br"),
            Some("identity"),
            Some("gzip;q=0"),
            Some("*"),
            Some("identity;q=0"),
        ] {
            let answer = answered(100_000, accepted).await;
            assert_eq!(answer, (None, true, 100_000), "{accepted:?}");
        }
    }

    #[actix_web::test]
    async fn a_small_answer_is_left_as_it_is() {
        assert_eq!(answered(2_047, Some("gzip")).await, (None, false, 2_047));
    }
}
