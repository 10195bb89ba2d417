//! Waiting for something to become true, with a deadline. Must not know what is waited for.

use anyhow::{Result, bail};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(20);

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Makes every wait of this process end with an error, because the program was asked to stop.
pub fn interrupt() {
    INTERRUPTED.store(true, Ordering::SeqCst);
}

/// Calls `probe` until it gives a value or an error, `limit` has passed, or the program is interrupted.
/// `what` names the wait in the errors.
pub fn until<T>(
    what: &str,
    limit: Duration,
    mut probe: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    uninterrupted(what, limit, || {
        if INTERRUPTED.load(Ordering::SeqCst) {
            bail!("{what}: interrupted");
        }
        probe()
    })
}

/// The same, but not ended by an interruption: for waits that belong to stopping.
pub(crate) fn uninterrupted<T>(
    what: &str,
    limit: Duration,
    mut probe: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(value) = probe()? {
            return Ok(value);
        }
        if Instant::now() >= deadline {
            bail!("{what}: nothing after {:.1} s", limit.as_secs_f32());
        }
        sleep(PAUSE);
    }
}
