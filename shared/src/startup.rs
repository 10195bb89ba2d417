//! Waiting at the start for what a service needs, as long as it takes. Knows no peer.

use std::fmt::Display;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};

const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

/// Does `attempt` until it succeeds, less and less often. Each failure is logged as one of `peer`.
///
/// # Errors
/// Never, for the retries have no end: an error is part of the type only because backon's retries can have one.
pub async fn wait_for_peer<T, E: Display, F: Future<Output = Result<T, E>>>(
    peer: &str,
    attempt: impl FnMut() -> F,
) -> Result<T, E> {
    let delays = ExponentialBuilder::default()
        .with_min_delay(SHORTEST)
        .with_max_delay(LONGEST)
        .with_jitter()
        .without_max_times();
    attempt
        .retry(delays)
        .notify(|error, delay| {
            log::warn!("{peer} is not there yet, trying again in {delay:?}: {error:#}")
        })
        .await
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::time::Instant;

    use super::*;

    mod when_the_peer_is_away_for_an_hour {
        use super::*;

        #[tokio::test(start_paused = true)]
        async fn it_is_asked_every_5_to_10_seconds_until_it_is_there() {
            const HOUR: Duration = Duration::from_secs(3_600);
            let (begin, attempts) = (Instant::now(), Cell::new(0));
            let waited = wait_for_peer("a peer", || async {
                attempts.set(attempts.get() + 1);
                let waited = begin.elapsed();
                if waited < HOUR {
                    Err("away")
                } else {
                    Ok(waited)
                }
            })
            .await
            .unwrap();
            assert!(waited < HOUR + 2 * LONGEST);
            // Jitter adds up to one more delay to each, and the first delays are shorter.
            assert!((360..=730).contains(&attempts.get()), "{attempts:?}");
        }
    }
}
