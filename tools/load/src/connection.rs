//! One HTTP/1.1 connection that is kept alive, and replaced when it breaks. Must not know what is asked.

use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::recorder::Failure;

/// Longer than the mall takes for any answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

/// A connection to `host:port`.
pub(super) struct Connection {
    address: String,
    sender: Option<SendRequest<Full<Bytes>>>,
}

/// What was answered.
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) body: Bytes,
}

impl Connection {
    pub(super) fn to(address: String) -> Self {
        Self {
            address,
            sender: None,
        }
    }

    /// Sends a request and reads the whole answer.
    pub(super) async fn ask(&mut self, request: Request<Full<Bytes>>) -> Result<Answered, Failure> {
        let answered = timeout(REQUEST_TIMEOUT, self.ask_for_long(request)).await;
        let answered = answered.unwrap_or(Err(Failure::TimedOut));
        if answered.is_err() {
            self.sender = None;
        }
        answered
    }

    async fn ask_for_long(&mut self, request: Request<Full<Bytes>>) -> Result<Answered, Failure> {
        let sender = self.sender().await?;
        let response = sender.send_request(request).await.map_err(broken)?;
        read(response).await
    }

    async fn sender(&mut self) -> Result<&mut SendRequest<Full<Bytes>>, Failure> {
        let is_open = match &mut self.sender {
            Some(sender) => sender.ready().await.is_ok(),
            None => false,
        };
        if !is_open {
            self.sender = None;
        }
        match &mut self.sender {
            Some(sender) => Ok(sender),
            empty => Ok(empty.insert(connect(&self.address).await?)),
        }
    }
}

async fn connect(address: &str) -> Result<SendRequest<Full<Bytes>>, Failure> {
    let not_connected = |_| Failure::NotConnected;
    let stream = TcpStream::connect(address).await.map_err(not_connected)?;
    stream.set_nodelay(true).map_err(not_connected)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(broken)?;
    // How it ends shows in the next request.
    tokio::task::spawn_local(async { drop(connection.await) });
    Ok(sender)
}

async fn read(response: Response<hyper::body::Incoming>) -> Result<Answered, Failure> {
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.map_err(broken)?;
    Ok(Answered {
        status,
        body: body.to_bytes(),
    })
}

fn broken(_: hyper::Error) -> Failure {
    Failure::Broken
}
