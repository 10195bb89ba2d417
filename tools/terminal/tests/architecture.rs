//! What the terminal may name: what it tells of, and who draws it.

use architecture::{Rule, hold};

const RULES: &[Rule] = &[Rule::Bans {
    within: &[""],
    save: &[],
    names: &[
        "order_service",
        "composite_service",
        "check",
        "load",
        "mall_cli",
        "shared",
    ],
    because: "it is told what to say",
}];

#[test]
fn the_source_keeps_to_the_rules() {
    hold(env!("CARGO_MANIFEST_DIR"), RULES);
}
