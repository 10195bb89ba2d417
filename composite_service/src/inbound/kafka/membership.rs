//! What librdkafka tells of the membership in the group of composites. Must not know what is read of its partitions.

use std::sync::atomic::{AtomicBool, Ordering};

use rdkafka::ClientContext;
use rdkafka::consumer::{BaseConsumer, ConsumerContext, Rebalance};

/// Notes that the member's partitions have changed.
#[derive(Default)]
pub(super) struct MembershipContext {
    /// Since the reply thread has last asked.
    pub(super) has_changed: AtomicBool,
}

impl ClientContext for MembershipContext {}

impl ConsumerContext for MembershipContext {
    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Error(error) = rebalance {
            log::error!("rebalance failed: {error}");
        }
        self.has_changed.store(true, Ordering::Release);
    }
}
