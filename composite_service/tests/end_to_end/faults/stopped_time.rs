//! A process whose time stands still while the world goes on: it comes back and believes that it owns what it has lost.

use std::time::Duration;

use super::{Fault, READY, Season, assert_all_sold, shops};
use crate::mall::Mall;

pub(super) const FAULTS: &[Fault] = &[(
    "given_an_order_service_stopped_beyond_its_session_when_it_goes_on_then_only_one_owner_has_written",
    two_owners,
)];

fn two_owners(mall: &mut Mall) {
    let season = Season::open(mall, &shops(mall));
    for _ in 0..3 {
        mall.stack.order_services[1].pause().expect("a stop");
        // The other one owns everything by now, and has done more than what the stopped one had in hand.
        season.wait_for_sales();
        season.wait_for_sales();
        std::thread::sleep(Duration::from_secs(1));
        mall.stack.order_services[1].resume().expect("to go on");
        season.wait_for_sales();
    }
    mall.stack.order_services[1]
        .wait_ready(READY)
        .expect("readiness");
    let sales = season.close(mall, &[], READY);
    assert_all_sold(&sales);
}
