//! Instances that come and go under load: those that stay lose no reply, and a rolling restart is not noticed by anybody.

use std::time::Duration;

use libtest_mimic::Trial;
use stack::{BrokerKind, Service};
use tokio::time::timeout;

use super::{Fault, READY, Season, assert_all_sold, on_its_own_mall, shops};
use crate::mall::{Mall, paid_basket};

/// How long a service may take to end in order.
const GRACE: Duration = Duration::from_secs(30);
/// An order that a dead composite has left is reviewed a minute after it was placed, at the earliest.
const REVIEWED: Duration = Duration::from_secs(110);

pub(super) const FAULTS: &[Fault] = &[
    (
        "replicas::rolling_restart::every_purchase_succeeds",
        rolling_restart,
    ),
    ("replicas::sigterm::not_ready_but_serves", taking_leave),
];

/// On a mall of its own, since it ends with a long wait.
pub(super) fn trials() -> Vec<Trial> {
    vec![Trial::test(
        "faults::replicas::come_and_go::others_lose_no_reply",
        || {
            on_its_own_mall(
                |builder| {
                    builder.broker = BrokerKind::Kafka;
                    builder.order_services = 2;
                    builder.composites = 2;
                },
                coming_and_going,
            );
            Ok(())
        },
    )]
}

fn restarted(service: &mut Service) {
    let end = service.terminate(GRACE).expect("an end");
    assert!(end.success(), "{}: {end}", service.name());
    service.restart_until_ready(READY).expect("readiness");
}

fn rolling_restart(mall: &mut Mall) {
    let season = Season::open(mall, &[mall.stack.shop_url().to_owned()]);
    for replica in 0..2 {
        restarted(&mut mall.stack.composites[replica]);
        season.wait_for_sales();
        restarted(&mut mall.stack.order_services[replica]);
        season.wait_for_sales();
    }
    let sales = season.close(mall, &[], READY);
    assert_all_sold(&sales);
}

fn taking_leave(mall: &mut Mall) {
    let item = mall.new_item(10);
    let leaving = mall.stack.composites[1].url().to_owned();
    mall.stack.composites[1].ask_to_stop().expect("a signal");
    let has_left =
        async { while mall.get_from(&format!("{leaving}/readyz")).await.status != 503 {} };
    mall.run(async { timeout(GRACE, has_left).await })
        .expect("its readiness is off");
    let url = format!("{leaving}/open-api/order");
    let answer = mall.run(mall.post_to(&url, &paid_basket(&[(item, 1)], "pay", 12_000)));
    answer.assert_order("COMPLETE");
    assert_eq!(answer.headers["connection"], "close");
    restarted(&mut mall.stack.composites[1]);
    mall.run(mall.post_to(&url, &paid_basket(&[(item, 1)], "pay", 12_000)))
        .assert_order("COMPLETE");
    assert_eq!((mall.stock(item), mall.held(item)), (8, 2));
}

fn coming_and_going(mall: &mut Mall) {
    let staying = shops(mall);
    let season = Season::open(mall, &staying);
    mall.stack.add_order_service().expect("an order service");
    let guest = mall.stack.add_composite().expect("a composite");
    let guest = [guest.url().to_owned()];
    season.wait_for_sales();
    let at_guest = Season::open(mall, &guest);

    let mut order_service = mall.stack.order_services.pop().expect("the added one");
    order_service.kill_9().expect("a kill");
    season.wait_for_sales();
    mall.stack.add_order_service().expect("an order service");
    season.wait_for_sales();
    let mut order_service = mall.stack.order_services.pop().expect("the added one");
    assert!(order_service.terminate(GRACE).expect("an end").success());
    season.wait_for_sales();

    let mut composite = mall.stack.composites.pop().expect("the added one");
    composite.kill_9().expect("a kill");
    season.wait_for_sales();
    mall.stack.add_composite().expect("a composite");
    season.wait_for_sales();
    let mut composite = mall.stack.composites.pop().expect("the added one");
    assert!(composite.terminate(GRACE).expect("an end").success());
    season.wait_for_sales();

    let sales = season.close(mall, &[], READY);
    assert_all_sold(&sales);
    at_guest.close(mall, &guest, REVIEWED);
}
