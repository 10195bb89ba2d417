//! What the composite service's folders may name: arrows point inwards, each outside part has one place.

use architecture::services::SERVICE_RULES;
use architecture::{Rule, hold};

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
        save: &["inbound/http/request_limits.rs"],
        names: &["governor"],
        because: "one place counts requests",
    },
    Rule::Bans {
        within: &[""],
        save: &[],
        names: &["order_service", "diesel"],
        because: "services know each other by the wire only, and orders are the order service's",
    },
];

#[test]
fn the_source_keeps_to_the_rules() {
    hold(env!("CARGO_MANIFEST_DIR"), &[SERVICE_RULES, RULES].concat());
}
