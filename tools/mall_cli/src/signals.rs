//! Ctrl-C, SIGTERM and the end of the terminal as messages. Must not know what is stopped then.

use anyhow::{Context, Result};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

/// The first signal ends all waits and arrives as a message; the second ends this process at once, and the kernel then kills
/// the children.
pub(crate) fn listen() -> Result<Receiver<&'static str>> {
    let (told, messages) = channel();
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot listen to signals")?;
    let guard = runtime.enter();
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen to SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen to SIGTERM")?;
    let mut hangup = signal(SignalKind::hangup()).context("cannot listen to SIGHUP")?;
    drop(guard);
    thread::spawn(move || {
        runtime.block_on(async {
            let mut next = async || {
                tokio::select! {
                    _ = interrupt.recv() => "Ctrl-C",
                    _ = terminate.recv() => "SIGTERM",
                    _ = hangup.recv() => "SIGHUP",
                }
            };
            let first = next().await;
            stack::interrupt();
            // the receiver is gone when everything has stopped already
            let _ = told.send(first);
            next().await;
            std::process::exit(1);
        });
    });
    Ok(messages)
}
