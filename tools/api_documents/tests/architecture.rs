//! What the documents' crate may name: texts in, texts out; only the shelf touches files.

use architecture::{Rule, hold};

const RULES: &[Rule] = &[
    Rule::Bans {
        within: &[""],
        save: &["shelf.rs"],
        names: &["std::fs", "std::io"],
        because: "only the shelf touches files",
    },
    Rule::Bans {
        within: &[""],
        save: &[],
        names: &[
            "std::process",
            "std::net",
            "std::env",
            "shared",
            "composite_service",
            "stack",
        ],
        because: "who makes the exchanges is the test's that documents",
    },
];

#[test]
fn the_source_keeps_to_the_rules() {
    hold(env!("CARGO_MANIFEST_DIR"), RULES);
}
