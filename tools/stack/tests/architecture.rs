//! What the stack may name: programs, not what they do.

use architecture::{Circle, Rule, hold_with_circles};

const RULES: &[Rule] = &[Rule::Bans {
    within: &[""],
    save: &[],
    names: &[
        "order_service",
        "composite_service",
        "shared",
        "check",
        "load",
        "mall_cli",
        "terminal",
    ],
    because: "whoever starts the parts knows neither what they do nor who looks on",
}];

/// Still to be opened.
const CIRCLES: &[Circle<'_>] = &[
    &["builder.rs", "running.rs"],
    &["database.rs", "mariadb.rs", "mysql.rs"],
];

#[test]
fn the_source_keeps_to_the_rules() {
    hold_with_circles(env!("CARGO_MANIFEST_DIR"), RULES, CIRCLES);
}
