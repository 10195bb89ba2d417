//! TCP ports of the loopback interface. Must not know who listens on them.
//!
//! A free port is looked for **below** the range that the kernel uses for outgoing connections. Otherwise a client that connects to a
//! server which is just being restarted could be given that very port as its own, and the server could not bind it again.
//! For the same reason a port that was given stays reserved, for as long as this process lives and against every other that asks
//! here: by a lock on a file of its number.

use anyhow::{Context, Result, bail};
use parking_lot::Mutex;
use std::fs::{self, File, Permissions};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// This machine, as itself.
pub const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

const LOWEST: u16 = 20_000;
const BEYOND: u16 = 32_000;

/// Writable for every user of this machine, like `/tmp`: each may only delete own files.
const SHARED_BY_ALL: u32 = 0o1777;

/// The locks of what was given; they go with the process.
static GIVEN: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// A port that nobody listens on; it is reserved as long as this process lives.
///
/// # Errors
/// When there is none, or when it can't be reserved.
pub fn free_port() -> Result<u16> {
    for _ in 0..1_000 {
        let port = rand::random_range(LOWEST..BEYOND);
        if reserve(port)? {
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
pub(crate) fn given_or_free(port: u16) -> Result<u16> {
    if port == 0 { free_port() } else { Ok(port) }
}

/// The first free port above `port`; any free one for 0.
pub(crate) fn following(port: u16) -> Result<u16> {
    if port == 0 {
        return free_port();
    }
    for next in port.saturating_add(1)..=u16::MAX {
        if reserve(next)? {
            return Ok(next);
        }
    }
    bail!("no free port above {port}")
}

/// Whether it is ours from now on.
fn reserve(port: u16) -> Result<bool> {
    let Some(lock) = lock_of(port)? else {
        return Ok(false);
    };
    if lock.try_lock().is_err() || !is_free(port) {
        return Ok(false);
    }
    let mut given = GIVEN.lock();
    given.push(lock);
    Ok(true)
}

/// `None`: another user has reserved it once.
fn lock_of(port: u16) -> Result<Option<File>> {
    let folder = reservations()?;
    let path = folder.join(port.to_string());
    match File::options().append(true).create(true).open(&path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot reserve {}", path.display())),
    }
}

fn reservations() -> Result<PathBuf> {
    let folder = std::env::temp_dir().join("mall-ports");
    match fs::create_dir(&folder) {
        Ok(()) => fs::set_permissions(&folder, Permissions::from_mode(SHARED_BY_ALL)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
    .with_context(|| format!("no folder {}", folder.display()))?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_port_is_reserved_before_anyone_listens() {
        let port = free_port().unwrap();
        assert!(is_free(port));
        // as another process sees it
        let lock = lock_of(port).unwrap().unwrap();
        assert!(lock.try_lock().is_err());
        assert!(!reserve(port).unwrap());
        assert_ne!(following(port - 1).unwrap(), port);
    }
}
