//! Starts a service's HTTP server: its size, its limits and the one body of its errors. Knows no route.

use std::net::SocketAddr;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};

use super::render_problems;

const WORKERS: usize = 2;
/// Of each worker; further connections wait in the kernel.
const MAX_CONNECTIONS: usize = 4_096;
const READ_HEADERS_WAIT: Duration = Duration::from_secs(5);

/// Serves what `configure` sets up. Told to stop, the server answers the requests in hand, for at most `grace`.
///
/// # Errors
/// When the address can't be listened on.
pub fn start<C>(address: SocketAddr, grace: Duration, configure: C) -> std::io::Result<ServerHandle>
where
    C: Fn(&mut web::ServiceConfig) + Clone + Send + 'static,
{
    let server = HttpServer::new(move || {
        App::new()
            .configure(configure.clone())
            .wrap(from_fn(render_problems))
    })
    .workers(WORKERS)
    .max_connections(MAX_CONNECTIONS)
    .client_request_timeout(READ_HEADERS_WAIT)
    .disable_signals()
    .shutdown_timeout(grace.as_secs())
    .bind(address)?
    .run();
    log::info!("listening on http://{address}");
    let handle = server.handle();
    actix_web::rt::spawn(async move {
        if let Err(error) = server.await {
            log::error!("the HTTP server failed: {error}");
        }
    });
    Ok(handle)
}
