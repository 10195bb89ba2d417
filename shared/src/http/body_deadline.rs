//! A request's body must be there in time: who sends it byte by byte is told so, and the connection ends. Knows no route.

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

/// Until a request's body must be there, from its head on.
pub const READ_BODY_WAIT: Duration = Duration::from_secs(10);

/// Middleware, the outermost: a body that is not there in time is a failed read, and who has not read a body to its end when the
/// answer goes out does not read on.
///
/// # Errors
/// Those of the inner service.
pub async fn limit_body_time<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let payload = match request.take_payload() {
        Payload::None => return Ok(next.call(request).await?.map_into_boxed_body()),
        payload => Rc::new(RefCell::new(payload)),
    };
    let chunks = Chunks {
        payload: Rc::clone(&payload),
        deadline: Box::pin(sleep(READ_BODY_WAIT)),
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
    deadline: Pin<Box<Sleep>>,
}

impl Stream for Chunks {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut *self.payload.borrow_mut()).poll_next(cx);
        if next.is_pending() && self.deadline.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Some(Err(PayloadError::Io(io::ErrorKind::TimedOut.into()))));
        }
        next
    }
}

/// An answer that keeps the request's payload to its end. The server goes on reading a chunked body, for ever if it has no end, once
/// its payload is dropped; when it is still there and unread, the connection is closed.
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

/// Whether a body could not be read because its time was over.
pub(super) fn is_too_slow(error: &PayloadError) -> bool {
    matches!(error, PayloadError::Io(cause) if cause.kind() == io::ErrorKind::TimedOut)
}
