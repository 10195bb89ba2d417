//! What the dead letters' crate may name: records, not what a service makes of them.

use architecture::{Rule, hold};

const RULES: &[Rule] = &[
    Rule::Bans {
        within: &[""],
        save: &[],
        names: &[
            "order_service",
            "composite_service",
            "clap",
            "stack",
            "terminal",
        ],
        because: "who asks for a letter, and what a service makes of it, is not known here",
    },
    Rule::Bans {
        within: &["letter.rs", "survey.rs", "text.rs", "record_id.rs"],
        save: &[],
        names: &["rdkafka::consumer", "rdkafka::producer", "std::time"],
        because: "these are pure",
    },
];

#[test]
fn the_source_keeps_to_the_rules() {
    hold(env!("CARGO_MANIFEST_DIR"), RULES);
}
