//! Waiting that a signal ends. Must not know what is waited for.

use anyhow::{Result, bail};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// The signals that ask the whole program to stop.
pub(crate) struct Patience<'a>(pub(crate) &'a Receiver<&'static str>);

impl Patience<'_> {
    /// Waits so long; fails at once when somebody asks to stop.
    pub(crate) fn nap(&self, time: Duration) -> Result<()> {
        match self.0.recv_timeout(time) {
            Ok(signal) => bail!("stopped by {signal}"),
            Err(RecvTimeoutError::Timeout) => Ok(()),
            Err(RecvTimeoutError::Disconnected) => {
                bail!("the thread that listens to signals is gone")
            }
        }
    }
}
