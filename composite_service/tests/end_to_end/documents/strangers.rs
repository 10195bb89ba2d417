//! What shoppers hear while a Spring order service is in the place of the mall's. It stays there, so this comes last.

use std::time::Duration;

use api_documents::draft::Draft;

use super::cancelling::cancel_all;
use super::members::orders;
use super::paying::pay;
use super::placing::{paid, place, wish};
use super::quoting::quote;
use super::recorder::Recorder;
use crate::before_spring::replaced;
use crate::mall::Mall;
use crate::spring_order_service::NOT_IN_STOCK;

const LONGEST_WAIT: Duration = Duration::from_secs(60);

pub(super) fn record(recorder: &mut Recorder<'_>, mall: &mut Mall) {
    let spring = replaced(mall);
    let composite = &mut mall.stack.composites[0];
    composite.wait_ready(LONGEST_WAIT).expect("readiness");
    recorder.record(
        place("A payment that nobody takes", paid(1, 1, "umbrella-4", 12_000))
            .note("A Spring order service is there instead of the mall's. Nothing was ordered or charged.")
            .answered(501),
    );
    recorder.record(
        pay("77", "A payment that nobody takes", "late-14", "12000")
            .note("A Spring order service is there instead of the mall's. Nothing was charged.")
            .answered(501),
    );
    recorder.record(
        cancel_all("77", "An order that nobody cancels")
            .note("A Spring order service is there instead of the mall's. Nothing was changed.")
            .answered(501),
    );
    recorder.record(
        quote("A price that nobody tells", wish(1, 1, ""))
            .note("A Spring order service is there instead of the mall's.")
            .answered(501),
    );
    recorder.record(
        place("A rejection for no known reason", wish(1, NOT_IN_STOCK, ""))
            .note("A Spring order service may tell none, or one of its own.")
            .answered(409)
            .with(&["orderNum"]),
    );
    let lists = [
        Draft::new("GET", "/open-api/product", "Products that nobody lists"),
        orders("Orders that nobody lists"),
    ];
    for list in lists {
        let note = "A Spring order service has no lists.";
        recorder.record(list.note(note).answered(501));
    }
    drop(spring);
}
