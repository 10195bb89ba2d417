//! A TCP connection that waits only so long for its client: for the head of each request, for the next request, and until an answer is
//! taken. Knows nothing of HTTP but when a request is being answered.
//!
//! Time is counted in ticks that the process has lived through, not by the clock. A process that was stopped for a minute counts one
//! tick, so the clients that asked it meanwhile are still answered.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

use super::bare_refusal::with_body;
use super::client_limits::ClientLimits;

/// A connection with limits. A client that is too slow with a request sees the connection's end, one that is too slow in taking an
/// answer sees a reset.
pub(super) struct Connection {
    stream: TcpStream,
    limits: ClientLimits,
    progress: Rc<Progress>,
    /// What is left of an answer that is sent instead of one without a body.
    refusal: Option<Vec<u8>>,
    /// For how many ticks a write has been waiting for the client, while one is.
    untaken: Option<u32>,
    next_tick: Pin<Box<Sleep>>,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, limits: ClientLimits) -> Self {
        Self {
            stream,
            limits,
            progress: Rc::new(Progress {
                phase: Cell::new(Phase::Head),
                ticks: Cell::new(0),
            }),
            refusal: None,
            untaken: None,
            next_tick: Box::pin(sleep(limits.tick)),
        }
    }

    /// How far this connection's current request is, to be told when it is being answered.
    pub(super) fn progress(&self) -> Rc<Progress> {
        Rc::clone(&self.progress)
    }

    /// Counts the tick that is over, if one is, and has this task woken by the next one.
    fn count(&mut self, cx: &mut Context<'_>) {
        while self.next_tick.as_mut().poll(cx).is_ready() {
            self.progress.count();
            self.untaken = self.untaken.map(|ticks| ticks + 1);
            // From now on, not from the last tick on: what a stopped process has missed is not counted afterwards.
            self.next_tick
                .as_mut()
                .reset(Instant::now() + self.limits.tick);
        }
    }

    /// Whether so many ticks are more than the limit. The first tick that is counted may have been nearly over when it began to count,
    /// so the limit itself is not too long yet.
    fn is_too_long(&self, ticks: u32, limit: Duration) -> bool {
        self.limits.tick * ticks > limit
    }

    fn is_over(&self) -> bool {
        let ticks = self.progress.ticks.get();
        match self.progress.phase.get() {
            Phase::Head => self.is_too_long(ticks, self.limits.read_head),
            Phase::Answer => false,
            Phase::NextRequest => self.is_too_long(ticks, self.limits.keep_alive),
        }
    }

    /// Writes `bytes`, or all of what is sent instead.
    fn write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.refusal.is_none() && self.progress.phase.get() == Phase::Head {
            self.refusal = with_body(bytes);
        }
        let Some(rest) = &mut self.refusal else {
            return Pin::new(&mut self.stream).poll_write(cx, bytes);
        };
        while !rest.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, rest))?;
            rest.drain(..written);
        }
        self.refusal = None;
        Poll::Ready(Ok(bytes.len()))
    }

    /// Resets the connection when it is dropped. With an ordinary end the kernel would go on offering the rest of the answer.
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
        // What has come is read before the time is looked at: a process that was stopped must not turn away who asked meanwhile.
        let read = Pin::new(&mut this.stream).poll_read(cx, buffer);
        if read.is_ready() {
            if buffer.filled().len() > before {
                this.progress.bytes_came();
            }
            return read;
        }
        this.count(cx);
        if this.is_over() {
            // An empty read is the end of the stream: actix closes the connection, and there is no request to answer.
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
        let written = this.write(cx, bytes);
        match written {
            Poll::Ready(Ok(length)) if length == bytes.len() => {
                if this.untaken.take().is_some() {
                    // The client has used its time to take the answer; now it has the whole time to ask again.
                    this.progress.ticks.set(0);
                }
            }
            // A part was taken. That is not enough to begin anew: a client that takes a byte now and then would never be done.
            Poll::Ready(_) => {}
            Poll::Pending => {
                this.untaken.get_or_insert(0);
                this.count(cx);
                let untaken = this.untaken.unwrap_or_default();
                if this.is_too_long(untaken, this.limits.take_answer) {
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

/// What a connection waits for, and for how long already.
pub(super) struct Progress {
    phase: Cell<Phase>,
    ticks: Cell<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The rest of a request's head.
    Head,
    /// Our own answer. How long that may take is for others to limit.
    Answer,
    /// The first byte of the next request.
    NextRequest,
}

impl Progress {
    /// A request's head is complete: it is being answered until the returned guard is dropped.
    pub(super) fn answer(self: &Rc<Self>) -> Answering {
        self.enter(Phase::Answer);
        Answering(Rc::clone(self))
    }

    fn enter(&self, phase: Phase) {
        self.phase.set(phase);
        self.ticks.set(0);
    }

    fn bytes_came(&self) {
        if self.phase.get() == Phase::NextRequest {
            self.enter(Phase::Head);
        }
    }

    fn count(&self) {
        self.ticks.set(self.ticks.get() + 1);
    }
}

/// A request that is being answered.
pub(super) struct Answering(Rc<Progress>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.enter(Phase::NextRequest);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::io::Write;

    use tokio::net::TcpListener;
    use tokio::time::advance;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    async fn connected() -> (Connection, std::net::TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        (Connection::new(stream, ClientLimits::default()), client)
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

    /// Seconds until the connection ends, as the process counts them.
    async fn seconds_to_the_end(connection: &mut Connection) -> u64 {
        let begin = Instant::now();
        while !next(connection).await.is_empty() {}
        begin.elapsed().as_secs()
    }

    mod when_the_client_says_nothing {
        use super::*;

        #[tokio::test(start_paused = true)]
        async fn the_connection_ends_after_the_time_of_a_head() {
            let (mut connection, _client) = connected().await;
            assert_eq!(seconds_to_the_end(&mut connection).await, 6);
        }

        #[tokio::test(start_paused = true)]
        async fn the_connection_ends_after_the_keep_alive_once_a_request_was_answered() {
            let (mut connection, _client) = connected().await;
            drop(connection.progress().answer());
            assert!((30..=31).contains(&seconds_to_the_end(&mut connection).await));
        }
    }

    mod when_requests_come {
        use super::*;

        #[tokio::test(start_paused = true)]
        async fn each_one_s_head_has_its_time_and_the_pause_before_it_more() {
            let (mut connection, mut client) = connected().await;
            for _ in 0..3 {
                client.write_all(b"a whole head").unwrap();
                assert_eq!(next(&mut connection).await, b"a whole head");
                let answering = connection.progress().answer();
                for _ in 0..600 {
                    advance(SECOND).await;
                    assert!(goes_on(&mut connection).await, "it is being answered");
                }
                drop(answering);
                for _ in 0..29 {
                    advance(SECOND).await;
                    assert!(goes_on(&mut connection).await, "the client may come back");
                }
            }
            client.write_all(b"half a h").unwrap();
            assert!((5..=6).contains(&seconds_to_the_end(&mut connection).await));
        }
    }

    mod when_the_process_was_stopped {
        use super::*;

        #[tokio::test(start_paused = true)]
        async fn no_client_has_lost_more_than_a_tick() {
            let (mut connection, mut client) = connected().await;
            assert!(goes_on(&mut connection).await);
            advance(Duration::from_secs(3_600)).await;
            assert!(goes_on(&mut connection).await);
            client.write_all(b"a head").unwrap();
            assert_eq!(next(&mut connection).await, b"a head");
        }
    }

    mod when_the_client_does_not_take_its_answer {
        use super::*;

        #[tokio::test(start_paused = true)]
        async fn writing_fails_in_time() {
            let (mut connection, _client) = connected().await;
            let _answering = connection.progress().answer();
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
}
