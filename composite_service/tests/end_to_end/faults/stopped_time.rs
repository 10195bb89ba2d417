//! A process whose time stands still while the world goes on: it comes back and believes that it owns what it has lost.

use super::{Fault, READY, Season, assert_all_sold, shops};
use crate::mall::Mall;

pub(super) const FAULTS: &[Fault] = &[("paused::order_service::only_one_owner_writes", two_owners)];

fn two_owners(mall: &mut Mall) {
    let season = Season::open(mall, &shops(mall));
    for _ in 0..3 {
        mall.stack.order_services[1].pause().expect("a stop");
        // Until the other one owns every partition, and has written: the paused one is overtaken, and does not know it.
        season.wait_for_sales_to_each();
        mall.stack.order_services[1].resume().expect("to go on");
        season.wait_for_sales();
    }
    mall.stack.order_services[1]
        .wait_ready(READY)
        .expect("readiness");
    let sales = season.close(mall, &[], READY);
    assert_all_sold(&sales);
}
