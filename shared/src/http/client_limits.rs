//! How long a server waits for its clients. Production has one set of limits; tests have shorter ones.

use std::time::Duration;

/// The limits of each connection. An operator can't change them: a client that needs more is broken or an attacker, on any machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientLimits {
    /// The unit in which a connection counts its time; the other limits are rounded up to it, except that of bodies. A process that
    /// was stopped counts one tick for the whole time, however long it was.
    pub tick: Duration,
    /// Until a request's head is complete: from the connection on for its first request, from the first byte on for later ones.
    pub read_head: Duration,
    /// Until a request's body is complete, from its head on.
    pub read_body: Duration,
    /// How long a connection may stay open without a request.
    pub keep_alive: Duration,
    /// Until the client has taken all that was written to it.
    pub take_answer: Duration,
}

impl Default for ClientLimits {
    /// Those of production. A slow mobile network delivers a head or a body of 64 KiB in a few seconds. A connection without a request
    /// costs little, but there are only so many of them, and a proxy opens a new one when it needs it.
    fn default() -> Self {
        Self {
            tick: Duration::from_secs(1),
            read_head: Duration::from_secs(5),
            read_body: Duration::from_secs(10),
            keep_alive: Duration::from_secs(30),
            take_answer: Duration::from_secs(30),
        }
    }
}
