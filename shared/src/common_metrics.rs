//! The metrics that both services have. Knows no order and no purchase.

use std::sync::Arc;

use crate::env::EffectiveSettings;
use crate::http::internal::Shown;
use crate::http::measured::HttpMetrics;
use crate::kafka::lag::LagMetrics;
use crate::kafka::metrics::ProducersMetrics;
use crate::mailboxes::Mailboxes;
use crate::metrics::{Metrics, Result};
use crate::trace::Traces;

/// The metrics of every service, and the registry for its other ones.
pub struct CommonMetrics {
    /// The registry.
    pub all: Arc<Metrics>,
    /// The messages that wait for actors or are being handled.
    pub mailboxes: Arc<Mailboxes>,
    /// Requests.
    pub http: HttpMetrics,
    /// Acknowledgements.
    pub producers: ProducersMetrics,
    /// How far the group is behind.
    pub lag: LagMetrics,
}

impl CommonMetrics {
    /// Registers them.
    ///
    /// # Errors
    /// When one is registered already.
    pub fn new() -> Result<Self> {
        let all = Arc::new(Metrics::new()?);
        let metrics = &*all;
        Ok(Self {
            mailboxes: Arc::new(Mailboxes::new(metrics)?),
            http: HttpMetrics::new(metrics)?,
            producers: ProducersMetrics::new(metrics)?,
            lag: LagMetrics::new(metrics)?,
            all,
        })
    }

    /// What operators are shown: these metrics, `traces` and `settings`.
    #[must_use]
    pub fn shown(&self, traces: Arc<Traces>, settings: &EffectiveSettings) -> Shown {
        Shown {
            metrics: Arc::clone(&self.all),
            mailboxes: Arc::clone(&self.mailboxes),
            traces,
            settings: Arc::new(settings.clone()),
            views: Vec::new(),
        }
    }
}
