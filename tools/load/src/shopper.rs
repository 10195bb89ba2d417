//! One shopper: turns the next wish into a request, and remembers what it needs of the answer. Must not know when to ask.

use std::cell::RefCell;
use std::rc::Rc;

use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use serde::Deserialize;
use tokio::time::Instant;

use super::connection::{Answered, Connection};
use super::recorder::{Failure, Tally};
use super::scenario::{Wish, Wishes};

/// A shopper on his connection.
pub(super) struct Shopper {
    host: String,
    /// What proves which member this is.
    token: Option<String>,
    connection: Connection,
    wishes: Wishes,
    tally: Rc<RefCell<Tally>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Placed {
    order_num: Option<String>,
}

impl Shopper {
    pub(super) fn new(
        host: String,
        token: Option<String>,
        wishes: Wishes,
        tally: Rc<RefCell<Tally>>,
    ) -> Self {
        Self {
            connection: Connection::to(host.clone()),
            host,
            token,
            wishes,
            tally,
        }
    }

    /// Asks for the next thing. The latency counts from `begin`, which may be long ago when nobody was free then.
    pub(super) async fn ask(&mut self, begin: Instant) {
        let wish = self.wishes.next();
        let answered = match request(&self.host, self.token.as_deref(), &wish) {
            Ok(request) => self.connection.ask(request).await,
            Err(_) => Err(Failure::NotSent),
        };
        let latency = begin.elapsed();
        match answered {
            Ok(answered) => {
                let verdict = wish.kind.verdict(answered.status);
                let mut tally = self.tally.borrow_mut();
                tally.answered(answered.status, verdict, latency);
                drop(tally);
                self.remember(&answered);
            }
            Err(failure) => self.tally.borrow_mut().failed(failure),
        }
    }

    fn remember(&mut self, answered: &Answered) {
        if answered.status == 200
            && self.wishes.reads()
            && let Ok(Placed {
                order_num: Some(order),
            }) = serde_json::from_slice(&answered.body)
        {
            self.wishes.remember(order);
        }
    }
}

/// The request of a wish, to `host:port`, by the member whose token it is.
pub(super) fn request(
    host: &str,
    token: Option<&str>,
    wish: &Wish,
) -> hyper::http::Result<Request<Full<Bytes>>> {
    let request = match &wish.order {
        Some(order) => Request::get(format!("/open-api/order/{order}")),
        None => Request::post("/open-api/order").header(CONTENT_TYPE, "application/json"),
    };
    let request = match &wish.idempotency_key {
        Some(key) => request.header("Idempotency-Key", key),
        None => request,
    };
    let request = match token {
        Some(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
        None => request,
    };
    let body = wish.body.clone().unwrap_or_default();
    request.header(HOST, host).body(Full::from(body))
}
