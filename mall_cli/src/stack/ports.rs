//! TCP ports of the loopback interface. Must not know who listens on them.
//!
//! A free port is looked for **below** the range that the kernel gives to outgoing connections: a client that knocks at the port of
//! a server that is just being restarted could otherwise be given that very port as its own, and the server could not come back.

use anyhow::{Result, bail};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::sync::{Mutex, PoisonError};

/// This machine, as itself.
pub const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

const LOWEST: u16 = 20_000;
const BEYOND: u16 = 32_000;

static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// A port that nobody listens on; within this process no port is given twice.
pub fn free_port() -> Result<u16> {
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    for _ in 0..1_000 {
        let port = rand::random_range(LOWEST..BEYOND);
        if !given.contains(&port) && is_free(port) {
            given.insert(port);
            return Ok(port);
        }
    }
    bail!("no free port between {LOWEST} and {BEYOND}")
}

/// Whether a server could listen on that port now.
pub fn is_free(port: u16) -> bool {
    TcpListener::bind((LOOPBACK, port)).is_ok()
}

/// `port`, or a free one for 0.
pub(super) fn given_or_free(port: u16) -> Result<u16> {
    if port == 0 { free_port() } else { Ok(port) }
}

/// The first free port above `port`; any free one for 0.
pub(super) fn following(port: u16) -> Result<u16> {
    if port == 0 {
        return free_port();
    }
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(next) =
        (port.saturating_add(1)..=u16::MAX).find(|next| !given.contains(next) && is_free(*next))
    else {
        bail!("no free port above {port}");
    };
    given.insert(next);
    Ok(next)
}
