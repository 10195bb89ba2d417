//! What the composite service's folders may name: arrows point inwards, each outside part has one place.

#[path = "../../shared/tests/support/architecture.rs"]
mod architecture;
#[path = "../../shared/tests/support/service_rules.rs"]
mod service_rules;

use architecture::{Rule, hold};
use service_rules::SERVICE_RULES;

const RULES: &[Rule] = &[
    Rule::Bans {
        within: &[""],
        save: &["outbound/http/"],
        names: &["reqwest"],
        because: "only outbound/http makes requests",
    },
    Rule::Bans {
        within: &[""],
        save: &["outbound/"],
        names: &["tower", "tower_resilience_circuitbreaker"],
        because: "who asks does not know how the outside is guarded",
    },
    Rule::Bans {
        within: &[""],
        save: &[],
        names: &["order_service", "diesel"],
        because: "services know each other by the wire only, and orders are the order service's",
    },
];

#[test]
fn given_the_source_when_scanned_then_it_keeps_to_the_tables() {
    hold(env!("CARGO_MANIFEST_DIR"), &[SERVICE_RULES, RULES].concat());
}
