//! What the order service's folders may name: arrows point inwards, each outside part has one place.

use architecture::services::SERVICE_RULES;
use architecture::{Circle, Rule, hold_with_circles};

const RULES: &[Rule] = &[
    Rule::Bans {
        within: &["domain/"],
        save: &[],
        names: &["std::time"],
        because: "the domain's times are dates",
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

/// Still to be opened.
const CIRCLES: &[Circle<'_>] = &[&[
    "inbound/http/get_order.rs",
    "inbound/http/health.rs",
    "inbound/http/member_orders.rs",
    "inbound/http/offers.rs",
    "inbound/http/products.rs",
    "inbound/http/reviews.rs",
    "inbound/http/routes.rs",
]];

#[test]
fn the_source_keeps_to_the_rules() {
    hold_with_circles(
        env!("CARGO_MANIFEST_DIR"),
        &[SERVICE_RULES, RULES].concat(),
        CIRCLES,
    );
}
