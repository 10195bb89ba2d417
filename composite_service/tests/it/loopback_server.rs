//! A real HTTP server on loopback, in another service's place. It does not know what it answers; who starts it does.

use std::net::TcpListener;

use actix_web::dev::ServerHandle;
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpServer};
use url::Url;

/// The running server; it ends when dropped.
pub(crate) struct LoopbackServer {
    pub(crate) url: Url,
    handle: ServerHandle,
}

impl LoopbackServer {
    pub(crate) fn start(configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        let server = HttpServer::new(move || App::new().configure(&configure))
            .workers(1)
            .disable_signals()
            .listen(listener)
            .unwrap()
            .run();
        let handle = server.handle();
        actix::spawn(server);
        Self { url, handle }
    }
}

impl Drop for LoopbackServer {
    fn drop(&mut self) {
        // It is told by the call; nobody waits until it has stopped.
        drop(self.handle.stop(false));
    }
}
