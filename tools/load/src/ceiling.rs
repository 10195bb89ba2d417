//! A server that does nothing: the rate that the load tool reaches against it is the most that the tool can measure here.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;

use anyhow::{Context, Result};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::task::{LocalSet, spawn_local};

/// About as long as a real one.
const ANSWER: &str = r#"{"orderNum":"20261123101540000000000000000042","orderLineList":[{"orderLineId":1,"item":{"itemId":1,"name":"umbrella","price":{"amount":12000}},"quantity":1}],"status":"CREATED","totalPrice":{"amount":12000},"finalPrice":{"amount":12000},"createdDate":"2026-11-23T10:15:40+09:00"}"#;

/// The server, on a thread of its own until the process ends.
#[derive(Clone, Copy, Debug)]
pub struct TrivialServer {
    /// Where it listens.
    pub address: SocketAddr,
}

impl TrivialServer {
    /// Starts it on a free port of the loopback interface.
    ///
    /// # Errors
    /// When it can't listen.
    pub fn start() -> Result<Self> {
        let (address_tx, address_rx) = mpsc::channel();
        thread::Builder::new()
            .name("trivial-server".to_owned())
            .spawn(move || serve(&address_tx))?;
        let address = address_rx.recv().context("the trivial server has ended")?;
        Ok(Self { address: address? })
    }
}

fn serve(address_tx: &mpsc::Sender<std::io::Result<SocketAddr>>) {
    let Ok(runtime) = Builder::new_current_thread().enable_all().build() else {
        return;
    };
    let accepting = async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let address = listener
            .as_ref()
            .map_err(copied)
            .and_then(|listener| listener.local_addr());
        // An error means that nobody waits for it any more.
        let _ = address_tx.send(address);
        let Ok(listener) = listener else { return };
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            let connection =
                http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
            // A client may break its connection, and that is nothing to report.
            spawn_local(async { drop(connection.await) });
        }
    };
    runtime.block_on(LocalSet::new().run_until(accepting));
}

fn copied(error: &std::io::Error) -> std::io::Error {
    error.kind().into()
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    // What can't be read is answered nonetheless.
    let _ = request.into_body().collect().await;
    let mut response = Response::new(Full::from(Bytes::from_static(ANSWER.as_bytes())));
    response.headers_mut().insert(
        hyper::header::CONTENT_TYPE,
        hyper::header::HeaderValue::from_static("application/json"),
    );
    Ok(response)
}
