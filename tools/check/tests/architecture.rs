//! What the check may name: the mall is seen from outside only.

use architecture::{Rule, hold};

const RULES: &[Rule] = &[
    Rule::Bans {
        within: &[""],
        save: &[],
        names: &[
            "order_service",
            "composite_service",
            "payment_simulator",
            "diesel",
            "load",
            "mall_cli",
        ],
        because: "the truth is found from outside: by HTTP, by Kafka, and by the database's own client",
    },
    Rule::Bans {
        within: &["invariants/", "plan/", "story.rs", "recovery.rs"],
        save: &[],
        names: &[
            "std::fs",
            "std::net",
            "std::process",
            "std::thread",
            "std::time::Instant",
            "std::time::SystemTime",
            "rdkafka",
            "reqwest",
            "stack",
            "terminal",
            "ureq",
        ],
        because: "a plan is its seed, and a judgement its evidence: nothing happens in them",
    },
];

#[test]
fn the_source_keeps_to_the_rules() {
    hold(env!("CARGO_MANIFEST_DIR"), RULES);
}
