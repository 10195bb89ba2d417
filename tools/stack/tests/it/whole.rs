//! A whole mall with everything in it that can be disturbed. Needs all binaries of the workspace.

use crate::support::place;
use stack::{BrokerKind, Stack, answers_ok, until};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

#[test]
fn a_mall_with_links_three_kafkas_and_a_balancer_uses_only_the_links() {
    let (_folder, place) = place();
    let mut builder = Stack::builder(place);
    builder.broker = BrokerKind::KafkaCluster;
    builder.links = true;
    builder.balancer = true;
    builder.composites = 2;
    builder.order_services = 2;
    let stack = builder.start().unwrap();
    let shop = format!("{}/readyz", stack.shop_url());
    assert!(answers_ok(&shop));

    let links = stack.links.as_ref().unwrap();
    let (order_services, composites) = (&stack.order_services, &stack.composites);
    for (link, services) in [
        (&links.order_to_database, order_services),
        (&links.order_to_kafka, order_services),
        (&links.composite_to_kafka, composites),
    ] {
        link.cut().unwrap();
        for service in services {
            let what = format!("{} misses what is cut off", service.name());
            until(&what, SOON, || Ok((!service.is_ready()).then_some(()))).unwrap();
        }
        link.restore().unwrap();
        for service in services {
            let what = format!("{} has it back", service.name());
            until(&what, SOON, || Ok(service.is_ready().then_some(()))).unwrap();
        }
    }
    until("the balancer's servers", SOON, || {
        Ok(answers_ok(&shop).then_some(()))
    })
    .unwrap();
    let products = format!("{}/open-api/product", stack.shop_url());
    assert!(answers_ok(&products));
    links.composite_to_order.cut().unwrap();
    assert!(!answers_ok(&products));
}
