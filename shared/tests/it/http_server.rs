//! A server to be met over raw sockets, and a client's end of a connection to it.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use actix_web::web::ServiceConfig;
use shared::http::client_limits::ClientLimits;
use shared::http::measured::HttpMetrics;
use shared::http::port_token::PortToken;
use shared::http::server::{self, ServerSettings};
use shared::metrics::Metrics;
use tokio::sync::watch;

/// So long a client waits before it says that the server has forgotten it.
pub(crate) const FORGOTTEN: Duration = Duration::from_secs(60);
/// The one origin whose pages may use it.
pub(crate) const SHOP: &str = "https://shop.example";

/// A server of these routes in a thread of its own, for as long as the test process lives.
pub(crate) fn serve(limits: ClientLimits, routes: fn(&mut ServiceConfig)) -> SocketAddr {
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let (ready_tx, ready_rx) = channel();
    thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let (_going_on, stopping) = watch::channel(false);
            let measured = HttpMetrics::new(&Metrics::new().unwrap()).unwrap();
            let settings = ServerSettings {
                token: PortToken::default(),
                address,
                grace: Duration::ZERO,
                limits,
                origins: SHOP.parse().unwrap(),
            };
            let started = server::start(settings, stopping, measured, routes);
            ready_tx.send(started.is_ok()).unwrap();
            std::future::pending::<()>().await;
        });
    });
    assert!(ready_rx.recv().unwrap());
    address
}

/// A connection that is read for [`FORGOTTEN`] at most.
pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(FORGOTTEN)).unwrap();
    stream
}
