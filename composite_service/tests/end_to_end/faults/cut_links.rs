//! Links that are cut, silent or slow: shoppers are told so in time, nothing is lost, and all is well when the link is.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use stack::{Link, Links};

use super::{Fault, READY, Season, assert_all_sold, shops, statuses};
use crate::load::Sale;
use crate::mall::Mall;

/// Longer than a purchase may take to be answered.
const LONG: Duration = Duration::from_secs(12);
const SHORT: Duration = Duration::from_secs(4);
/// Each of the several round trips of a transaction takes so much longer.
const SLOWNESS: Duration = Duration::from_millis(50);
/// The HTTP answer's budget, and something for a busy machine.
const ANSWERED: Duration = Duration::from_secs(12);

pub(super) const FAULTS: &[Fault] = &[
    (
        "given_a_cut_link_to_the_database_for_long_then_shoppers_are_told_202_and_nothing_is_lost",
        database_cut,
    ),
    (
        "given_a_slow_link_to_the_database_then_purchases_go_on",
        database_slow,
    ),
    (
        "given_a_silent_link_to_the_database_then_nothing_is_lost",
        database_silent,
    ),
    (
        "given_a_cut_link_between_composites_and_kafka_for_long_then_shoppers_are_told_202_and_nothing_is_lost",
        composites_cut_off,
    ),
    (
        "given_a_silent_link_between_composites_and_kafka_then_nothing_is_lost",
        composites_unheard,
    ),
    (
        "given_a_cut_link_between_order_services_and_kafka_then_nothing_is_lost",
        order_services_cut_off,
    ),
    (
        "given_a_silent_link_between_order_services_and_kafka_then_nothing_is_lost",
        order_services_unheard,
    ),
];

fn database_cut(mall: &mut Mall) {
    let told = disturbed(mall, |links| &links.order_to_database, Link::cut, LONG);
    assert!(told.contains_key(&202), "{told:?}");
}

fn database_slow(mall: &mut Mall) {
    let season = Season::open(mall, &shops(mall));
    let link = links(mall).order_to_database.clone();
    link.slow(SLOWNESS).expect("a disturbance");
    season.wait_for_a_sale_each();
    season.wait_for_a_sale_each();
    link.restore().expect("a link");
    season.wait_for_sales();
    assert_all_sold(&season.close(mall, &[], READY));
}

fn database_silent(mall: &mut Mall) {
    disturbed(mall, |links| &links.order_to_database, Link::silence, SHORT);
}

fn composites_cut_off(mall: &mut Mall) {
    let told = disturbed(mall, |links| &links.composite_to_kafka, Link::cut, LONG);
    assert!(told.contains_key(&202), "{told:?}");
}

fn composites_unheard(mall: &mut Mall) {
    disturbed(
        mall,
        |links| &links.composite_to_kafka,
        Link::silence,
        SHORT,
    );
}

fn order_services_cut_off(mall: &mut Mall) {
    disturbed(mall, |links| &links.order_to_kafka, Link::cut, SHORT);
}

fn order_services_unheard(mall: &mut Mall) {
    disturbed(mall, |links| &links.order_to_kafka, Link::silence, SHORT);
}

fn links(mall: &Mall) -> &Links {
    mall.stack.links.as_ref().expect("links")
}

/// What shoppers were told, and how often.
fn disturbed(
    mall: &Mall,
    link: fn(&Links) -> &Link,
    disturb: fn(&Link) -> anyhow::Result<()>,
    outage: Duration,
) -> BTreeMap<u16, usize> {
    let season = Season::open(mall, &shops(mall));
    let link = link(links(mall));
    disturb(link).expect("a disturbance");
    std::thread::sleep(outage);
    link.restore().expect("a link");
    let begun = Instant::now();
    season.wait_for_sales();
    eprintln!("sells {:?} after the link is restored", begun.elapsed());
    let sales = season.close(mall, &[], READY * 2);
    let late: Vec<&Sale> = sales.iter().filter(|sale| sale.took() > ANSWERED).collect();
    assert!(late.is_empty(), "{late:?}");
    statuses(&sales)
}
