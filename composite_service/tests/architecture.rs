//! What the composite service's folders may name: arrows point inwards, each outside part has one place.

use architecture::services::SERVICE_RULES;
use architecture::{Circle, Rule, hold_with_circles};

const RULES: &[Rule] = &[
    Rule::Bans {
        within: &[""],
        save: &["outbound/http/"],
        names: &["reqwest"],
        because: "only outbound/http makes requests",
    },
    Rule::Bans {
        within: &[""],
        save: &["outbound/"],
        names: &["tower", "tower_resilience_circuitbreaker"],
        because: "who asks does not know how the outside is guarded",
    },
    Rule::Bans {
        within: &[""],
        save: &[],
        names: &["order_service", "diesel"],
        because: "services know each other by the wire only, and orders are the order service's",
    },
];

/// Still to be opened.
const CIRCLES: &[Circle<'_>] = &[&[
    "inbound/http/get_order.rs",
    "inbound/http/health.rs",
    "inbound/http/list_orders.rs",
    "inbound/http/my_page.rs",
    "inbound/http/pay_order.rs",
    "inbound/http/place_order.rs",
    "inbound/http/products.rs",
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
