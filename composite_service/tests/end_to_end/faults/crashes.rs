//! Processes that die under load and come back: an order service, twice; the broker; the database.

use std::time::{Duration, Instant};

use super::{Fault, READY, Season, assert_all_sold, shops};
use crate::mall::Mall;

/// How soon purchases on all partitions succeed after the death of an order service.
const TAKEOVER: Duration = Duration::from_secs(3);

pub(super) const FAULTS: &[Fault] = &[
    (
        "given_an_order_service_killed_under_load_then_the_other_one_has_taken_over_within_3_s",
        takeover,
    ),
    (
        "given_an_order_service_killed_twice_in_a_row_then_nothing_is_lost_or_doubled",
        killed_twice,
    ),
    (
        "given_the_broker_killed_under_load_then_purchases_go_on_by_themselves",
        broker,
    ),
    (
        "given_the_database_killed_under_load_then_purchases_go_on_by_themselves",
        database,
    ),
];

fn takeover(mall: &mut Mall) {
    let season = Season::open(mall, &shops(mall));
    mall.stack.order_services[1].kill_9().expect("a kill");
    let killed_at = Instant::now();
    season.wait_for_sales();
    season.wait_for_sales();
    mall.stack.order_services[1].restart().expect("a restart");
    mall.stack.order_services[1]
        .wait_ready(READY)
        .expect("readiness");
    season.wait_for_sales();
    let sales = season.close(mall, &[], READY);
    assert_all_sold(&sales);
    // Whoever bought from the dead one's partitions had to wait for the other one.
    let takeover = sales
        .iter()
        .filter(|sale| sale.begun < killed_at + TAKEOVER && sale.took() > TAKEOVER / 3)
        .map(|sale| sale.ended.saturating_duration_since(killed_at))
        .max();
    eprintln!("taken over after {takeover:?}");
    assert!(takeover.is_some_and(|took| took < TAKEOVER), "{takeover:?}");
}

fn killed_twice(mall: &mut Mall) {
    let season = Season::open(mall, &shops(mall));
    for _ in 0..2 {
        mall.stack.order_services[1].kill_9().expect("a kill");
        mall.stack.order_services[1].restart().expect("a restart");
        mall.stack.order_services[1]
            .wait_ready(READY)
            .expect("readiness");
    }
    season.wait_for_sales();
    let sales = season.close(mall, &[], READY);
    assert_all_sold(&sales);
}

fn broker(mall: &mut Mall) {
    let season = Season::open(mall, &shops(mall));
    let broker = mall.stack.broker.kafka().expect("a real Kafka");
    broker.kill_9().expect("a kill");
    broker.restart().expect("a restart");
    let begun = Instant::now();
    season.wait_for_sales();
    eprintln!("sells {:?} after the broker answers", begun.elapsed());
    season.wait_for_sales();
    season.close(mall, &[], READY * 2);
}

fn database(mall: &mut Mall) {
    let season = Season::open(mall, &shops(mall));
    mall.stack.database.kill_9().expect("a kill");
    mall.stack.database.restart().expect("a restart");
    let begun = Instant::now();
    season.wait_for_sales();
    eprintln!("sells {:?} after the database answers", begun.elapsed());
    season.close(mall, &[], READY * 2);
}
