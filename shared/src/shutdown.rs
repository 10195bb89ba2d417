//! SIGTERM and SIGINT as one event that any number of parts can wait for, and the time for an orderly end, which they share.

use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, timeout};

/// How long leaving a group may take. Brokers that are away can't be told; the group notices by the session time-out.
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
            // Before the receivers are woken, which look at it.
            asked.get_or_init(Instant::now);
            stopping_tx.send_replace(true);
            // A receiver whose sender is gone fails, so the sender stays as long as any receiver.
            stopping_tx.closed().await;
        });
        Ok(Self { stopping, asked_at })
    }

    /// A receiver that turns true when the process was asked to end.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<bool> {
        self.stopping.clone()
    }

    /// Waits until the process was asked to end.
    pub async fn wait(&self) {
        // An error means that the listening task is gone, which happens only when the runtime ends.
        let _ = self.stopping.clone().wait_for(|stop| *stop).await;
    }

    /// Waits until `delay` has passed since the process was asked to end. Then load balancers have noticed that it is not ready, and
    /// send it nothing new.
    pub async fn noticed(&self, delay: Duration) {
        tokio::time::sleep(self.left_of(delay)).await;
    }

    /// What is left of `grace`, which begins when the process is asked to end. Until then it is all of it.
    #[must_use]
    pub fn left_of(&self, grace: Duration) -> Duration {
        let gone = self.asked_at.get().map(Instant::elapsed);
        grace.saturating_sub(gone.unwrap_or_default())
    }
}

/// Runs `leave`, which blocks until the brokers know that this process leaves its group, and waits for it, but only for a few seconds:
/// what takes longer ends with the process.
pub async fn leave_group(leave: impl FnOnce() + Send + 'static) {
    leave_within(LEAVING, leave).await;
}

async fn leave_within(limit: Duration, leave: impl FnOnce() + Send + 'static) {
    let (left_tx, left) = oneshot::channel();
    // A thread, not `spawn_blocking`: a runtime does not end before its blocking tasks do.
    let leaving = thread::Builder::new()
        .name("leaving".to_owned())
        .spawn(move || {
            leave();
            // An error means that it took too long.
            let _ = left_tx.send(());
        });
    match leaving {
        Ok(_) => match timeout(limit, left).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => log::error!("leaving the group panicked"),
            Err(_) => log::warn!(
                "the brokers did not confirm within {limit:?} that this process leaves its group"
            ),
        },
        Err(error) => log::error!("no thread to leave the group by: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    mod leaving_the_group {
        use futures_util::poll;
        use tokio::pin;

        use super::*;

        #[tokio::test]
        async fn is_given_up_when_the_brokers_do_not_answer() {
            let (answer_tx, answer) = mpsc::channel::<()>();
            leave_within(Duration::from_millis(20), move || {
                // The error is this test's end.
                let _ = answer.recv();
            })
            .await;
            drop(answer_tx);
        }

        #[tokio::test]
        async fn is_waited_for_while_there_is_time() {
            let (answer_tx, answer) = mpsc::channel();
            let leaving = leave_within(Duration::from_secs(60), move || answer.recv().unwrap());
            pin!(leaving);
            assert!(poll!(&mut leaving).is_pending());
            answer_tx.send(()).unwrap();
            leaving.await;
        }
    }

    mod the_grace {
        use super::*;

        #[tokio::test(start_paused = true)]
        async fn is_shared_by_all_parts_from_when_the_process_was_asked_to_end() {
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
}
