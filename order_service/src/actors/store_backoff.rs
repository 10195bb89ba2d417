//! How an unavailable store is tried again.

use std::time::Duration;

use backon::ExponentialBuilder;

/// Soon, then less and less often, with jitter, without end.
#[must_use]
pub fn store_backoff() -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(20))
        .with_max_delay(Duration::from_secs(2))
        .with_jitter()
        .without_max_times()
}
