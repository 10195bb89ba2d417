//! The metrics of the composite: all names in one place, as typed handles that `app.rs` passes to the code that counts.

use shared::common_metrics::CommonMetrics;
use shared::metrics::{
    Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Metrics, Result,
};

use crate::domain::rate_limit::Policy;
use crate::domain::token::Flaw;

/// All metrics of the service.
pub struct ServiceMetrics {
    /// The metrics that all services have.
    pub common: CommonMetrics,
    /// Commands and their replies.
    pub bridge: BridgeMetrics,
    /// What is read from the topic of replies.
    pub replies: ReplyMetrics,
    /// Calls of the payment gateway.
    pub gateway: GatewayMetrics,
    /// Reviews of unfinished purchases.
    pub reviews: ReviewMetrics,
    /// Purchases under way.
    pub purchases: PurchaseMetrics,
    /// The parts of members' pages.
    pub my_page: MyPageMetrics,
    /// Tokens that were refused, and the issuer's keys.
    pub tokens: TokenMetrics,
    /// Requests beyond a limit.
    pub limits: LimitMetrics,
}

impl ServiceMetrics {
    /// Registers them.
    ///
    /// # Errors
    /// When one is registered already.
    pub fn new() -> Result<Self> {
        let common = CommonMetrics::new()?;
        let metrics = &*common.all;
        Ok(Self {
            bridge: BridgeMetrics::new(metrics)?,
            replies: ReplyMetrics::new(metrics)?,
            gateway: GatewayMetrics::new(metrics)?,
            reviews: ReviewMetrics::new(metrics)?,
            purchases: PurchaseMetrics::new(metrics)?,
            my_page: MyPageMetrics::new(metrics)?,
            tokens: TokenMetrics::new(metrics)?,
            limits: LimitMetrics::new(metrics)?,
            common,
        })
    }
}

/// Commands and their replies.
#[derive(Clone)]
pub struct BridgeMetrics {
    /// Commands that wait for their reply.
    pub waiters: IntGauge,
    /// How long commands have waited for a reply that came in time.
    pub replied: Histogram,
    /// Commands without a reply in time.
    pub overdue: IntCounter,
    /// Commands that were not sent.
    pub not_sent: IntCounter,
    /// Commands that were not sent because the order service does not know them.
    pub not_supported: IntCounter,
    /// The order service: 0 not known, 1 one of this mall, 2 a Spring one.
    pub peer: IntGauge,
    /// Replies that were late or repeated.
    pub late: IntCounter,
}

impl BridgeMetrics {
    /// Registers them.
    ///
    /// # Errors
    /// When one is registered already.
    pub fn new(metrics: &Metrics) -> Result<Self> {
        let unanswered = metrics.counters(
            "commands_unanswered_total",
            "Commands that were not sent, or that nobody replied to in time.",
            &["cause"],
        )?;
        let replied = metrics.durations(
            "command_reply_duration_seconds",
            "How long commands waited for their reply.",
            &[],
        )?;
        Ok(Self {
            waiters: metrics.gauge(
                "command_waiters",
                "Commands whose reply somebody waits for.",
            )?,
            replied: replied.with_label_values(&[] as &[&str]),
            overdue: unanswered.with_label_values(&["overdue"]),
            not_sent: unanswered.with_label_values(&["not_sent"]),
            not_supported: unanswered.with_label_values(&["not_supported"]),
            peer: metrics.gauge(
                "order_service_kind",
                "Who reads the commands: 0 not known yet, 1 an order service of this mall, 2 a Spring one.",
            )?,
            late: metrics.counter(
                "replies_late_total",
                "Replies that nobody waited for any more.",
            )?,
        })
    }
}

/// Tokens that were refused, by what is wrong with them, and fetches of the issuer's keys, by outcome.
#[derive(Clone)]
pub struct TokenMetrics {
    refused: IntCounterVec,
    fetches: IntCounterVec,
}

impl TokenMetrics {
    /// Registers them.
    ///
    /// # Errors
    /// When one is registered already.
    pub fn new(metrics: &Metrics) -> Result<Self> {
        let shown = Self {
            refused: metrics.counters(
                "tokens_refused_total",
                "Bearer tokens that were refused, by what is wrong with them.",
                &["flaw"],
            )?,
            fetches: metrics.counters(
                "issuer_key_fetches_total",
                "Fetches of the issuer's keys.",
                &["outcome"],
            )?,
        };
        // Each is shown as 0 before it is first counted, so that its rate is right from the beginning.
        for flaw in Flaw::ALL {
            shown.refused(flaw).reset();
        }
        for is_success in [true, false] {
            shown.fetched(is_success).reset();
        }
        Ok(shown)
    }

    /// Tokens with this flaw.
    #[must_use]
    pub fn refused(&self, flaw: Flaw) -> IntCounter {
        self.refused.with_label_values(&[flaw.name()])
    }

    /// Fetches that succeeded, or failed.
    #[must_use]
    pub fn fetched(&self, is_success: bool) -> IntCounter {
        let outcome = if is_success { "ok" } else { "error" };
        self.fetches.with_label_values(&[outcome])
    }
}

/// Requests beyond a limit, and those of which it is not known where they come from.
#[derive(Clone)]
pub struct LimitMetrics {
    refused: IntCounterVec,
    /// Requests whose `X-Forwarded-For` did not say where they come from.
    pub unreadable: IntCounter,
}

impl LimitMetrics {
    /// Registers them.
    ///
    /// # Errors
    /// When one is registered already.
    pub fn new(metrics: &Metrics) -> Result<Self> {
        let shown = Self {
            refused: metrics.counters(
                "requests_limited_total",
                "Requests that were refused because their client had sent too many.",
                &["policy"],
            )?,
            unreadable: metrics.counter(
                "forwarded_for_unreadable_total",
                "Requests whose X-Forwarded-For did not say where they come from.",
            )?,
        };
        for policy in Policy::ALL {
            shown.refused(policy).reset();
        }
        Ok(shown)
    }

    /// Requests beyond this limit.
    #[must_use]
    pub fn refused(&self, policy: Policy) -> IntCounter {
        self.refused.with_label_values(&[policy.name()])
    }
}

/// What is read from the topic of replies.
#[derive(Clone)]
pub struct ReplyMetrics {
    /// Records that are for somebody else.
    pub foreign: IntCounter,
}

impl ReplyMetrics {
    /// Registers them.
    ///
    /// # Errors
    /// When one is registered already.
    pub fn new(metrics: &Metrics) -> Result<Self> {
        Ok(Self {
            foreign: metrics.counter(
                "replies_foreign_total",
                "Records of the reply topic that answer no command of this mall, and were dropped.",
            )?,
        })
    }
}

/// Calls of the payment gateway, by operation and outcome.
#[derive(Clone)]
pub struct GatewayMetrics {
    /// How long they take.
    pub calls: HistogramVec,
    /// The circuit breaker of charges: 0 closed, 1 half open, 2 open.
    pub breaker: IntGauge,
}

impl GatewayMetrics {
    /// Registers them.
    ///
    /// # Errors
    /// When they are registered already.
    pub fn new(metrics: &Metrics) -> Result<Self> {
        Ok(Self {
            calls: metrics.durations(
                "payment_gateway_call_duration_seconds",
                "How long calls of the payment gateway took.",
                &["operation", "outcome"],
            )?,
            breaker: metrics.gauge(
                "payment_gateway_breaker_state",
                "The circuit breaker of charges: 0 closed, 1 half open, 2 open.",
            )?,
        })
    }
}

/// Reviews of unfinished purchases.
#[derive(Clone)]
pub struct ReviewMetrics {
    /// Orders that wait for something that no review can do, by reason.
    pub on_hold: IntGaugeVec,
}

impl ReviewMetrics {
    /// Registers them.
    ///
    /// # Errors
    /// When they are registered already.
    pub fn new(metrics: &Metrics) -> Result<Self> {
        Ok(Self {
            on_hold: metrics.gauges(
                "reviews_on_hold",
                "Orders whose payment no review can end, by reason.",
                &["reason"],
            )?,
        })
    }
}

/// Purchases under way.
#[derive(Clone)]
pub struct PurchaseMetrics {
    /// Purchases that have not ended.
    pub under_way: IntGauge,
    /// How many more purchases may be started.
    pub permits_left: IntGauge,
}

impl PurchaseMetrics {
    /// Shows that of `most` purchases `left` could be started now.
    pub fn show(&self, left: usize, most: usize) {
        let as_gauge = |count| i64::try_from(count).unwrap_or(i64::MAX);
        self.permits_left.set(as_gauge(left));
        self.under_way.set(as_gauge(most.saturating_sub(left)));
    }

    /// Registers them.
    ///
    /// # Errors
    /// When one is registered already.
    pub fn new(metrics: &Metrics) -> Result<Self> {
        Ok(Self {
            under_way: metrics.gauge(
                "purchases_under_way",
                "Purchases that have not come to their end, answered ones included.",
            )?,
            permits_left: metrics.gauge(
                "purchase_permits_left",
                "How many more purchases may be started before shoppers hear OVERLOADED.",
            )?,
        })
    }
}

/// The parts of members' pages.
#[derive(Clone)]
pub struct MyPageMetrics {
    /// How long they took, by part and outcome.
    pub parts: HistogramVec,
    /// Their circuit breakers, by part: 0 closed, 1 half open, 2 open.
    pub breakers: IntGaugeVec,
}

impl MyPageMetrics {
    /// Registers them.
    ///
    /// # Errors
    /// When one is registered already.
    pub fn new(metrics: &Metrics) -> Result<Self> {
        Ok(Self {
            parts: metrics.durations(
                "my_page_part_duration_seconds",
                "How long parts of members' pages took.",
                &["part", "outcome"],
            )?,
            breakers: metrics.gauges(
                "my_page_breaker_state",
                "The circuit breakers of the parts: 0 closed, 1 half open, 2 open.",
                &["part"],
            )?,
        })
    }
}
