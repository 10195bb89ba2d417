//! What the payment simulator may name: its ledger decides, the rest is input and output.

use architecture::{Rule, hold};

const RULES: &[Rule] = &[
    Rule::Bans {
        within: &["domain/"],
        save: &[],
        names: &[
            "actix_web",
            "log",
            "tokio",
            "std::env",
            "std::fs",
            "std::net",
            "std::thread",
            "std::time::Instant",
            "std::time::SystemTime",
            "Utc::now",
            "crate::clock",
            "crate::faults",
            "crate::gateway",
            "crate::http",
            "crate::journal",
        ],
        because: "the ledger decides; it has no input, no output and no clock",
    },
    Rule::Bans {
        within: &[""],
        save: &["http/", "app.rs", "main.rs", "journal_tests.rs"],
        names: &["actix_web"],
        because: "only http answers requests; the others need its runtime",
    },
    Rule::Bans {
        within: &[""],
        save: &[],
        names: &["shared", "stack", "order_service", "composite_service"],
        because: "the gateway is another company's: it stands alone",
    },
];

#[test]
fn the_source_keeps_to_the_rules() {
    hold(env!("CARGO_MANIFEST_DIR"), RULES);
}
