//! What the order service's folders may name: arrows point inwards, each outside part has one place.

use architecture::services::SERVICE_RULES;
use architecture::{Rule, hold};

const RULES: &[Rule] = &[
    Rule::Bans {
        within: &["domain/"],
        save: &[],
        names: &["std::time"],
        because: "the domain's times are dates",
    },
    Rule::Bans {
        within: &[
            "actors/command_run.rs",
            "actors/residents.rs",
            "actors/write_plan.rs",
            "actors/write_plan/",
        ],
        save: &[],
        names: &[
            "actix",
            "log",
            "tokio",
            "shared::mailboxes",
            "shared::metrics",
            "shared::postbox",
            "shared::trace",
            "std::sync::Mutex",
            "std::thread",
            "std::time::Instant",
        ],
        because: "what actors decide is pure: the simulation drives it as they do",
    },
    Rule::Bans {
        within: &[""],
        save: &["outbound/mysql/"],
        names: &["diesel", "diesel_migrations", "r2d2"],
        because: "only outbound/mysql knows the database",
    },
    Rule::Bans {
        within: &[""],
        save: &[],
        names: &["composite_service"],
        because: "services know each other by the wire only",
    },
];

#[test]
fn the_source_keeps_to_the_rules() {
    hold(env!("CARGO_MANIFEST_DIR"), &[SERVICE_RULES, RULES].concat());
}
