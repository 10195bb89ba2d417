//! What the commands may name: libraries, not what these are made of.

use architecture::{Circle, Rule, hold_with_circles};

const RULES: &[Rule] = &[Rule::Bans {
    within: &[""],
    save: &[],
    names: &["order_service", "composite_service", "payment_simulator"],
    because: "the mall is seen from outside",
}];

/// Still to be opened.
const CIRCLES: &[Circle<'_>] = &[&[
    "commands/dlt/list.rs",
    "commands/dlt/mod.rs",
    "commands/dlt/redrive.rs",
    "commands/dlt/show.rs",
]];

#[test]
fn the_source_keeps_to_the_rules() {
    hold_with_circles(env!("CARGO_MANIFEST_DIR"), RULES, CIRCLES);
}
