//! Listens, and serves an app on each [`Connection`], so within its limits. Knows no route.
//!
//! It does what `actix_web::HttpServer` does, which serves no connections but its own. Their time-outs see to the first head only, and go
//! by the clock: a process that was stopped for a while would turn away what came meanwhile.

use std::fmt::Debug;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use actix_http::body::{BoxBody, MessageBody};
use actix_http::error::DispatchError;
use actix_http::{HttpService, KeepAlive, Request, Response};
use actix_service::{IntoServiceFactory, ServiceFactoryExt, apply_fn_factory, map_config};
use actix_web::dev::{AppConfig, Server, Service, ServiceFactory, fn_service};
use actix_web::rt::net::TcpStream;
use socket2::{SockRef, TcpKeepalive};

use super::connection::{Connection, Turn};

/// Until a connection that is being closed is dropped, whether or not its other end takes part.
const DISCONNECT_WAIT: Duration = Duration::from_secs(2);
/// Until an end that is silently gone is noticed by the kernel, for a connection that nobody uses as for an answer that nobody takes.
const PEER_WAIT: Duration = Duration::from_secs(30);

/// How much is served at once.
pub(super) struct Size {
    /// Threads.
    pub(super) workers: usize,
    /// Connections of each worker; further ones wait in the kernel.
    pub(super) max_connections: usize,
    /// Connections that wait in the kernel; beyond these they are refused.
    pub(super) backlog: u32,
}

/// Serves what `app` makes, once for each worker. Told to stop, the server answers the requests in hand, for at most `grace`.
///
/// # Errors
/// When the address can't be listened on.
pub(super) fn serve<F, I, S, B>(
    address: SocketAddr,
    size: &Size,
    grace: Duration,
    app: F,
) -> io::Result<Server>
where
    F: Fn() -> I + Clone + Send + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Response<BoxBody>> + 'static,
    S::InitError: Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
{
    let builder = Server::build();
    let stopping = builder.graceful_shutdown_signal();
    let server = builder
        .workers(size.workers)
        .max_concurrent_connections(size.max_connections)
        .backlog(size.backlog)
        .disable_signals()
        .shutdown_timeout(grace.as_secs())
        .bind("http", address, move || {
            let stopping = stopping.clone();
            let app = map_config(app(), |()| AppConfig::default());
            let http = HttpService::build()
                .keep_alive(KeepAlive::Os)
                .client_request_timeout(Duration::ZERO)
                .client_disconnect_timeout(DISCONNECT_WAIT)
                .graceful_shutdown_signal(move || {
                    let stopping = stopping.clone();
                    async move { stopping.notified().await }
                })
                .on_connect_ext(|connection: &Connection, extensions| {
                    extensions.insert(connection.turn());
                })
                .h1(apply_fn_factory(app, in_turn));
            fn_service(accept).and_then(http)
        })?
        .run();
    Ok(server)
}

async fn accept(stream: TcpStream) -> Result<(Connection, Option<SocketAddr>), DispatchError> {
    if let Err(error) = mind_the_peer(&stream) {
        log::debug!("a connection ended before it began: {error}");
    }
    let peer = stream.peer_addr().ok();
    Ok((Connection::new(stream), peer))
}

fn mind_the_peer(stream: &TcpStream) -> io::Result<()> {
    let socket = SockRef::from(stream);
    let alive = TcpKeepalive::new()
        .with_time(PEER_WAIT / 2)
        .with_interval(PEER_WAIT / 6);
    socket.set_tcp_keepalive(&alive)?;
    socket.set_tcp_user_timeout(Some(PEER_WAIT))
}

/// Tells the connection that its request is in hand, until the answer is there.
fn in_turn<S>(
    request: Request,
    app: &S,
) -> impl Future<Output = Result<S::Response, S::Error>> + use<S>
where
    S: Service<Request>,
{
    let in_hand = request.conn_data::<Rc<Turn>>().map(Turn::take);
    let answer = app.call(request);
    async move {
        let answer = answer.await;
        drop(in_hand);
        answer
    }
}
