//! What the handlers have in common: where they read from, and what readiness depends on.

use std::sync::Arc;

use chrono_tz::Tz;
use shared::clock::Clock;
use shared::kafka::broker_probe::BrokerProbe;
use shared::kafka::health_board::HealthBoard;
use tokio::sync::watch;

use crate::actors::store_threads::StoreReader;
use crate::actors::write_progress::WritingState;

/// What the handlers read from.
#[derive(Clone)]
pub struct Reads {
    /// Reads orders and products.
    pub reader: StoreReader,
    /// Asks Kafka whether it is there.
    pub broker: BrokerProbe,
    /// Whether commands are being taken, and why not.
    pub intake: HealthBoard,
    /// The topic that they come from.
    pub orders_topic: String,
    /// Whether what commands change gets written.
    pub writing: WritingState,
    /// Whether the service is ending.
    pub stopping: watch::Receiver<bool>,
    /// Tells which reviews are due, and which coupons are valid.
    pub clock: Arc<dyn Clock>,
    /// The zone of dates.
    pub zone: Tz,
}
