//! What concerns the member who asks.

use std::time::Duration;

use api_documents::draft::Draft;

use super::placing::{UMBRELLA, paid, place};
use super::recorder::Recorder;
use crate::mall::Mall;

const LIST: &str = "/open-api/order";
const READY: Duration = Duration::from_secs(20);
/// What only some coupons have.
const COUPONS: [&str; 3] = [
    "coupons.data[].amount",
    "coupons.data[].maximumDiscount",
    "coupons.data[].percent",
];
/// The same, and what only pending orders have.
const COUPONS_AND_PENDING: [&str; 4] = [
    "coupons.data[].amount",
    "coupons.data[].maximumDiscount",
    "coupons.data[].percent",
    "orders.data[].payBy",
];

fn asked_by(member: &str, target: &str, title: &str) -> Draft {
    Draft::new("GET", target, title).header("X-Member-Id", member)
}

/// A request for the page of a sample member.
pub(super) fn my_page(title: &str) -> Draft {
    asked_by("minji", "/open-api/my-page", title)
}

/// A request for the orders of a sample member.
pub(super) fn orders(title: &str) -> Draft {
    asked_by("minji", LIST, title)
}

pub(super) fn record(recorder: &mut Recorder<'_>, mall: &mut Mall) {
    ordered(recorder);
    listed(recorder);
    pages(recorder, mall);
}

fn ordered(recorder: &mut Recorder<'_>) {
    recorder.record(
        place("For a member", UMBRELLA.to_owned())
            .note("The order is among the member's orders from now on.")
            .header("X-Member-Id", "minji"),
    );
    recorder.record(
        place("For a member, and paid", paid(6, 1, "mug-2", 14_500)).header("X-Member-Id", "minji"),
    );
    recorder.record(
        place("What can be no member", UMBRELLA.to_owned())
            .header("X-Member-Id", "min/ji")
            .senseless(400)
            .with(&["parameter"]),
    );
}

fn listed(recorder: &mut Recorder<'_>) {
    recorder
        .record(asked_by("minji", &format!("{LIST}?limit=1"), "The first page").with(&["Link"]));
    let next = format!("{LIST}{}", recorder.next_page());
    recorder.record(asked_by("minji", &next, "The next page").with(&["[].payBy"]));
    recorder
        .record(asked_by("grace", LIST, "A member without orders").note("Nothing is no error."));
    recorder.record(
        Draft::new("GET", LIST, "Nobody's orders")
            .senseless(400)
            .with(&["parameter"]),
    );
    let nowhere = format!("{LIST}?after=nowhere");
    recorder.record(
        asked_by("minji", &nowhere, "A senseless place in the list")
            .senseless(400)
            .with(&["parameter"]),
    );
}

fn pages(recorder: &mut Recorder<'_>, mall: &mut Mall) {
    recorder.record(my_page("The whole page").with(&COUPONS_AND_PENDING));
    recorder.record(
        asked_by(
            "nobody-4711",
            "/open-api/my-page",
            "A member whom the member service does not know",
        )
        .note("The profile is there, and says so.")
        .with(&COUPONS),
    );
    recorder.record(
        Draft::new("GET", "/open-api/my-page", "Nobody's page")
            .senseless(400)
            .with(&["parameter"]),
    );
    mall.stack.members.kill_9().expect("a kill");
    recorder.record(
        my_page("Without a member service")
            .note("A part that is away is marked, and the others are there.")
            .with(&COUPONS_AND_PENDING),
    );
    mall.stack.members.restart().expect("a restart");
    mall.stack.members.wait_ready(READY).expect("readiness");
}
