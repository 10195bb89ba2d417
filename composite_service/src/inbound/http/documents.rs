//! `GET /docs` and `GET /openapi.json`: the documents of the public API, which its end-to-end tests have made, as a part of the program.

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, ContentType};

const PAGE: &str = include_str!("../../../../docs/api/index.html");
const CONTRACT: &str = include_str!("../../../../docs/api/openapi.json");
/// The page has its script and its style in itself, and fetches nothing.
const POLICY: &str =
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:";

/// The page.
pub async fn page() -> HttpResponse {
    HttpResponse::Ok()
        .content_type(ContentType::html())
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .body(PAGE)
}

/// The contract in OpenAPI 3.1.
pub async fn contract() -> HttpResponse {
    HttpResponse::Ok()
        .content_type(ContentType::json())
        .body(CONTRACT)
}
