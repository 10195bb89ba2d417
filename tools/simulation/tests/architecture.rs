//! What the simulation may name: cores and the wire, no runtime, no machine.

use architecture::{Rule, hold};

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

#[test]
fn the_source_keeps_to_the_rules() {
    hold(env!("CARGO_MANIFEST_DIR"), RULES);
}
