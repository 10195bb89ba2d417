//! Restarts processes that exited by themselves, as Kubernetes would, and notes the reason that they logged. Must not judge it.

use crate::told::{Millis, now};
use anyhow::Result;
use stack::Stack;
use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

const READY_LIMIT: Duration = Duration::from_secs(60);

/// How many of a log's last lines are searched for the reason of an exit.
const LAST_LINES: usize = 50;

/// How Rust's `abort` shows in the exit status.
const SIGABRT: i32 = 6;

/// A process that exited although no fault had killed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct End {
    /// The process.
    pub(crate) name: String,
    /// Its exit status, in words.
    pub(crate) status: String,
    /// When that was noticed.
    pub(crate) at: Millis,
    /// What it said itself.
    pub(crate) reason: Reason,
}

/// For which a service of ours ends itself on purpose, as its log's last lines and its exit status tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The database has not answered a call for far longer than any call takes.
    DatabaseSilent,
    /// Its producer has lost its place at the brokers.
    ProducerLost,
    /// Anything else.
    Unknown,
}

impl fmt::Display for End {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} exited by itself ({})",
            self.name, self.status
        )?;
        formatter.write_str(match self.reason {
            Reason::DatabaseSilent => ", because the database did not answer",
            Reason::ProducerLost => ", because its producer had lost its place",
            Reason::Unknown => "",
        })
    }
}

impl Reason {
    fn of(signal: Option<i32>, last_lines: &str) -> Self {
        let has_said = |words| signal == Some(SIGABRT) && last_lines.contains(words);
        if has_said("the database has not answered for too long") {
            Self::DatabaseSilent
        } else if has_said("the producer has failed for good") {
            Self::ProducerLost
        } else {
            Self::Unknown
        }
    }
}

/// Starts again what has ended. One that does not become ready is left to whoever waits for quiet.
pub(crate) fn keep(stack: &mut Stack) -> Result<Vec<End>> {
    let mut ends = Vec::new();
    for child in stack.children() {
        if let Some(status) = child.exit_status()? {
            ends.push(End {
                name: child.name().to_owned(),
                status: status.to_string(),
                at: now(),
                reason: Reason::of(status.signal(), &child.log_tail(LAST_LINES)),
            });
            child.restart()?;
            if !child.ready_url().is_empty() {
                // When it exits again before it is ready, the next call finds it.
                let _ = child.wait_ready(READY_LIMIT);
            }
        }
    }
    Ok(ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_read_from_the_log_only_after_an_abort() {
        let database = "ERROR the database has not answered for too long: the process ends, …";
        let producer = "ERROR the producer has failed for good: out of order sequence";
        let panic = "thread 'main' panicked at src/app.rs:1:1:\nno";
        assert_eq!(Reason::of(Some(SIGABRT), database), Reason::DatabaseSilent);
        assert_eq!(Reason::of(Some(SIGABRT), producer), Reason::ProducerLost);
        assert_eq!(Reason::of(Some(SIGABRT), panic), Reason::Unknown);
        for signal in [None, Some(9), Some(11)] {
            assert_eq!(Reason::of(signal, database), Reason::Unknown);
        }
    }
}
