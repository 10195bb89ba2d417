//! Starts a service's HTTP server: its size, the time that bodies have, and the one body of its errors. Knows no route.

use std::net::SocketAddr;
use std::time::Duration;

use actix_web::dev::{ServerHandle, Service};
use actix_web::http::ConnectionType;
use actix_web::middleware::from_fn;
use actix_web::{App, web};
use tokio::sync::watch;

use super::body_deadline::limit_body_time;
use super::listener::{self, Size};
use super::measured::HttpMetrics;
use super::render_problems;

const SIZE: Size = Size {
    workers: 2,
    max_connections: 4_096,
    backlog: 1_024,
};

/// Serves what `configure` sets up. Told to stop, the server answers the requests in hand, for at most `grace`. Once `stopping` is
/// true each answer is the last one of its connection, so that nobody keeps one that is about to go.
///
/// # Errors
/// When the address can't be listened on.
pub fn start<C>(
    address: SocketAddr,
    grace: Duration,
    stopping: watch::Receiver<bool>,
    metrics: HttpMetrics,
    configure: C,
) -> std::io::Result<ServerHandle>
where
    C: Fn(&mut web::ServiceConfig) + Clone + Send + 'static,
{
    let server = listener::serve(address, &SIZE, grace, move || {
        let stopping = stopping.clone();
        let metrics = metrics.clone();
        App::new()
            .configure(configure.clone())
            .wrap(from_fn(render_problems))
            .wrap(from_fn(move |request, next| {
                metrics.clone().measure(request, next)
            }))
            .wrap(from_fn(limit_body_time))
            .wrap_fn(move |request, service| {
                let stopping = stopping.clone();
                let answer = service.call(request);
                async move {
                    let mut answer = answer.await?;
                    if *stopping.borrow() {
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
