//! What the commands may name: libraries, not what these are made of.

use architecture::{Rule, hold};

const RULES: &[Rule] = &[Rule::Bans {
    within: &[""],
    save: &[],
    names: &["order_service", "composite_service", "payment_simulator"],
    because: "the mall is seen from outside",
}];

#[test]
fn the_source_keeps_to_the_rules() {
    hold(env!("CARGO_MANIFEST_DIR"), RULES);
}
