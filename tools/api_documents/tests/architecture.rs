//! What the documents' crate may name: texts in, texts out; only the shelf touches files.

#[path = "../../../shared/tests/support/architecture.rs"]
mod architecture;

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
fn given_the_source_when_scanned_then_it_keeps_to_the_table() {
    hold(env!("CARGO_MANIFEST_DIR"), RULES);
}
