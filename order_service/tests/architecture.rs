//! What the order service's folders may name: arrows point inwards, each outside part has one place.

#[path = "../../shared/tests/support/architecture.rs"]
mod architecture;

use architecture::{Rule, hold};

const RULES: &[Rule] = &[
    Rule::Bans {
        within: &["domain/"],
        save: &[],
        names: &[
            "actix",
            "actix_web",
            "backon",
            "diesel",
            "log",
            "rand",
            "rdkafka",
            "reqwest",
            "serde",
            "serde_json",
            "tokio",
            "std::env",
            "std::fs",
            "std::net",
            "std::thread",
            "std::time",
            "Utc::now",
            "Local::now",
        ],
        because: "the domain decides; it has no input, no output, no clock and no chance",
    },
    Rule::Bans {
        within: &["domain/"],
        save: &[],
        names: &[
            "crate::ports",
            "crate::actors",
            "crate::inbound",
            "crate::outbound",
            "crate::app",
            "crate::config",
            "crate::dto",
        ],
        because: "the domain is the innermost",
    },
    Rule::ImportsOnly {
        within: &["ports/"],
        from: &[
            "std",
            "chrono",
            "thiserror",
            "shared",
            "crate::domain",
            "crate::ports",
        ],
        because: "a port speaks the domain's words, of which a time is one",
    },
    Rule::Bans {
        within: &["actors/"],
        save: &[],
        names: &[
            "diesel",
            "diesel_migrations",
            "r2d2",
            "rdkafka",
            "actix_web",
            "crate::inbound",
            "crate::outbound",
            "crate::app",
        ],
        because: "actors work with ports",
    },
    Rule::Bans {
        within: &["inbound/"],
        save: &[],
        names: &["diesel", "r2d2", "crate::outbound", "crate::app"],
        because: "what comes in does not see what goes out",
    },
    Rule::Bans {
        within: &[""],
        save: &["outbound/mysql/"],
        names: &["diesel", "diesel_migrations", "r2d2"],
        because: "only outbound/mysql knows the database",
    },
    Rule::Bans {
        within: &[""],
        save: &["inbound/kafka/", "outbound/kafka/"],
        names: &["rdkafka"],
        because: "only the two ends of Kafka know its client",
    },
    Rule::Bans {
        within: &[""],
        save: &["inbound/http/", "app.rs"],
        names: &["actix_web"],
        because: "only inbound/http answers requests",
    },
    Rule::Bans {
        within: &[""],
        save: &["outbound/", "app.rs", "main.rs", "lib.rs"],
        names: &["crate::outbound"],
        because: "app.rs alone wires",
    },
    Rule::Bans {
        within: &[""],
        save: &[],
        names: &[
            "Utc::now",
            "Local::now",
            "SystemTime::now",
            "rand",
            "std::env",
        ],
        because: "time, chance and the environment are arguments",
    },
    Rule::Bans {
        within: &[""],
        save: &[],
        names: &["composite_service", "mall_cli", "payment_simulator"],
        because: "services know each other by the wire only",
    },
];

#[test]
fn given_the_source_when_scanned_then_it_keeps_to_the_table() {
    hold(env!("CARGO_MANIFEST_DIR"), RULES);
}
