//! What the simulation may name: cores and the wire, no runtime, no machine.

use architecture::{Circle, Rule, hold_with_circles};

const RULES: &[Rule] = &[
    Rule::Bans {
        within: &[""],
        save: &[],
        names: &[
            "actix",
            "actix_web",
            "diesel",
            "futures_util",
            "reqwest",
            "tokio",
            "std::env",
            "std::fs",
            "std::net",
            "std::thread",
            "std::time::Instant",
            "std::time::SystemTime",
            "Utc::now",
            "Local::now",
            "Uuid::new_v4",
            "rand::rng",
        ],
        because: "a schedule is its seed: no runtime, no thread, and neither the machine's clock nor its chance",
    },
    Rule::Bans {
        within: &[""],
        save: &["wire.rs", "partitions.rs"],
        names: &["rdkafka"],
        because: "records are the wire's and the logs'",
    },
    Rule::Bans {
        within: &[""],
        save: &["chance.rs"],
        names: &["rand"],
        because: "all chance comes of the seed",
    },
];

/// Still to be opened.
const CIRCLES: &[Circle<'_>] = &[&[
    "composite/reviewing.rs",
    "composite.rs",
    "faults.rs",
    "invariants.rs",
    "owner/writing.rs",
    "owner.rs",
    "partitions.rs",
    "profile.rs",
    "shopper.rs",
    "store.rs",
    "world.rs",
]];

#[test]
fn the_source_keeps_to_the_rules() {
    hold_with_circles(env!("CARGO_MANIFEST_DIR"), RULES, CIRCLES);
}
