//! Processes that die under load and come back: an order service, twice; the broker; the database.

use std::time::Instant;

use super::{Fault, READY, Season, assert_all_sold, shops};
use crate::mall::Mall;

pub(super) const FAULTS: &[Fault] = &[
    ("killed::order_service::the_other_takes_over", takeover),
    ("killed::order_service::twice_in_a_row", killed_twice),
    ("killed::broker", broker),
    ("killed::database", database),
];

fn takeover(mall: &mut Mall) {
    let season = Season::open(mall, &shops(mall));
    mall.stack.order_services[1].kill_9().expect("a kill");
    let killed_at = Instant::now();
    // Nobody else is started meanwhile, so whoever buys from the dead one's partitions buys from the other one.
    season.wait_for_sales_to_each();
    eprintln!("taken over within {:?}", killed_at.elapsed());
    mall.stack.order_services[1]
        .restart_until_ready(READY)
        .expect("readiness");
    season.wait_for_sales();
    let sales = season.close(mall, &[], READY);
    assert_all_sold(&sales);
}

fn killed_twice(mall: &mut Mall) {
    let season = Season::open(mall, &shops(mall));
    for _ in 0..2 {
        mall.stack.order_services[1].kill_9().expect("a kill");
        mall.stack.order_services[1]
            .restart_until_ready(READY)
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
