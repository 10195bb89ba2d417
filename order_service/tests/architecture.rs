//! What the order service's folders may name: arrows point inwards, each outside part has one place.

#[path = "../../shared/tests/support/architecture.rs"]
mod architecture;
#[path = "../../shared/tests/support/service_rules.rs"]
mod service_rules;

use architecture::{Rule, hold};
use service_rules::SERVICE_RULES;

const RULES: &[Rule] = &[
    Rule::Bans {
        within: &["domain/"],
        save: &[],
        names: &["std::time"],
        because: "the domain's times are dates",
    },
    Rule::Bans {
        within: &[""],
        save: &["outbound/mysql/"],
        names: &["diesel", "diesel_migrations", "r2d2"],
        because: "only outbound/mysql knows the database",
    },
    Rule::Bans {
        within: &[""],
        save: &[],
        names: &["composite_service"],
        because: "services know each other by the wire only",
    },
];

#[test]
fn given_the_source_when_scanned_then_it_keeps_to_the_tables() {
    hold(env!("CARGO_MANIFEST_DIR"), &[SERVICE_RULES, RULES].concat());
}
