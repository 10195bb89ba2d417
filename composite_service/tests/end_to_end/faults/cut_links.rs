//! Links that are cut, silent or slow: shoppers are told so in time, nothing is lost, and all is well when the link is.

use std::thread::sleep;
use std::time::{Duration, Instant};

use stack::{Link, Links};

use super::{Fault, READY, Season, assert_all_sold, shops};
use crate::mall::Mall;

/// How long a link that nobody notices to be away is away: several times what Kafka lets a member be silent here.
const SHORT: Duration = Duration::from_secs(4);
/// Each of the several round trips of a transaction takes so much longer.
const SLOWNESS: Duration = Duration::from_millis(50);

pub(super) const FAULTS: &[Fault] = &[
    ("links::database::cut", database_cut),
    ("links::database::slow", database_slow),
    ("links::database::silent", database_silent),
    ("links::composites_to_kafka::cut", composites_cut_off),
    ("links::composites_to_kafka::silent", composites_unheard),
    (
        "links::order_services_to_kafka::cut",
        order_services_cut_off,
    ),
    (
        "links::order_services_to_kafka::silent",
        order_services_unheard,
    ),
];

fn database_cut(mall: &mut Mall) {
    disturbed(
        mall,
        |links| &links.order_to_database,
        Link::cut,
        UNTIL_LATE,
    );
}

fn database_slow(mall: &mut Mall) {
    let season = Season::open(mall, &shops(mall));
    let link = links(mall).order_to_database.clone();
    link.slow(SLOWNESS).expect("a disturbance");
    season.wait_for_sales_to_each();
    link.restore().expect("a link");
    season.wait_for_sales();
    assert_all_sold(&season.close(mall, &[], READY));
}

fn database_silent(mall: &mut Mall) {
    disturbed(
        mall,
        |links| &links.order_to_database,
        Link::silence,
        FOR_SHORT,
    );
}

fn composites_cut_off(mall: &mut Mall) {
    disturbed(
        mall,
        |links| &links.composite_to_kafka,
        Link::cut,
        UNTIL_LATE,
    );
}

fn composites_unheard(mall: &mut Mall) {
    disturbed(
        mall,
        |links| &links.composite_to_kafka,
        Link::silence,
        FOR_SHORT,
    );
}

fn order_services_cut_off(mall: &mut Mall) {
    disturbed(mall, |links| &links.order_to_kafka, Link::cut, FOR_SHORT);
}

fn order_services_unheard(mall: &mut Mall) {
    disturbed(
        mall,
        |links| &links.order_to_kafka,
        Link::silence,
        FOR_SHORT,
    );
}

fn links(mall: &Mall) -> &Links {
    mall.stack.links.as_ref().expect("links")
}

/// How long a link is disturbed.
type Outage = fn(&Season);

/// Until a shopper is told 202, as after anything that takes longer than a purchase may.
const UNTIL_LATE: Outage = Season::wait_for_a_late_answer;
const FOR_SHORT: Outage = |_| sleep(SHORT);

/// Every shopper gets an answer, whatever it is: the books don't allow another end.
fn disturbed(
    mall: &Mall,
    link: fn(&Links) -> &Link,
    disturb: fn(&Link) -> anyhow::Result<()>,
    outage: Outage,
) {
    let season = Season::open(mall, &shops(mall));
    let link = link(links(mall));
    disturb(link).expect("a disturbance");
    outage(&season);
    link.restore().expect("a link");
    let begun = Instant::now();
    season.wait_for_sales();
    eprintln!("sells {:?} after the link is restored", begun.elapsed());
    season.close(mall, &[], READY * 2);
}
