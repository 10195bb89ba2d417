//! The HTTP surface: routes and server. It must not decide who gets a token.

mod error;

use std::{io, net::TcpListener, time::Duration};

use actix_web::{
    App, HttpResponse, HttpServer, Resource, Route,
    dev::Server,
    http::{
        Method,
        header::{CACHE_CONTROL, PRAGMA},
    },
    web,
};
use serde_json::json;

use self::error::ApiError;
use crate::{
    clock,
    domain::{
        metadata::{DISCOVERY_PATH, JWKS_PATH, TOKEN_PATH},
        token_request::TokenRequest,
    },
    issuer::Issuer,
};

const WORKERS: usize = 1;
const BODY_LIMIT: usize = 16 * 1024;
/// Longer than clients keep idle connections, so that it is they who close them.
const KEEP_ALIVE: Duration = Duration::from_secs(120);
const SHUTDOWN_SECONDS: u64 = 5;

/// Serves on that socket; the server runs when it is awaited. It stops gracefully on SIGTERM and SIGINT.
///
/// # Errors
/// When the socket can't be used.
pub fn serve(issuer: Issuer, listener: TcpListener) -> io::Result<Server> {
    let issuer = web::Data::new(issuer);
    let app = move || App::new().app_data(issuer.clone()).configure(routes);
    let server = HttpServer::new(app)
        .workers(WORKERS)
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .listen(listener)?;
    Ok(server.run())
}

fn routes(config: &mut web::ServiceConfig) {
    let form = web::FormConfig::default()
        .limit(BODY_LIMIT)
        .error_handler(error::from_form);
    config
        .app_data(form)
        .service(resource(DISCOVERY_PATH, web::get().to(metadata)))
        .service(resource(JWKS_PATH, web::get().to(keys)))
        .service(resource(TOKEN_PATH, web::post().to(token)))
        .service(resource("/rotate", web::post().to(rotate)))
        .service(resource("/livez", web::get().to(livez)))
        .default_service(web::to(unknown_path));
}

fn resource(path: &str, route: Route) -> Resource {
    web::resource(path)
        .route(route)
        .default_service(web::to(wrong_method))
}

async fn metadata(issuer: web::Data<Issuer>) -> HttpResponse {
    HttpResponse::Ok().json(issuer.metadata())
}

async fn keys(issuer: web::Data<Issuer>) -> HttpResponse {
    HttpResponse::Ok().json(issuer.keys())
}

async fn token(
    issuer: web::Data<Issuer>,
    form: web::Form<Vec<(String, String)>>,
) -> Result<HttpResponse, ApiError> {
    let request = TokenRequest::read(&form)?;
    let member = request.subject.clone();
    let token = issuer.issue(request, clock::now())?;
    log::info!("a token for {member}");
    let mut body = json!({
        "access_token": token.text,
        "token_type": "Bearer",
        "expires_in": token.seconds,
    });
    if let Some(scope) = token.scope {
        body["scope"] = json!(scope);
    }
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((PRAGMA, "no-cache"))
        .json(body))
}

async fn rotate(issuer: web::Data<Issuer>) -> Result<HttpResponse, ApiError> {
    let kid = issuer.rotate()?;
    log::info!("signs by the new key {kid}");
    Ok(HttpResponse::Ok().json(json!({ "kid": kid })))
}

async fn livez() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "UP" }))
}

async fn unknown_path() -> Result<HttpResponse, ApiError> {
    Err(ApiError::UnknownPath)
}

async fn wrong_method(method: Method) -> Result<HttpResponse, ApiError> {
    Err(ApiError::WrongMethod(method))
}
