//! The HTTP surface: routes and server. It must not decide about payments.

mod payments;
mod ledger;
mod faults;
mod auth;
mod connection;
mod error;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use actix_web::{
    App, HttpResponse, HttpServer, Resource, Route, dev::Server, http::Method, middleware::from_fn,
    web,
};
use secrecy::SecretString;

use self::{auth::Credentials, error::ApiError};
use crate::gateway::Gateway;

const WORKERS: usize = 2;
const BODY_LIMIT: usize = 64 * 1024;
/// Longer than clients keep idle connections, so that it is they who close them.
const KEEP_ALIVE: Duration = Duration::from_secs(120);
const SHUTDOWN_SECONDS: u64 = 5;

/// Binds the address; the server runs when it is awaited. It stops gracefully on SIGTERM and SIGINT.
pub fn serve(
    gateway: Arc<Gateway>,
    secret_key: &SecretString,
    listen: &str,
) -> io::Result<(Server, SocketAddr)> {
    let gateway = web::Data::from(gateway);
    let credentials = web::Data::new(Credentials::new(secret_key));
    let app = move || {
        App::new()
            .app_data(gateway.clone())
            .app_data(credentials.clone())
            .configure(routes)
    };
    let server = HttpServer::new(app)
        .on_connect(connection::remember)
        .workers(WORKERS)
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .bind(listen)?;
    let address = server
        .addrs()
        .first()
        .copied()
        .ok_or(io::ErrorKind::AddrNotAvailable)?;
    Ok((server.run(), address))
}

fn routes(config: &mut web::ServiceConfig) {
    let api = web::scope("/v1/payments")
        .wrap(from_fn(auth::authenticate))
        .service(resource("/confirm", [web::post().to(payments::confirm)]))
        .service(resource(
            "/orders/{orderId}",
            [web::get().to(payments::by_order)],
        ))
        .service(resource("/{paymentKey}", [web::get().to(payments::by_key)]))
        .service(resource(
            "/{paymentKey}/cancel",
            [web::post().to(payments::cancel)],
        ));
    let faults = [
        web::get().to(faults::show),
        web::put().to(faults::replace),
        web::delete().to(faults::clear),
    ];
    config
        .app_data(json())
        .app_data(web::QueryConfig::default().error_handler(error::from_query))
        .service(api)
        .service(resource("/ledger", [web::get().to(ledger::show)]))
        .service(resource(
            "/ledger/{orderId}",
            [web::get().to(ledger::show_order)],
        ))
        .service(
            resource("/faults", faults)
                .app_data(json().content_type_required(false).content_type(|_| true)),
        )
        .service(resource("/livez", [web::get().to(livez)]))
        .default_service(web::to(unknown_path));
}

fn json() -> web::JsonConfig {
    web::JsonConfig::default()
        .limit(BODY_LIMIT)
        .error_handler(error::from_json)
}

fn resource(path: &str, routes: impl IntoIterator<Item = Route>) -> Resource {
    let resource = web::resource(path).default_service(web::to(wrong_method));
    routes.into_iter().fold(resource, Resource::route)
}

async fn livez() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": "UP" }))
}

async fn unknown_path() -> Result<HttpResponse, ApiError> {
    Err(ApiError::UnknownPath)
}

async fn wrong_method(method: Method) -> Result<HttpResponse, ApiError> {
    Err(ApiError::WrongMethod(method))
}
