//! SIGTERM and SIGINT as one event that any number of parts can wait for, and the time for an orderly end, which they share.

use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, timeout};

/// How the grace for an orderly end is divided. The sum is less than the whole: servers and clients end after that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parting {
    /// For what is unfinished.
    pub finish: Duration,
    /// For the last commit, and to leave the group. Brokers that are away can't be told; the group notices by the session time-out.
    pub leave: Duration,
}

impl Parting {
    /// Of what is left of the grace.
    #[must_use]
    pub fn within(grace: Duration) -> Self {
        Self {
            finish: grace * 7 / 10,
            leave: grace / 5,
        }
    }
}

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

    /// Ends the process when `grace` is over, whatever has not ended by then: blocking calls, a runtime that waits for them, a client that
    /// waits for brokers. Nothing depends on them any more, since what was not acknowledged is done again by another process.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub fn end_after(&self, grace: Duration) -> std::io::Result<()> {
        let mut stopping = self.stopping.clone();
        let (asked_tx, asked) = std::sync::mpsc::channel();
        tokio::spawn(async move {
            // Errors mean that the runtime ends, and the process with it.
            let _ = stopping.wait_for(|stop| *stop).await;
            let _ = asked_tx.send(());
        });
        thread::Builder::new()
            .name("last-resort".to_owned())
            .spawn(move || {
                if asked.recv().is_ok() {
                    thread::sleep(grace);
                    log::warn!("ending now: {grace:?} are over");
                    log::logger().flush();
                    std::process::exit(0);
                }
            })
            .map(drop)
    }

    /// What is left of `grace`, which begins when the process is asked to end. Until then it is all of it.
    #[must_use]
    pub fn left_of(&self, grace: Duration) -> Duration {
        let gone = self.asked_at.get().map(Instant::elapsed);
        grace.saturating_sub(gone.unwrap_or_default())
    }
}

/// Runs `leave`, which blocks until the brokers know that this process leaves its group, and waits for it, but only for so long: what takes
/// longer ends with the process.
pub async fn leave_within(limit: Duration, leave: impl FnOnce() + Send + 'static) {
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

        #[test]
        fn is_divided_with_something_left_for_the_rest() {
            for seconds in [0, 1, 20, 3_600] {
                let grace = Duration::from_secs(seconds);
                let Parting { finish, leave } = Parting::within(grace);
                assert!(finish + leave + grace / 10 <= grace);
                assert!(finish > leave || seconds == 0);
            }
        }

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
