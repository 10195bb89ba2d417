//! A tiny HTTP server in another service's place: it answers every request alike, or not at all, and remembers what it was asked.

use std::future::pending;
use std::sync::{Arc, Mutex};

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::loopback_server::LoopbackServer;

/// What the server does with a request.
#[derive(Clone)]
pub(crate) enum Script {
    /// It answers this status with these headers and this body.
    Answer(u16, &'static [(&'static str, &'static str)], String),
    /// It keeps the connection, and stays silent.
    Silence,
}

/// A request as it came.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }
}

/// The running server; it ends when dropped.
pub(crate) struct Peer {
    pub(crate) server: LoopbackServer,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Peer {
    pub(crate) fn start(script: Script) -> Self {
        let asked = Arc::new(Mutex::default());
        let state = web::Data::new((script, Arc::clone(&asked)));
        let server = LoopbackServer::start(move |app| {
            app.app_data(state.clone()).default_service(web::to(serve));
        });
        Self { server, asked }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

type State = (Script, Arc<Mutex<Vec<Asked>>>);

async fn serve(request: HttpRequest, body: String, state: web::Data<State>) -> HttpResponse {
    let (script, asked) = &**state;
    asked.lock().unwrap().push(Asked {
        line: format!("{} {}", request.method(), request.uri()),
        headers: request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect(),
        body,
    });
    match script {
        Script::Answer(status, headers, body) => {
            let mut response = HttpResponse::build(StatusCode::from_u16(*status).unwrap());
            for header in *headers {
                response.insert_header(*header);
            }
            response.body(body.clone())
        }
        Script::Silence => pending().await,
    }
}
