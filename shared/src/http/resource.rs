//! What every path does: it answers `HEAD` like `GET` but without the body, tells its methods to `OPTIONS`, and refuses all others. Knows
//! no route.

use actix_web::http::Method;
use actix_web::http::StatusCode;
use actix_web::http::header::ALLOW;
use actix_web::{HttpResponse, Resource, Route, guard, web};

use super::Problem;
use crate::wire::error_body::ResponseCode;

/// The methods of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Methods {
    /// It can be read.
    Get,
    /// It can be sent to.
    Post,
    /// Both.
    GetAndPost,
}

impl Methods {
    /// As `Allow` has them.
    #[must_use]
    pub fn allow(self) -> &'static str {
        match self {
            Self::Get => "GET, HEAD, OPTIONS",
            Self::Post => "POST, OPTIONS",
            Self::GetAndPost => "GET, HEAD, POST, OPTIONS",
        }
    }
}

/// A resource with `methods`, to which their routes are yet to be added.
#[must_use]
pub fn resource(paths: [&'static str; 2], methods: Methods) -> Resource {
    web::resource(paths)
        .route(web::method(Method::OPTIONS).to(move || options(methods)))
        .default_service(web::to(move || method_not_allowed(methods)))
}

/// A route for `GET` and `HEAD`. actix leaves out the body in answers to `HEAD`, and says its length.
#[must_use]
pub fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

async fn options(methods: Methods) -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((ALLOW, methods.allow()))
        .finish()
}

/// 405 with `Allow`.
async fn method_not_allowed(methods: Methods) -> Result<HttpResponse, Problem> {
    let allow = methods.allow();
    let problem = Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        ResponseCode::InvalidRequest,
        "METHOD_NOT_ALLOWED",
        format!("this path has {allow} only"),
    );
    Err(problem.hint(ALLOW, allow))
}
