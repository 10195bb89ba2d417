//! Listens, and serves an app on each [`Connection`], so within its limits. Knows no route.
//!
//! It does what `actix_web::HttpServer` does, which can serve no other connections than its own. `HttpServer`'s time-outs are not
//! enough: the one for heads covers a connection's first head only, and the first byte of a later one ends the keep-alive, so one good
//! request and then one byte would hold a connection for ever. They also go by the clock, so a process that was stopped for a while
//! would turn away the clients that came meanwhile.

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

use super::client_limits::ClientLimits;
use super::connection::{Connection, Progress};

/// Until a connection that is being closed is dropped, whether or not its client takes part.
const DISCONNECT_WAIT: Duration = Duration::from_secs(2);
/// Until the kernel notices that a client has vanished without closing its connection (no power, no network).
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

/// Serves what `app` makes, once for each worker. Told to stop, the server finishes the requests that it is answering, for at most `grace`.
///
/// # Errors
/// When the address can't be listened on.
pub(super) fn serve<F, I, S, B>(
    address: SocketAddr,
    size: &Size,
    limits: ClientLimits,
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
    // Hidden in actix's documentation, but it is what `HttpServer` itself calls so that idle connections close at a graceful stop.
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
                // Both are off: the connection itself has these limits.
                .keep_alive(KeepAlive::Os)
                .client_request_timeout(Duration::ZERO)
                .client_disconnect_timeout(DISCONNECT_WAIT)
                .graceful_shutdown_signal(move || {
                    let stopping = stopping.clone();
                    async move { stopping.notified().await }
                })
                .on_connect_ext(|connection: &Connection, extensions| {
                    extensions.insert(connection.progress());
                })
                .h1(apply_fn_factory(app, answering));
            fn_service(move |stream| accept(stream, limits)).and_then(http)
        })?
        .run();
    Ok(server)
}

async fn accept(
    stream: TcpStream,
    limits: ClientLimits,
) -> Result<(Connection, Option<SocketAddr>), DispatchError> {
    if let Err(error) = notice_vanished_peer(&stream) {
        // Only a connection that is closed already refuses; the first read will show that.
        log::debug!("a connection ended before it began: {error}");
    }
    let peer = stream.peer_addr().ok();
    Ok((Connection::new(stream, limits), peer))
}

/// Has the kernel ask a silent peer whether it is still there, and give up unacknowledged data.
fn notice_vanished_peer(stream: &TcpStream) -> io::Result<()> {
    let socket = SockRef::from(stream);
    let alive = TcpKeepalive::new()
        .with_time(PEER_WAIT / 2)
        .with_interval(PEER_WAIT / 6);
    socket.set_tcp_keepalive(&alive)?;
    socket.set_tcp_user_timeout(Some(PEER_WAIT))
}

/// Tells the connection that its request is being answered, until the answer is there.
fn answering<S>(
    request: Request,
    app: &S,
) -> impl Future<Output = Result<S::Response, S::Error>> + use<S>
where
    S: Service<Request>,
{
    let answering = request.conn_data::<Rc<Progress>>().map(Progress::answer);
    let answer = app.call(request);
    async move {
        let answer = answer.await;
        drop(answering);
        answer
    }
}
