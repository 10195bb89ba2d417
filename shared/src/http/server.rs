//! Starts a service's HTTP server: its size, its limits for clients, and the one body of its errors. Knows no route.

use std::net::SocketAddr;
use std::time::Duration;

use actix_web::dev::{ServerHandle, Service};
use actix_web::http::ConnectionType;
use actix_web::middleware::{Condition, from_fn};
use actix_web::{App, web};
use tokio::sync::watch;

use super::body_deadline::limit_body_time;
use super::client_limits::ClientLimits;
use super::compression::compress_large;
use super::cors::Origins;
use super::listener::{self, Size};
use super::measured::HttpMetrics;
use super::port_token::PortToken;
use super::render_problems;

/// Two threads are enough: handlers never block, and most of a request's work is done by actors elsewhere.
const SIZE: Size = Size {
    workers: 2,
    max_connections: 4_096,
    backlog: 1_024,
};

/// Where and how a server serves.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// What it listens on.
    pub address: SocketAddr,
    /// How long it goes on with the requests that it is answering when it is told to stop.
    pub grace: Duration,
    /// How long it waits for clients.
    pub limits: ClientLimits,
    /// The web pages that may use it.
    pub origins: Origins,
    /// What its clients must have.
    pub token: PortToken,
}

/// Serves what `configure` sets up. Once `stopping` is true, each answer closes its connection, so that no client sends its next request
/// to a process that is about to end. So does an answer to a client that offers to go on with another protocol: actix would close the
/// connection as well, but without saying so, and the client's next request would be lost.
///
/// # Errors
/// When the address can't be listened on.
pub fn start<C>(
    settings: ServerSettings,
    stopping: watch::Receiver<bool>,
    metrics: HttpMetrics,
    configure: C,
) -> std::io::Result<ServerHandle>
where
    C: Fn(&mut web::ServiceConfig) + Clone + Send + 'static,
{
    let ServerSettings {
        address,
        grace,
        limits,
        origins,
        token,
    } = settings;
    let server = listener::serve(address, &SIZE, limits, grace, move || {
        let stopping = stopping.clone();
        let metrics = metrics.clone();
        let token = token.clone();
        // The last one is the outermost: bodies are limited before anything reads them, and metrics see the rendered status.
        App::new()
            .configure(configure.clone())
            .wrap(from_fn(move |request, next| {
                token.clone().demand(request, next)
            }))
            .wrap(from_fn(render_problems))
            .wrap(from_fn(compress_large))
            .wrap(Condition::new(origins.any(), origins.middleware()))
            // For what CORS refuses.
            .wrap(from_fn(render_problems))
            .wrap(from_fn(move |request, next| {
                metrics.clone().measure(request, next)
            }))
            .wrap(from_fn(move |request, next| {
                limit_body_time(limits.read_body, request, next)
            }))
            .wrap_fn(move |request, service| {
                let stopping = stopping.clone();
                let is_upgrade = request.head().connection_type() == ConnectionType::Upgrade;
                let answer = service.call(request);
                async move {
                    let mut answer = answer.await?;
                    if is_upgrade || *stopping.borrow() {
                        let head = answer.response_mut().head_mut();
                        head.set_connection_type(ConnectionType::Close);
                    }
                    Ok(answer)
                }
            })
    })?;
    log::info!("listening on http://{address}");
    let handle = server.handle();
    actix_web::rt::spawn(async move {
        if let Err(error) = server.await {
            log::error!("the HTTP server failed: {error}");
        }
    });
    Ok(handle)
}
