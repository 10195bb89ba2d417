//! Parts that are away: the shopper is told so quickly, nothing is lost, and the mall recovers by itself.

use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use mall_cli::stack::BrokerKind;

use crate::mall::{Mall, Totals, basket, paid_basket};

pub(crate) fn trials() -> Vec<Trial> {
    [
        (
            "given_no_order_service_when_bought_then_202_and_the_purchase_goes_on_when_it_is_back",
            late_reply as fn(),
        ),
        (
            "given_no_gateway_when_bought_then_503_and_the_order_is_rejected",
            no_gateway,
        ),
        (
            "given_sigterm_then_both_services_end_well_and_nothing_is_left_open",
            graceful_end,
        ),
    ]
    .into_iter()
    .map(|(name, test)| {
        Trial::test(format!("away::{name}"), move || {
            test();
            Ok(())
        })
    })
    .collect()
}

fn kafka_mall() -> Mall {
    Mall::start(|builder| builder.broker = BrokerKind::Kafka)
}

fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(40);
    while !holds() {
        assert!(Instant::now() < deadline, "{what} does not happen");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn late_reply() {
    let mut mall = kafka_mall();
    let item = mall.new_item(10);
    mall.stack.order_services[0].kill_9().expect("a kill");
    let answer = mall.run(mall.buy(&paid_basket(&[(item, 1)], "pay", 12_000)));
    assert_eq!(answer.status, 202, "{answer:?}");
    assert!(answer.headers.contains_key("retry-after"));
    let path = answer.headers["location"]
        .to_str()
        .expect("a path")
        .to_owned();
    mall.stack.order_services[0].restart().expect("a restart");
    wait_for("completion", || {
        let order = mall.run(mall.get(&path));
        order.status == 200 && order.order_status() == "COMPLETE"
    });
    assert_eq!(mall.stock(item), 9);
    assert_eq!(
        mall.run(mall.ledger(&answer.order_num())),
        Totals {
            charged: 1,
            canceled: 0
        }
    );
}

fn no_gateway() {
    let mut mall = Mall::start(|_| {});
    let item = mall.new_item(10);
    mall.stack.payment.kill_9().expect("a kill");
    let answer = mall.run(mall.buy(&paid_basket(&[(item, 1)], "pay", 12_000)));
    answer.assert_problem(503, "PAYMENT_UNAVAILABLE");
    assert!(answer.headers.contains_key("retry-after"));
    let order = mall.run(mall.get(&format!("/open-api/order/{}", answer.order_num())));
    order.assert_order("REJECTED");
    assert_eq!(mall.stock(item), 10);
}

fn graceful_end() {
    let mut mall = kafka_mall();
    let item = mall.new_item(10);
    mall.run(mall.buy(&basket(&[(item, 1)])))
        .assert_order("CREATED");
    let grace = Duration::from_secs(15);
    assert!(
        mall.stack.composites[0]
            .terminate(grace)
            .expect("an end")
            .success()
    );
    assert!(
        mall.stack.order_services[0]
            .terminate(grace)
            .expect("an end")
            .success()
    );
    // The group was left, so a successor has its partitions at once, well before a silent member's would be given away.
    let begun = Instant::now();
    for service in [
        &mut mall.stack.order_services[0],
        &mut mall.stack.composites[0],
    ] {
        service.restart().expect("a restart");
        service.wait_ready(grace).expect("readiness");
    }
    mall.run(mall.buy(&basket(&[(item, 1)])))
        .assert_order("CREATED");
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(mall.stock(item), 8);
}
