//! What the stack may name: programs, not what they do.

use architecture::{Rule, hold};

const RULES: &[Rule] = &[Rule::Bans {
    within: &[""],
    save: &[],
    names: &[
        "order_service",
        "composite_service",
        "shared",
        "check",
        "load",
        "mall_cli",
        "terminal",
    ],
    because: "whoever starts the parts knows neither what they do nor who looks on",
}];

#[test]
fn the_source_keeps_to_the_rules() {
    hold(env!("CARGO_MANIFEST_DIR"), RULES);
}
