//! A request's body must be complete in time: a client that sends it byte by byte is answered so, and its connection ends. Knows no
//! route.

use std::cell::RefCell;
use std::error::Error;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpMessage;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use futures_util::Stream;
use tokio::time::{Sleep, sleep};

/// Middleware, outside of all that reads bodies: reading a body fails when it is not complete within `wait`, and nothing more is read
/// of a body once the answer goes out.
///
/// # Errors
/// Those of the inner service.
pub(super) async fn limit_body_time<B: MessageBody + 'static>(
    wait: Duration,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let payload = match request.take_payload() {
        Payload::None => return Ok(next.call(request).await?.map_into_boxed_body()),
        payload => Rc::new(RefCell::new(payload)),
    };
    let chunks = Chunks {
        payload: Rc::clone(&payload),
        wait,
        deadline: Box::pin(sleep(wait)),
    };
    request.set_payload(Payload::Stream {
        payload: Box::pin(chunks),
    });
    let response = next.call(request).await?.map_into_boxed_body();
    Ok(response.map_body(|_, body| {
        BoxBody::new(Answer {
            body,
            _payload: payload,
        })
    }))
}

/// The body's chunks until the deadline, then an error.
struct Chunks {
    payload: Rc<RefCell<Payload>>,
    wait: Duration,
    deadline: Pin<Box<Sleep>>,
}

impl Stream for Chunks {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // What has come is taken before the time is looked at: a process that was stopped must not refuse a body that came meanwhile.
        let next = Pin::new(&mut *self.payload.borrow_mut()).poll_next(cx);
        if next.is_pending() && self.deadline.as_mut().poll(cx).is_ready() {
            let error = io::Error::new(io::ErrorKind::TimedOut, TooSlow(self.wait));
            return Poll::Ready(Some(Err(PayloadError::Io(error))));
        }
        next
    }
}

/// A body's time is over.
#[derive(Debug, thiserror::Error)]
#[error("the body was not complete within {0:?}")]
struct TooSlow(Duration);

/// An answer that keeps the request's payload until it is sent. If the payload were dropped earlier, actix would read a chunked body to
/// its end, which may never come, to find the next request behind it. While the payload is there and unread, actix closes the
/// connection after the answer instead.
struct Answer {
    body: BoxBody,
    _payload: Rc<RefCell<Payload>>,
}

impl MessageBody for Answer {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_next(cx)
    }
}

/// Why a body could not be read, if that is because its time was over.
pub(super) fn too_slow(error: &PayloadError) -> Option<&(dyn Error + Send + Sync)> {
    match error {
        PayloadError::Io(cause) if cause.kind() == io::ErrorKind::TimedOut => cause.get_ref(),
        _ => None,
    }
}
