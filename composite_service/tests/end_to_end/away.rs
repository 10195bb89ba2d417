//! Parts that are away: the shopper is told so quickly, nothing is lost, and the mall recovers by itself.

use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use serde_json::{Value, json};
use stack::BrokerKind;

use crate::mall::{Mall, Totals, basket, paid_basket, payment_key};

/// How long a part that is started again may take.
const READY: Duration = Duration::from_secs(20);

pub(crate) fn trials() -> Vec<Trial> {
    [
        ("order_service::late_purchase_completes", late_reply as fn()),
        (
            "gateway::order_stays_pending_and_the_same_request_pays_it",
            no_gateway,
        ),
        (
            "gateway::pending_order_can_be_paid_later",
            no_gateway_for_a_pending_order,
        ),
        (
            "composite::review_completes_charged_orders_and_expires_others",
            reviewed,
        ),
        ("sigterm::successors_take_over_at_once", graceful_end),
        (
            "sigterm::ends_both_services_while_the_broker_is_gone_for_good",
            end_without_a_broker,
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

fn wait_long(what: &str, within: Duration, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + within;
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
    let path = answer.location();
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
    let request = paid_basket(&[(item, 1)], "pay", 12_000);
    let answer = mall.run(mall.buy_with_key(&request, "once"));
    answer.assert_problem(503, "PAYMENT_UNAVAILABLE");
    assert!(answer.headers.contains_key("retry-after"));
    let order = mall.run(mall.get(&format!("/open-api/order/{}", answer.order_num())));
    order.assert_order("CREATED");
    assert_eq!((mall.stock(item), mall.held(item)), (9, 1));

    mall.stack
        .payment
        .restart_until_ready(READY)
        .expect("readiness");
    let paid = mall.run(mall.buy_with_key(&request, "once"));
    paid.assert_order("COMPLETE");
    assert_eq!(paid.order_num(), answer.order_num());
    assert_eq!((mall.stock(item), mall.held(item)), (9, 1));
}

fn no_gateway_for_a_pending_order() {
    let mut mall = Mall::start(|_| {});
    let item = mall.new_item(10);
    let number = mall.run(mall.buy(&basket(&[(item, 1)]))).order_num();
    let path = format!("/open-api/order/{number}/payment");
    let payment = json!({"paymentKey": payment_key("pay"), "amount": 12_000});
    mall.stack.payment.kill_9().expect("a kill");
    let away = mall.run(mall.post_with_key(&path, &payment, "once"));
    away.assert_problem(503, "PAYMENT_UNAVAILABLE");
    mall.run(mall.get(&format!("/open-api/order/{number}")))
        .assert_order("CREATED");

    mall.stack
        .payment
        .restart_until_ready(READY)
        .expect("readiness");
    mall.run(mall.post_with_key(&path, &payment, "once"))
        .assert_order("COMPLETE");
    assert_eq!((mall.stock(item), mall.held(item)), (9, 1));
    assert_eq!(
        mall.run(mall.ledger(&number)),
        Totals {
            charged: 1,
            canceled: 0
        }
    );
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
    // Both have left their groups, so their successors get the partitions at once. Otherwise these would belong to the dead for another
    // minute, and the purchase would be answered 202.
    for service in [
        &mut mall.stack.order_services[0],
        &mut mall.stack.composites[0],
    ] {
        service.restart_until_ready(grace).expect("readiness");
    }
    mall.run(mall.buy(&basket(&[(item, 1)])))
        .assert_order("CREATED");
    assert_eq!(mall.stock(item), 8);
}

/// The grace is a second. Without a broker the client library's own waits are half a minute and more.
fn end_without_a_broker() {
    let mut mall = Mall::start(|builder| {
        builder.broker = BrokerKind::Kafka;
        for env in [&mut builder.order_env, &mut builder.composite_env] {
            env.push(("SHUTDOWN_GRACE_SECONDS".to_owned(), "1".to_owned()));
        }
    });
    let item = mall.new_item(10);
    mall.run(mall.buy(&basket(&[(item, 1)])))
        .assert_order("CREATED");
    mall.stack.broker.kill_9().expect("a kill");
    post_and_forget(&mall, "/open-api/order", basket(&[(item, 1)]));
    let services = [
        &mut mall.stack.composites[0],
        &mut mall.stack.order_services[0],
    ];
    for service in services {
        let end = service.terminate(READY).expect("an end");
        assert_eq!(end.code(), Some(0), "{}", service.log_tail(20));
    }
}

/// Posts this and does not wait for the answer: the composite is killed before it comes.
fn post_and_forget(mall: &Mall, path: &str, body: Value) {
    let url = format!("{}{path}", mall.composite());
    mall.runtime.spawn(async move {
        let _ = reqwest::Client::new().post(url).json(&body).send().await;
    });
}

fn kill_and_restart_composite(mall: &mut Mall) {
    let composite = &mut mall.stack.composites[0];
    composite.kill_9().expect("a kill");
    composite.restart_until_ready(READY).expect("readiness");
}

fn reviewed() {
    let mut mall = Mall::start(|builder| {
        builder.broker = BrokerKind::Kafka;
        builder
            .order_env
            .push(("UNPAID_MINUTES".to_owned(), "1".to_owned()));
    });
    let (paid, unpaid) = (mall.new_item(10), mall.new_item(10));
    let place = |mall: &Mall, item| {
        let answer = mall.run(mall.buy(&basket(&[(item, 1)])));
        answer.assert_order("CREATED").order_num()
    };
    let (expiring, later) = (place(&mall, unpaid), place(&mall, paid));
    let given_up = place(&mall, unpaid);
    let payment_of = |number: &str| format!("/open-api/order/{number}/payment");
    let payment = |prefix| json!({"paymentKey": payment_key(prefix), "amount": 12_000});
    let with_intent = |mall: &Mall, prefix: &str| -> Vec<String> {
        let orders = mall.sql(&format!(
            "SELECT order_num FROM orders WHERE intent_key LIKE '{prefix}-%'"
        ));
        orders.lines().map(str::to_owned).collect()
    };

    // A payment has begun, and the composite dies before it finds the gateway.
    mall.stack.payment.kill_9().expect("a kill");
    post_and_forget(&mall, &payment_of(&given_up), payment("never"));
    wait_for("a payment's beginning", || {
        with_intent(&mall, "never").len() == 1
    });
    kill_and_restart_composite(&mut mall);
    let gateway = &mut mall.stack.payment;
    gateway.restart_until_ready(READY).expect("readiness");

    // The gateway takes three seconds to charge; the composite is dead by then.
    let at_once = paid_basket(&[(paid, 1)], "slow", 12_000);
    post_and_forget(&mall, "/open-api/order", at_once);
    post_and_forget(&mall, &payment_of(&later), payment("slow"));
    wait_for("two charges' beginning", || {
        let orders = with_intent(&mall, "slow");
        let is_charging = |number: &String| mall.run(mall.gateway_status(number)) == "IN_PROGRESS";
        orders.len() == 2 && orders.iter().all(is_charging)
    });
    kill_and_restart_composite(&mut mall);

    let within = Duration::from_secs(100);
    let count = |status: &str, which: &str| {
        mall.number(&format!(
            "SELECT COUNT(*) FROM orders WHERE status = '{status}' AND {which}"
        ))
    };
    wait_long("the review of the charged orders", within, || {
        count("COMPLETE", "intent_key LIKE 'slow-%'") == 2
    });
    for charged in with_intent(&mall, "slow") {
        let once = Totals {
            charged: 1,
            canceled: 0,
        };
        assert_eq!(mall.run(mall.ledger(&charged)), once);
    }
    wait_long("the review of the unpaid orders", within, || {
        count(
            "REJECTED",
            &format!("order_num IN ('{expiring}', '{given_up}')"),
        ) == 2
    });
    assert_eq!((mall.stock(paid), mall.stock(unpaid)), (8, 10));
    let answer = mall.run(mall.get(&format!("/open-api/order/{expiring}")));
    assert_eq!(answer.body["rejectReason"], "EXPIRED");
}
