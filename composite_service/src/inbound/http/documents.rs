//! `GET /docs` and `GET /openapi.json`: the documents of the public API. The end-to-end tests make them; they are built into the program.

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, ContentType};

const PAGE: &str = include_str!("../../../../docs/api/index.html");
const CONTRACT: &str = include_str!("../../../../docs/api/openapi.json");
/// The page contains its script and its style, and fetches nothing.
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
