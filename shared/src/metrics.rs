//! What operators see of a process at `/metrics`: its counters, gauges and histograms, in the text format of Prometheus.
//!
//! `app.rs` gives typed handles to all that count. Labels are resolved when a handle is made, so counting costs a few atomic additions.
//! Knows no metric by name but those of the process itself.

use parking_lot::Mutex;
use prometheus::core::Collector;
use prometheus::{HistogramOpts, Opts, Registry, TextEncoder};

pub use prometheus::{
    Error, Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Result,
};

/// The media type of [`Metrics::render`]'s text.
pub const CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;

/// Upper bounds of the buckets of durations, in seconds: from the time of a message to the longest wait of a shopper.
pub const SECONDS: [f64; 16] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];

/// All metrics of a process.
pub struct Metrics {
    registry: Registry,
    looks: Mutex<Vec<Look>>,
}

type Look = Box<dyn Fn() + Send>;

impl Metrics {
    /// Those of the process itself: processor time, memory, open files, start.
    ///
    /// # Errors
    /// When the registry refuses them.
    pub fn new() -> Result<Self> {
        let registry = Registry::new();
        let process = prometheus::process_collector::ProcessCollector::for_self();
        registry.register(Box::new(process))?;
        Ok(Self {
            registry,
            looks: Mutex::default(),
        })
    }

    /// A counter for each combination of labels.
    ///
    /// # Errors
    /// When the name is not valid, or taken; so for all others.
    pub fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec> {
        self.registered(IntCounterVec::new(Opts::new(name, help), labels)?)
    }

    /// A counter.
    ///
    /// # Errors
    /// As [`counters`](Self::counters).
    pub fn counter(&self, name: &str, help: &str) -> Result<IntCounter> {
        self.registered(IntCounter::new(name, help)?)
    }

    /// A gauge for each combination of labels.
    ///
    /// # Errors
    /// As [`counters`](Self::counters).
    pub fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec> {
        self.registered(IntGaugeVec::new(Opts::new(name, help), labels)?)
    }

    /// A gauge.
    ///
    /// # Errors
    /// As [`counters`](Self::counters).
    pub fn gauge(&self, name: &str, help: &str) -> Result<IntGauge> {
        self.registered(IntGauge::new(name, help)?)
    }

    /// A histogram of durations in seconds for each combination of labels.
    ///
    /// # Errors
    /// As [`counters`](Self::counters).
    pub fn durations(&self, name: &str, help: &str, labels: &[&str]) -> Result<HistogramVec> {
        let options = HistogramOpts::new(name, help).buckets(SECONDS.to_vec());
        self.registered(HistogramVec::new(options, labels)?)
    }

    /// A histogram of numbers whose buckets end at powers of two, up to `largest`.
    ///
    /// # Errors
    /// As [`counters`](Self::counters).
    pub fn sizes(&self, name: &str, help: &str, largest: u32) -> Result<Histogram> {
        let bounds = (0..=largest.max(1).ilog2()).map(|power| f64::from(1_u32 << power));
        let options = HistogramOpts::new(name, help).buckets(bounds.collect());
        self.registered(Histogram::with_opts(options)?)
    }

    /// Has `look` set gauges whenever the metrics are asked for: cheaper than to follow each change. It must not block.
    pub fn on_scrape(&self, look: impl Fn() + Send + 'static) {
        self.looks.lock().push(Box::new(look));
    }

    /// All metrics as text.
    ///
    /// # Errors
    /// When they can't be encoded.
    pub fn render(&self) -> Result<String> {
        self.looks.lock().iter().for_each(|look| look());
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }

    fn registered<C: Collector + Clone + 'static>(&self, metric: C) -> Result<C> {
        self.registry.register(Box::new(metric.clone()))?;
        Ok(metric)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_has_types_values_and_the_process_s_own_metrics() {
        let metrics = Metrics::new().unwrap();
        let taken = metrics
            .counters("taken_total", "Taken.", &["topic"])
            .unwrap();
        taken.with_label_values(&["orders"]).inc_by(2);
        let sizes = metrics.sizes("batch_size", "Sizes.", 512).unwrap();
        sizes.observe(3.0);
        let idle = metrics.gauge("idle", "Idle.").unwrap();
        metrics.on_scrape(move || idle.set(7));

        let text = metrics.render().unwrap();
        for line in [
            "# TYPE taken_total counter",
            "taken_total{topic=\"orders\"} 2",
            "# TYPE batch_size histogram",
            "batch_size_bucket{le=\"2\"} 0",
            "batch_size_bucket{le=\"4\"} 1",
            "batch_size_bucket{le=\"512\"} 1",
            "batch_size_count 1",
            "idle 7",
            "# TYPE process_cpu_seconds_total counter",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
    }

    #[test]
    fn a_second_metric_of_one_name_is_refused() {
        let metrics = Metrics::new().unwrap();
        metrics.gauge("idle", "Idle.").unwrap();
        assert!(metrics.gauge("idle", "Idle.").is_err());
    }
}
