//! SIGTERM and SIGINT as one event that any number of parts can wait for.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Tells when this process was asked to end.
#[derive(Debug)]
pub struct Termination {
    stopping: watch::Receiver<bool>,
}

impl Termination {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn listen() -> std::io::Result<Self> {
        let (mut terminate, mut interrupt) = (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        );
        let (stopping_tx, stopping) = watch::channel(false);
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => log::info!("SIGTERM, stopping"),
                _ = interrupt.recv() => log::info!("SIGINT, stopping"),
            }
            stopping_tx.send_replace(true);
            stopping_tx.closed().await;
        });
        Ok(Self { stopping })
    }

    /// Turns true when it is time to end.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<bool> {
        self.stopping.clone()
    }

    /// Waits for that.
    pub async fn wait(&self) {
        // An error means that the listening task is gone, which happens only when the runtime ends.
        let _ = self.stopping.clone().wait_for(|stop| *stop).await;
    }
}
