//! SIGTERM and SIGINT as one event that any number of parts can wait for, and the time that is left for ending, which they share.

use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, timeout};

/// How long leaving a group may take. Brokers that are away can't be told, and find out by themselves.
const LEAVING: Duration = Duration::from_secs(8);

/// Tells when this process was asked to end.
#[derive(Debug)]
pub struct Termination {
    stopping: watch::Receiver<bool>,
    asked_at: Arc<OnceLock<Instant>>,
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
        let asked_at = Arc::new(OnceLock::new());
        let asked = Arc::clone(&asked_at);
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => log::info!("SIGTERM, stopping"),
                _ = interrupt.recv() => log::info!("SIGINT, stopping"),
            }
            asked.get_or_init(Instant::now);
            stopping_tx.send_replace(true);
            stopping_tx.closed().await;
        });
        Ok(Self { stopping, asked_at })
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

    /// To be awaited after the process was asked to end: `delay` has passed since, and whoever watches its readiness, which is off,
    /// sends nothing new.
    pub async fn noticed(&self, delay: Duration) {
        tokio::time::sleep(self.left_of(delay)).await;
    }

    /// What is left of `grace`, which began when this process was asked to end; all of it before.
    #[must_use]
    pub fn left_of(&self, grace: Duration) -> Duration {
        let gone = self.asked_at.get().map(Instant::elapsed);
        grace.saturating_sub(gone.unwrap_or_default())
    }
}

/// Runs `leave`, which blocks until the brokers know that this process leaves its group, and waits for it for a few seconds. What takes
/// longer ends with the process.
pub async fn leave_group(leave: impl FnOnce() + Send + 'static) {
    leave_within(LEAVING, leave).await;
}

/// Not a blocking task of the runtime, which waits for all of those before it ends.
async fn leave_within(limit: Duration, leave: impl FnOnce() + Send + 'static) {
    let (left_tx, left) = oneshot::channel();
    let leaving = thread::Builder::new()
        .name("leaving".to_owned())
        .spawn(move || {
            leave();
            // Nobody waits any more when it took too long.
            let _ = left_tx.send(());
        });
    match leaving {
        Ok(_) => match timeout(limit, left).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => log::error!("leaving the group failed"),
            Err(_) => log::warn!("the group could not be told within {limit:?} that it is left"),
        },
        Err(error) => log::error!("leaving the group failed: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn given_brokers_that_do_not_answer_then_leaving_ends_and_else_it_is_waited_for() {
        let (answer_tx, answer) = mpsc::channel::<()>();
        leave_within(Duration::from_millis(20), move || {
            // The error is this test's end.
            let _ = answer.recv();
        })
        .await;
        drop(answer_tx);

        let (done_tx, done) = mpsc::channel();
        leave_within(Duration::from_secs(60), move || {
            thread::sleep(Duration::from_millis(20));
            done_tx.send(()).unwrap();
        })
        .await;
        assert!(done.try_recv().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn given_a_process_that_was_asked_to_end_then_its_parts_share_what_is_left_of_the_grace()
    {
        let termination = Termination::listen().unwrap();
        let grace = Duration::from_secs(20);
        let wait = Duration::from_secs(15);
        tokio::time::advance(wait).await;
        assert_eq!(termination.left_of(grace), grace);
        termination.asked_at.get_or_init(Instant::now);
        tokio::time::advance(wait).await;
        assert_eq!(termination.left_of(grace), Duration::from_secs(5));
        tokio::time::advance(wait).await;
        assert_eq!(termination.left_of(grace), Duration::ZERO);
    }
}
