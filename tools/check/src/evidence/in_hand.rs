//! What the services say that they have in hand, off their metrics for operators. Must not know how much it should be.

use anyhow::{Context, Result, bail};
use stack::{Service, Stack};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(10);

/// Purchases that have not come to their end, and commands whose reply somebody waits for.
const OF_COMPOSITES: [&str; 2] = ["purchases_under_way", "command_waiters"];
/// Live actors of orders.
const OF_ORDER_SERVICES: [&str; 1] = [r#"actor_live{actor="OrderActor"}"#];
/// What a group has not committed. It is told while a broker answers.
const OF_BOTH: &str = "kafka_consumergroup_lag{";

/// One number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InHand {
    /// Who says so.
    pub(crate) service: String,
    /// The metric, with its labels.
    pub(crate) what: String,
    pub(crate) count: i64,
}

/// What every service of ours has in hand, nothing included.
///
/// # Errors
/// When one does not answer, or does not tell all of it.
pub(crate) fn in_hand(stack: &Stack) -> Result<Vec<InHand>> {
    let mut found = Vec::new();
    for composite in &stack.composites {
        found.extend(ask(composite, &OF_COMPOSITES)?);
    }
    for order_service in &stack.order_services {
        found.extend(ask(order_service, &OF_ORDER_SERVICES)?);
    }
    Ok(found)
}

fn ask(service: &Service, wanted: &[&str]) -> Result<Vec<InHand>> {
    let agent: ureq::Agent = stack::direct(LIMIT).build().into();
    let metrics = agent
        .get(format!("{}/metrics", service.internal_url()))
        .call()
        .and_then(|mut answer| answer.body_mut().read_to_string())
        .with_context(|| format!("{} does not tell what it has in hand", service.name()))?;
    read(service.name(), &metrics, wanted)
}

fn read(service: &str, metrics: &str, wanted: &[&str]) -> Result<Vec<InHand>> {
    let mut found = Vec::new();
    for (what, count) in metrics.lines().filter_map(|line| line.rsplit_once(' ')) {
        if wanted.contains(&what) || what.starts_with(OF_BOTH) {
            found.push(InHand {
                service: service.to_owned(),
                what: what.to_owned(),
                count: count
                    .parse()
                    .with_context(|| format!("{service} has {count} of {what}"))?,
            });
        }
    }
    for what in wanted {
        if !found.iter().any(|in_hand| in_hand.what == *what) {
            bail!("{service} does not tell {what}");
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const METRICS: &str = "\
# HELP command_waiters Commands whose reply somebody waits for.
# TYPE command_waiters gauge
command_waiters 0
kafka_consumergroup_lag{consumergroup=\"compositeGroup\",partition=\"0\",topic=\"composite\"} 3
actor_live{actor=\"PurchaseActor\"} 4
purchases_under_way 2
purchases_under_way_of_another_kind 9
";

    #[test]
    fn only_unfinished_work_is_read() {
        let found = read("composite-service", METRICS, &OF_COMPOSITES).unwrap();
        let counts: Vec<(&str, i64)> = found
            .iter()
            .map(|in_hand| (in_hand.what.as_str(), in_hand.count))
            .collect();
        assert_eq!(counts[0], ("command_waiters", 0));
        assert!(counts[1].0.starts_with("kafka_consumergroup_lag{") && counts[1].1 == 3);
        assert_eq!(counts[2..], [("purchases_under_way", 2)]);
    }

    #[test]
    fn missing_or_invalid_gauges_are_refused() {
        assert!(read("order-service", METRICS, &OF_ORDER_SERVICES).is_err());
        assert!(
            read(
                "composite-service",
                "command_waiters NaN",
                &["command_waiters"]
            )
            .is_err()
        );
    }
}
