//! What the shared crate may name where.

use architecture::{Rule, hold};

const RULES: &[Rule] = &[
    Rule::Bans {
        within: &[""],
        save: &[],
        names: &[
            "order_service",
            "composite_service",
            "stack",
            "payment_simulator",
        ],
        because: "what both services use knows neither",
    },
    Rule::Bans {
        within: &[""],
        save: &[],
        names: &["diesel", "reqwest"],
        because: "tables and the gateway belong to a service",
    },
    Rule::Bans {
        within: &[""],
        save: &["postbox.rs", "system.rs"],
        names: &["actix"],
        because: "actors belong to a service; only how they are sent messages and what they run on are shared",
    },
    Rule::Bans {
        within: &[""],
        save: &["http.rs", "http/"],
        names: &["actix_web", "actix_http", "actix_service"],
        because: "only http answers requests",
    },
    Rule::Bans {
        within: &[""],
        save: &["kafka/", "wire/headers.rs"],
        names: &["rdkafka"],
        because: "only the plumbing and the headers know the client",
    },
    Rule::Bans {
        within: &[""],
        save: &["metrics.rs", "metrics/"],
        names: &["prometheus"],
        because: "only metrics know the format that they are told in",
    },
    Rule::Bans {
        within: &[
            "wire/",
            "money.rs",
            "order_number.rs",
            "reason.rs",
            "kafka/offset_ledger.rs",
            "kafka/committed.rs",
            "kafka/topic_policy.rs",
        ],
        save: &[],
        names: &["crate::kafka", "crate::env", "log", "tokio", "std::time"],
        because: "these are names, shapes and sums: nothing happens in them",
    },
    Rule::Bans {
        within: &[""],
        save: &["clock.rs"],
        names: &["Utc::now", "Local::now", "SystemTime::now"],
        because: "time is an argument",
    },
    Rule::Bans {
        within: &[""],
        save: &["ids.rs"],
        names: &["rand", "Uuid::new_v4"],
        because: "chance is an argument",
    },
    Rule::Bans {
        within: &[""],
        save: &["env.rs"],
        names: &["std::env"],
        because: "the environment is read once, all its errors are told together",
    },
];

#[test]
fn the_source_keeps_to_the_rules() {
    hold(env!("CARGO_MANIFEST_DIR"), RULES);
}
