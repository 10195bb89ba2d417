//! What the identity provider may name: its domain decides, the rest is input and output.

use architecture::{Rule, hold};

const RULES: &[Rule] = &[
    Rule::Bans {
        within: &["domain/"],
        save: &[],
        names: &[
            "actix_web",
            "jsonwebtoken",
            "log",
            "rcgen",
            "std::env",
            "std::fs",
            "std::net",
            "std::thread",
            "std::time::Instant",
            "std::time::SystemTime",
            "Utc::now",
            "Uuid::new_v4",
            "crate::clock",
            "crate::http",
            "crate::issuer",
            "crate::keys",
        ],
        because: "what a token says is decided without input, output, clock and chance",
    },
    Rule::Bans {
        within: &[""],
        save: &["http/", "app.rs", "main.rs"],
        names: &["actix_web"],
        because: "only http answers requests; the others need its runtime",
    },
    Rule::Bans {
        within: &[""],
        save: &[],
        names: &["shared", "stack", "order_service", "composite_service"],
        because: "the issuer stands in for somebody else's: it stands alone",
    },
];

#[test]
fn the_source_keeps_to_the_rules() {
    hold(env!("CARGO_MANIFEST_DIR"), RULES);
}
