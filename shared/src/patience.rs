//! Waits for a peer that is not there yet, as long as it takes. Knows no peer.

use std::fmt::Display;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

/// Does `attempt` until it succeeds, less and less often. Each failure is logged as one of `peer`.
pub async fn until_done<T, E: Display>(
    peer: &str,
    mut attempt: impl AsyncFnMut() -> Result<T, E>,
) -> T {
    let mut delays = ExponentialBuilder::default()
        .with_min_delay(SHORTEST)
        .with_max_delay(LONGEST)
        .with_jitter()
        .without_max_times()
        .build();
    loop {
        match attempt().await {
            Ok(done) => return done,
            Err(error) => {
                let delay = delays.next().unwrap_or(LONGEST);
                log::warn!("waiting {delay:?} for {peer}: {error:#}");
                tokio::time::sleep(delay).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn given_a_peer_that_is_away_for_an_hour_then_it_is_asked_ever_more_rarely_and_never_given_up()
     {
        let begin = tokio::time::Instant::now();
        let mut attempts = 0;
        let waited = until_done("nobody", async || {
            attempts += 1;
            let waited = begin.elapsed();
            if waited < Duration::from_secs(3_600) {
                Err("away")
            } else {
                Ok(waited)
            }
        })
        .await;
        assert!(waited < Duration::from_secs(3_600) + 2 * LONGEST);
        // Every 5 to 10 seconds, and a few more at the beginning.
        assert!((360..=730).contains(&attempts), "{attempts}");
    }
}
