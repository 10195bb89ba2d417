//! Waits that a signal ends. Must not know what is waited for.

use anyhow::{Result, bail};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// The signals that ask the whole program to stop; each arrives as its name.
pub struct Signals<'a>(
    /// Filled by whoever listens to the process's signals.
    pub &'a Receiver<&'static str>,
);

impl Signals<'_> {
    /// Sleeps for `time`.
    ///
    /// # Errors
    /// When a signal arrives, or nobody listens to signals any more.
    pub fn sleep(&self, time: Duration) -> Result<()> {
        match self.0.recv_timeout(time) {
            Ok(signal) => bail!("stopped by {signal}"),
            Err(RecvTimeoutError::Timeout) => Ok(()),
            Err(RecvTimeoutError::Disconnected) => {
                bail!("the thread that listens to signals is gone")
            }
        }
    }
}
