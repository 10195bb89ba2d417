//! Starts a service's HTTP server: its size, its limits and the one body of its errors. Knows no route.

use std::any::Any;
use std::net::SocketAddr;
use std::time::Duration;

use actix_web::dev::{ServerHandle, Service};
use actix_web::http::ConnectionType;
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use actix_web::{App, HttpServer, web};
use socket2::{SockRef, TcpKeepalive};
use tokio::sync::watch;

use super::body_deadline::limit_body_time;
use super::measured::HttpMetrics;
use super::render_problems;

const WORKERS: usize = 2;
/// Of each worker; further connections wait in the kernel, at most [`BACKLOG`] of them, and beyond these are refused.
const MAX_CONNECTIONS: usize = 4_096;
const BACKLOG: u32 = 1_024;
/// Until the head of a connection's first request must be there: 408 after it. A head has 128 KiB and 96 headers at most: 431 and 400
/// beyond, which is the server's own.
const READ_HEADERS_WAIT: Duration = Duration::from_secs(5);
/// Until a connection without a request is closed.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Until a connection that is being closed is dropped, whether or not its other end takes part.
const DISCONNECT_WAIT: Duration = Duration::from_secs(2);
/// Until an end that is silently gone is noticed by the kernel, for a connection that nobody uses as for an answer that nobody takes.
const PEER_WAIT: Duration = Duration::from_secs(30);

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
    let server = HttpServer::new(move || {
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
    })
    .workers(WORKERS)
    .max_connections(MAX_CONNECTIONS)
    .backlog(BACKLOG)
    .client_request_timeout(READ_HEADERS_WAIT)
    .keep_alive(KEEP_ALIVE)
    .client_disconnect_timeout(DISCONNECT_WAIT)
    .on_connect(|connection, _| mind_the_peer(connection))
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

fn mind_the_peer(connection: &dyn Any) {
    let Some(stream) = connection.downcast_ref::<TcpStream>() else {
        return;
    };
    let socket = SockRef::from(stream);
    let alive = TcpKeepalive::new()
        .with_time(PEER_WAIT / 2)
        .with_interval(PEER_WAIT / 6);
    let minded = socket
        .set_tcp_keepalive(&alive)
        .and_then(|()| socket.set_tcp_user_timeout(Some(PEER_WAIT)));
    if let Err(error) = minded {
        log::debug!("a connection ended before it began: {error}");
    }
}
