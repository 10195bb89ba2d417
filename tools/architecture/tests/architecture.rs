//! What the checker itself may name: source texts and nothing else.

use architecture::{Rule, hold};

const RULES: &[Rule] = &[Rule::Bans {
    within: &[""],
    save: &["source.rs"],
    names: &["std::fs"],
    because: "only the reader of the source touches files",
}];

#[test]
fn the_source_keeps_to_the_rules() {
    hold(env!("CARGO_MANIFEST_DIR"), RULES);
}
