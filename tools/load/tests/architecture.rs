//! What the load may name: the mall is asked as shoppers ask.

use architecture::{Rule, hold};

const RULES: &[Rule] = &[Rule::Bans {
    within: &[""],
    save: &[],
    names: &[
        "order_service",
        "composite_service",
        "payment_simulator",
        "check",
        "mall_cli",
    ],
    because: "shoppers know the public API, and benchmarks the parts that they start",
}];

#[test]
fn the_source_keeps_to_the_rules() {
    hold(env!("CARGO_MANIFEST_DIR"), RULES);
}
