//! The order service's metrics: every name in one place. `app.rs` passes the typed handles to the code that counts.

use shared::common_metrics::CommonMetrics;
use shared::kafka::dead_letters::dead_letter_topic;
use shared::metrics::{Histogram, HistogramVec, IntCounter, IntGauge, Metrics, Result};

/// All of them.
pub struct ServiceMetrics {
    /// Those of every service.
    pub common: CommonMetrics,
    /// Records that come in.
    pub intake: IntakeMetrics,
    /// Replies that can never be delivered.
    pub replies_lost: IntCounter,
    /// Transitions that were parked because they keep failing although the store answers.
    pub transitions_failing: IntCounter,
    /// Loads and batches.
    pub store: StoreMetrics,
    /// Connections.
    pub pool: PoolMetrics,
}

impl ServiceMetrics {
    /// Registers them; commands come from the topic `orders`, in batches of `max_batch` at most.
    ///
    /// # Errors
    /// When one is registered already.
    pub fn new(orders: &str, max_batch: usize) -> Result<Self> {
        let common = CommonMetrics::new()?;
        let metrics = &*common.all;
        Ok(Self {
            intake: IntakeMetrics::new(metrics, orders)?,
            replies_lost: metrics.counter(
                "replies_lost_total",
                "Replies that can never be delivered; their requesters must ask again.",
            )?,
            transitions_failing: metrics.counter(
                "journal_transitions_failing_total",
                "Transitions that kept failing although the database answered, and that were parked.",
            )?,
            store: StoreMetrics::new(metrics, max_batch)?,
            pool: PoolMetrics::new(metrics)?,
            common,
        })
    }
}

/// Commands, from the record to the acknowledged reply.
#[derive(Clone)]
pub struct IntakeMetrics {
    /// Records that were read.
    pub taken: IntCounter,
    /// Records that weren't commands.
    pub set_aside: IntCounter,
    /// From reading a record to the acknowledgement of its reply.
    pub processed: Histogram,
    /// Permits that are not in use: how many more records can be read before others are finished.
    pub permits_left: IntGauge,
}

impl IntakeMetrics {
    /// Registers them; the records come from the topic `orders`.
    ///
    /// # Errors
    /// When one is registered already.
    pub fn new(metrics: &Metrics, orders: &str) -> Result<Self> {
        let topic = ["messaging_destination_name"];
        let taken = metrics.counters(
            "messaging_client_consumed_messages_total",
            "Records that were taken in.",
            &topic,
        )?;
        let set_aside = metrics.counters(
            "messaging_dead_letters_total",
            "Records that were not commands and went to the dead letters.",
            &topic,
        )?;
        let processed = metrics.durations(
            "messaging_process_duration_seconds",
            "How long records took from being taken in to the acknowledgement of their replies.",
            &topic,
        )?;
        Ok(Self {
            taken: taken.with_label_values(&[orders]),
            set_aside: set_aside.with_label_values(&[&dead_letter_topic(orders)]),
            processed: processed.with_label_values(&[orders]),
            permits_left: metrics.gauge(
                "intake_permits_left",
                "How many more commands may be unfinished; the intake keeps one permit ready for the next record.",
            )?,
        })
    }
}

/// What the store does for actors.
#[derive(Clone)]
pub struct StoreMetrics {
    /// Transitions of a transaction.
    pub batch_size: Histogram,
    /// How long a transaction takes, by lane and outcome, retries not included.
    pub commits: HistogramVec,
    /// How long loading an order takes, by outcome.
    pub loads: HistogramVec,
}

impl StoreMetrics {
    /// Registers them.
    ///
    /// # Errors
    /// When one is registered already.
    pub fn new(metrics: &Metrics, max_batch: usize) -> Result<Self> {
        Ok(Self {
            batch_size: metrics.sizes(
                "journal_batch_size",
                "Transitions of a transaction.",
                u32::try_from(max_batch).unwrap_or(u32::MAX),
            )?,
            commits: metrics.durations(
                "journal_commit_duration_seconds",
                "How long a transaction took: at_once if it skips locked rows, in_turn if it waits for them.",
                &["lane", "outcome"],
            )?,
            loads: metrics.durations(
                "order_load_duration_seconds",
                "How long loading an order from the database took.",
                &["outcome"],
            )?,
        })
    }
}

/// The pool of connections to the database.
#[derive(Clone)]
pub struct PoolMetrics {
    /// Connections in use.
    pub used: IntGauge,
    /// Connections not in use.
    pub idle: IntGauge,
    /// Connections at most.
    pub max: IntGauge,
}

impl PoolMetrics {
    /// Registers them; the names are OpenTelemetry's.
    ///
    /// # Errors
    /// When one is registered already.
    pub fn new(metrics: &Metrics) -> Result<Self> {
        let count = metrics.gauges(
            "db_client_connections",
            "Connections to the database.",
            &["state"],
        )?;
        Ok(Self {
            used: count.with_label_values(&["used"]),
            idle: count.with_label_values(&["idle"]),
            max: metrics.gauge(
                "db_client_connections_max",
                "Connections to the database that may be open.",
            )?,
        })
    }

    /// Shows a pool of at most `max` connections, of which `open` are open and `idle` not in use.
    pub fn show(&self, max: u32, open: u32, idle: u32) {
        self.used.set(i64::from(open.saturating_sub(idle)));
        self.idle.set(i64::from(idle));
        self.max.set(i64::from(max));
    }
}
