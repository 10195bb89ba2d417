//! `mall member-service`: the member service's API over sample members, for a developer's machine. Must not know who asks.
//!
//! `GET /api/member/{memberId}` → `{"memberId": "…", "name": "…", "email": "…"}`, or 404; `GET /livez`.

use crate::signals;
use anyhow::{Context, Result};
use clap::Args;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use stack::SAMPLE_MEMBERS;
use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use tokio::runtime::Builder;
use tokio::task::{LocalSet, spawn_local};

/// Serve the member service's API with sample members; `mall up` starts it
#[derive(Args)]
pub(crate) struct MemberService {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7011")]
    listen: SocketAddr,
}

/// The members, as JSON objects with a `memberId`.
type Members = Arc<Vec<Value>>;

impl MemberService {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let signals = signals::listen()?;
        let members = Arc::new(
            serde_json::from_str(SAMPLE_MEMBERS).context("the sample members are not JSON")?,
        );
        let listener = TcpListener::bind(self.listen)
            .with_context(|| format!("cannot listen on {}", self.listen))?;
        listener.set_nonblocking(true)?;
        // It ends with the process.
        thread::spawn(move || serve(listener, members));
        signals
            .recv()
            .context("the thread that listens to signals is gone")?;
        Ok(ExitCode::SUCCESS)
    }
}

fn serve(listener: TcpListener, members: Members) -> Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let accepting = async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            let members = Arc::clone(&members);
            let connection = http1::Builder::new().serve_connection(
                TokioIo::new(stream),
                service_fn(move |request| answer(request, Arc::clone(&members))),
            );
            // A client may break its connection, and that is nothing to report.
            spawn_local(async { drop(connection.await) });
        }
    };
    runtime.block_on(LocalSet::new().run_until(accepting))
}

async fn answer(
    request: Request<Incoming>,
    members: Members,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, body) = answer_to(request.uri().path(), &members);
    let mut response = Response::new(Full::from(body.to_string()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    Ok(response)
}

fn answer_to(path: &str, members: &[Value]) -> (StatusCode, Value) {
    if path == "/livez" {
        return (StatusCode::OK, Value::Null);
    }
    let wanted = path.strip_prefix("/api/member/");
    let found = members
        .iter()
        .find(|member| wanted.is_some() && member["memberId"].as_str() == wanted);
    match found {
        Some(member) => (StatusCode::OK, member.clone()),
        None => (StatusCode::NOT_FOUND, Value::Null),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sample_members_are_found() {
        let members: Vec<Value> = serde_json::from_str(SAMPLE_MEMBERS).unwrap();
        assert!(members.len() >= 3);
        for member in &members {
            let path = format!("/api/member/{}", member["memberId"].as_str().unwrap());
            assert!(member["name"].is_string() && member["email"].is_string());
            assert_eq!(answer_to(&path, &members), (StatusCode::OK, member.clone()));
        }
        for path in ["/api/member/", "/api/member/nobody", "/api/member", "/"] {
            assert_eq!(answer_to(path, &members).0, StatusCode::NOT_FOUND, "{path}");
        }
    }
}
