//! A composite before a Spring order service: it finds that out by itself, sends nothing that the other does not know, and reads what it tells.

use std::thread::sleep;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use serde_json::{Value, json};
use shared::budget;
use stack::BrokerKind;

use crate::mall::{Mall, basket, paid_basket, payment_key};
use crate::spring_order_service::{NOT_IN_STOCK, SpringOrderService};

const LONGEST_WAIT: Duration = Duration::from_secs(60);

pub(crate) fn trials() -> Vec<Trial> {
    [
        ("embedded", BrokerKind::Embedded),
        ("kafka", BrokerKind::Kafka),
    ]
    .map(|(name, broker)| {
        Trial::test(
            format!("before_spring::{name}::sells_what_the_other_knows"),
            move || {
                sells_what_the_other_knows(broker);
                Ok(())
            },
        )
    })
    .into()
}

/// Puts a Spring order service in the place of the mall's, and waits until the composite has noticed.
pub(crate) fn replaced(mall: &mut Mall) -> SpringOrderService {
    let service = &mut mall.stack.order_services[0];
    let port = service.url().rsplit(':').next().expect("a port").parse();
    service.terminate(LONGEST_WAIT).expect("an end");
    let spring = SpringOrderService::start(
        mall.stack.bootstrap_servers(),
        port.expect("a port's number"),
    );
    wait_for("the discovery of Spring's", || {
        kind_of_order_service(mall) == 2
    });
    spring
}

fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONGEST_WAIT;
    while !holds() {
        assert!(Instant::now() < deadline, "{what} does not happen");
        sleep(Duration::from_millis(100));
    }
}

fn kind_of_order_service(mall: &Mall) -> i64 {
    let url = format!("{}/metrics", mall.stack.composites[0].internal_url());
    let metrics = mall.run(mall.get_from(&url)).body;
    let mut lines = metrics.as_str().expect("metrics").lines();
    lines
        .find_map(|line| line.strip_prefix("order_service_kind ")?.parse().ok())
        .expect("a number")
}

fn sells_what_the_other_knows(broker: BrokerKind) {
    let start: fn(&mut stack::StackBuilder) = match broker {
        BrokerKind::Embedded => |_| {},
        BrokerKind::Kafka | BrokerKind::SecureKafka | BrokerKind::KafkaCluster => {
            |builder| builder.broker = BrokerKind::Kafka
        }
    };
    let mut mall = Mall::start(start);
    wait_for("the discovery of ours", || {
        kind_of_order_service(&mall) == 1
    });
    let spring = replaced(&mut mall);
    nothing_is_sent_that_it_does_not_know(&mall, &spring);
    orders_are_placed_and_read(&mall, &spring);
    a_late_order_is_placed_once(&mall, &spring);
    assert_eq!(spring.unknown_commands(), Vec::<String>::new());
}

fn nothing_is_sent_that_it_does_not_know(mall: &Mall, spring: &SpringOrderService) {
    let payment = json!({"paymentKey": payment_key("late"), "amount": 12_000});
    mall.run(mall.post("/open-api/order/77/payment", &payment))
        .assert_problem(501, "NOT_SUPPORTED");
    mall.run(mall.post("/open-api/quote", &basket(&[(1, 1)])))
        .assert_problem(501, "NOT_SUPPORTED");
    let mut reduced = basket(&[(1, 1)]);
    reduced["couponId"] = json!(7);
    for wish in [paid_basket(&[(1, 1)], "pay", 12_000), reduced] {
        mall.run(mall.buy(&wish))
            .assert_problem(501, "NOT_SUPPORTED");
    }
    mall.run(mall.buy_with_key(&basket(&[(1, 1)]), "key"))
        .assert_problem(501, "NOT_SUPPORTED");
    assert_eq!(spring.orders(), Vec::<Value>::new());
}

fn orders_are_placed_and_read(mall: &Mall, spring: &SpringOrderService) {
    let placed = mall.run(mall.buy(&basket(&[(1, 2)])));
    placed.assert_order("CREATED");
    let read = mall.run(mall.get(&format!("/open-api/order/{}", placed.order_num())));
    for order in [&placed, read.assert_order("CREATED")] {
        assert_eq!(order.body["createdDate"], "2026-11-23T10:15:40.500+09:00");
        assert_eq!(order.body["orderLineList"][0]["quantity"], 2);
    }
    mall.run(mall.buy(&basket(&[(1, NOT_IN_STOCK)])))
        .assert_problem(409, "UNSPECIFIED");
    assert_eq!(spring.orders().len(), 2);
    assert!(
        spring
            .asked()
            .iter()
            .any(|path| path.starts_with("/internal/purchases")),
        "it is found out by its answers"
    );
}

/// For longer than a reply is waited for, so that a repetition would have come.
fn a_late_order_is_placed_once(mall: &Mall, spring: &SpringOrderService) {
    let before = spring.orders().len();
    spring.stand_still(true);
    let answer = mall.run(mall.buy(&basket(&[(1, 3)])));
    assert_eq!(answer.status, 202, "{answer:?}");
    sleep(budget::REPLY_WAIT);
    spring.stand_still(false);
    wait_for("the late order", || spring.orders().len() > before);
    // Another order after it: whatever was sent before has been read by then.
    mall.run(mall.buy(&basket(&[(1, 4)])))
        .assert_order("CREATED");
    assert_eq!(spring.orders().len(), before + 2);
}
