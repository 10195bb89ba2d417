//! A connection that does not wait for its other end for ever: not for the head of a request, whichever request of the connection it is,
//! not for a request, and not for an answer to be taken. Knows of HTTP only when a request is in hand.
//!
//! Time is counted in seconds that the process has lived through. A process that was stopped for a minute has lived through one of them
//! at most, so whoever asked it meanwhile is answered.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

/// Seconds until the head of a request must be there: from its first byte on, and of the first request from the connection on.
const READ_HEAD_WAIT: u32 = 5;
/// Seconds until a connection without a request is closed.
const KEEP_ALIVE: u32 = 30;
/// Seconds until what was written must be taken, whole.
const TAKE_ANSWER_WAIT: u32 = 30;
const SECOND: Duration = Duration::from_secs(1);

/// A TCP connection with limits. Who is too slow with a request sees its end; who is too slow with an answer, a reset.
pub(super) struct Connection {
    stream: TcpStream,
    turn: Rc<Turn>,
    /// For how many seconds an answer has been waiting to be taken, if one is.
    untaken: Option<u32>,
    second: Pin<Box<Sleep>>,
}

impl Connection {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            turn: Rc::new(Turn {
                whose: Cell::new(Whose::Sender),
                seconds: Cell::new(0),
            }),
            untaken: None,
            second: Box::pin(sleep(SECOND)),
        }
    }

    /// Whose turn it is on this connection, for those who take its requests in hand.
    pub(super) fn turn(&self) -> Rc<Turn> {
        Rc::clone(&self.turn)
    }

    /// Counts the second that is over, if one is, and sees to it that the next one's end is noticed.
    fn count(&mut self, cx: &mut Context<'_>) {
        while self.second.as_mut().poll(cx).is_ready() {
            self.turn.count();
            self.untaken = self.untaken.map(|seconds| seconds + 1);
            self.second.as_mut().reset(Instant::now() + SECOND);
        }
    }

    /// Without the rest of the answer: else the kernel would go on offering it.
    fn give_up(&self) -> io::Error {
        let reset = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
        reset.err().unwrap_or(io::ErrorKind::TimedOut.into())
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buffer);
        if read.is_ready() {
            if buffer.filled().len() > before {
                this.turn.heard();
            }
            return read;
        }
        this.count(cx);
        if this.turn.is_over() {
            return Poll::Ready(Ok(()));
        }
        Poll::Pending
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        match written {
            Poll::Ready(Ok(length)) if length == bytes.len() => {
                if this.untaken.take().is_some() {
                    this.turn.begin_anew();
                }
            }
            Poll::Ready(_) => {}
            Poll::Pending => {
                this.untaken.get_or_insert(0);
                this.count(cx);
                if this.untaken > Some(TAKE_ANSWER_WAIT) {
                    return Poll::Ready(Err(this.give_up()));
                }
            }
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// Whose turn it is on a connection, and for how long it has been.
pub(super) struct Turn {
    whose: Cell<Whose>,
    seconds: Cell<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// The other end's, who has begun a request.
    Sender,
    /// Ours: a request is in hand. How long is for others to limit.
    Receiver,
    /// Nobody's: there is no request.
    Nobody,
}

impl Turn {
    /// A request's head is there; it is in hand until what is returned is dropped.
    pub(super) fn take(self: &Rc<Self>) -> InHand {
        self.pass_to(Whose::Receiver);
        InHand(Rc::clone(self))
    }

    fn pass_to(&self, whose: Whose) {
        self.whose.set(whose);
        self.begin_anew();
    }

    fn begin_anew(&self) {
        self.seconds.set(0);
    }

    fn heard(&self) {
        if self.whose.get() == Whose::Nobody {
            self.pass_to(Whose::Sender);
        }
    }

    fn count(&self) {
        self.seconds.set(self.seconds.get() + 1);
    }

    /// The first second that is counted may have been nearly over: so one more than the limit.
    fn is_over(&self) -> bool {
        match self.whose.get() {
            Whose::Sender => self.seconds.get() > READ_HEAD_WAIT,
            Whose::Receiver => false,
            Whose::Nobody => self.seconds.get() > KEEP_ALIVE,
        }
    }
}

/// A request in hand.
pub(super) struct InHand(Rc<Turn>);

impl Drop for InHand {
    fn drop(&mut self) {
        self.0.pass_to(Whose::Nobody);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::io::Write;

    use tokio::net::TcpListener;
    use tokio::time::advance;

    use super::*;

    async fn connected() -> (Connection, std::net::TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let other = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        (Connection::new(stream), other)
    }

    /// What comes next; nothing at the end.
    async fn next(connection: &mut Connection) -> Vec<u8> {
        let mut bytes = [0; 100];
        let mut buffer = ReadBuf::new(&mut bytes);
        poll_fn(|cx| Pin::new(&mut *connection).poll_read(cx, &mut buffer))
            .await
            .unwrap();
        buffer.filled().to_vec()
    }

    /// Whether nothing has come and the connection goes on.
    async fn goes_on(connection: &mut Connection) -> bool {
        let mut bytes = [0; 100];
        let mut buffer = ReadBuf::new(&mut bytes);
        poll_fn(|cx| {
            Poll::Ready(
                Pin::new(&mut *connection)
                    .poll_read(cx, &mut buffer)
                    .is_pending(),
            )
        })
        .await
    }

    /// Seconds until nothing more comes, as the process counts them.
    async fn seconds_to_the_end(connection: &mut Connection) -> u64 {
        let begin = Instant::now();
        while !next(connection).await.is_empty() {}
        begin.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn given_a_connection_that_says_nothing_then_it_ends_after_the_heads_time() {
        let (mut connection, _other) = connected().await;
        assert_eq!(seconds_to_the_end(&mut connection).await, 6);
    }

    #[tokio::test(start_paused = true)]
    async fn given_requests_then_each_ones_head_has_its_time_and_the_silence_after_it_more() {
        let (mut connection, mut other) = connected().await;
        for _ in 0..3 {
            other.write_all(b"a whole head").unwrap();
            assert_eq!(next(&mut connection).await, b"a whole head");
            let request = connection.turn().take();
            for _ in 0..600 {
                advance(SECOND).await;
                assert!(goes_on(&mut connection).await, "a request is in hand");
            }
            drop(request);
            for _ in 0..29 {
                advance(SECOND).await;
                assert!(goes_on(&mut connection).await, "the client may come back");
            }
        }
        other.write_all(b"half a h").unwrap();
        assert!((5..=6).contains(&seconds_to_the_end(&mut connection).await));
    }

    #[tokio::test(start_paused = true)]
    async fn given_no_further_request_then_the_connection_ends_after_the_keep_alive() {
        let (mut connection, _other) = connected().await;
        drop(connection.turn().take());
        assert!((30..=31).contains(&seconds_to_the_end(&mut connection).await));
    }

    #[tokio::test(start_paused = true)]
    async fn given_a_process_that_was_stopped_when_it_goes_on_then_nobody_has_lost_more_than_a_second()
     {
        let (mut connection, mut other) = connected().await;
        assert!(goes_on(&mut connection).await);
        advance(Duration::from_secs(3_600)).await;
        assert!(goes_on(&mut connection).await);
        other.write_all(b"a head").unwrap();
        assert_eq!(next(&mut connection).await, b"a head");
    }

    #[tokio::test(start_paused = true)]
    async fn given_an_answer_that_nobody_takes_then_writing_fails_in_time() {
        let (mut connection, _other) = connected().await;
        let _request = connection.turn().take();
        let begin = Instant::now();
        let bytes = vec![0; 32 * 1024 * 1024];
        let end = loop {
            let write = poll_fn(|cx| Pin::new(&mut connection).poll_write(cx, &bytes));
            if let Err(error) = write.await {
                break error;
            }
        };
        assert_eq!(end.kind(), io::ErrorKind::TimedOut);
        assert!((30..=32).contains(&begin.elapsed().as_secs()));
    }
}
