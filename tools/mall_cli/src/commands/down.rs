//! `mall down`: asks the running `up` to stop, and waits for it. Must not know what it stops.

use crate::home::Home;
use anyhow::{Context, Result};
use clap::Args;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use stack::until;
use std::process::ExitCode;
use std::time::Duration;
use terminal::tell;

const LIMIT: Duration = Duration::from_secs(180);

/// Stop what `up` started
#[derive(Args)]
pub(crate) struct Down {
    #[command(flatten)]
    home: Home,
}

impl Down {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let Some(running) = self.home.running()? else {
            tell("nothing runs");
            return Ok(ExitCode::SUCCESS);
        };
        match kill(Pid::from_raw(running.pid.try_into()?), Signal::SIGTERM) {
            // ESRCH: it has ended by itself meanwhile.
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot stop pid {}", running.pid));
            }
        }
        // Its lock is free when the process has really ended, and not only when it no longer answers.
        until("waiting for its end", LIMIT, || {
            Ok(self.home.lock()?.map(drop))
        })?;
        tell(format!("stopped (pid {})", running.pid));
        Ok(ExitCode::SUCCESS)
    }
}
