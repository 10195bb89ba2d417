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
            "given_a_composite_that_dies_while_it_charges_then_the_order_is_completed_and_unpaid_ones_expire",
            reviewed,
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

fn wait_for(what: &str, holds: impl FnMut() -> bool) {
    wait_long(what, Duration::from_secs(40), holds);
}

fn wait_long(what: &str, patience: Duration, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + patience;
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
    let mut mall = Mall::start(|builder| {
        builder.broker = BrokerKind::Kafka;
        for env in [&mut builder.order_env, &mut builder.composite_env] {
            env.push(("KAFKA_SESSION_TIMEOUT_MS".to_owned(), "60000".to_owned()));
        }
    });
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
        begun.elapsed() < Duration::from_secs(30),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(mall.stock(item), 8);
}

fn reviewed() {
    let mut mall = Mall::start(|builder| {
        builder.broker = BrokerKind::Kafka;
        builder
            .order_env
            .push(("UNPAID_MINUTES".to_owned(), "1".to_owned()));
    });
    let (paid, unpaid) = (mall.new_item(10), mall.new_item(10));
    let expiring = mall
        .run(mall.buy(&basket(&[(unpaid, 1)])))
        .assert_order("CREATED")
        .order_num();
    // The gateway takes three seconds to charge; the composite is dead by then.
    let url = mall.composite().to_owned();
    let request = paid_basket(&[(paid, 1)], "slow", 12_000);
    mall.runtime.spawn(async move {
        // Nobody is there to answer.
        let _ = reqwest::Client::new()
            .post(format!("{url}/open-api/order"))
            .json(&request)
            .send()
            .await;
    });
    wait_for("the order", || mall.held(paid) == 1);
    wait_for("the charge's beginning", || {
        mall.number("SELECT COUNT(*) FROM orders WHERE intent_key LIKE 'slow-%'") == 1
    });
    std::thread::sleep(Duration::from_millis(500));
    mall.stack.composites[0].kill_9().expect("a kill");
    mall.stack.composites[0].restart().expect("a restart");
    mall.stack.composites[0]
        .wait_ready(Duration::from_secs(20))
        .expect("readiness");

    let status = |mall: &Mall, condition: &str| {
        mall.sql(&format!("SELECT status FROM orders WHERE {condition}"))
            .trim()
            .to_owned()
    };
    let patience = Duration::from_secs(100);
    wait_long("the review of the charged order", patience, || {
        status(&mall, "intent_key LIKE 'slow-%'") == "COMPLETE"
    });
    wait_long("the review of the unpaid order", patience, || {
        status(&mall, &format!("order_num = '{expiring}'")) == "REJECTED"
    });
    assert_eq!((mall.stock(paid), mall.stock(unpaid)), (9, 10));
    let answer = mall.run(mall.get(&format!("/open-api/order/{expiring}")));
    assert_eq!(answer.body["rejectReason"], "EXPIRED");
    let charged = mall.sql("SELECT order_num FROM orders WHERE intent_key LIKE 'slow-%'");
    assert_eq!(
        mall.run(mall.ledger(charged.trim())),
        Totals {
            charged: 1,
            canceled: 0
        }
    );
}
