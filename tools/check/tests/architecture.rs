//! What the check may name: the mall is seen from outside only.

use architecture::{Circle, Rule, hold_with_circles};

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

/// Still to be opened.
const CIRCLES: &[Circle<'_>] = &[
    &[
        "faults/brokers.rs",
        "faults/databases.rs",
        "faults/gateway.rs",
        "faults/links.rs",
        "faults/mod.rs",
        "faults/services.rs",
        "faults/stuck_row.rs",
    ],
    &[
        "invariants/answers.rs",
        "invariants/denials.rs",
        "invariants/drained.rs",
        "invariants/mod.rs",
        "invariants/money.rs",
        "invariants/one_at_a_time.rs",
        "invariants/processes.rs",
        "invariants/recovery.rs",
        "invariants/requests.rs",
        "invariants/rest.rs",
        "invariants/shelves.rs",
        "invariants/terminal.rs",
        "invariants/truth.rs",
    ],
    &["plan/mod.rs", "plan/strikes.rs"],
    &["plan/shelf.rs", "plan/visit.rs"],
];

#[test]
fn the_source_keeps_to_the_rules() {
    hold_with_circles(env!("CARGO_MANIFEST_DIR"), RULES, CIRCLES);
}
