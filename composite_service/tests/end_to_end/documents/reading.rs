//! Orders as they stand.

use api_documents::draft::Draft;
use serde_json::{Value, json};
use shared::clock::{Clock, SystemClock};
use shared::order_number::OrderNumber;

use super::placing::{paid, place, wish};
use super::recorder::Recorder;

/// A request for an order.
pub(super) fn get(order: &Value, title: &str) -> Draft {
    let number = order["orderNum"].as_str().expect("an order number");
    Draft::new("GET", format!("/open-api/order/{number}"), title)
}

pub(super) fn record(recorder: &mut Recorder<'_>) {
    let pending = recorder.record(place("Order another thing", wish(14, 1, "")));
    recorder.record(
        get(&pending, "A pending order")
            .note("It waits for its payment until `payBy`.")
            .with(&["payBy"]),
    );
    let paid_order = recorder.record(place(
        "Order and pay another thing",
        paid(14, 2, "coffee-1", 30_000),
    ));
    recorder.record(get(&paid_order, "A paid order"));
    let declined = recorder.record(
        place("Another declined payment", paid(14, 1, "decline-4", 15_000))
            .answered(402)
            .with(&["orderNum"]),
    );
    recorder.record(
        get(&declined, "An order whose payment was declined")
            .with(&["rejectReason", "rejectDetail"]),
    );
    let unknown = recorder.record(
        place(
            "Another item that there is not",
            paid(404_405, 1, "mug-1", 1),
        )
        .answered(422)
        .with(&["orderNum"]),
    );
    recorder.record(
        get(&unknown, "An order of an unknown item")
            .note("Of what there is not, neither name nor price is known.")
            .with(&["rejectReason"]),
    );
    let expected = OrderNumber::new(SystemClock.now().naive_utc(), 7);
    recorder.record(
        get(
            &json!({"orderNum": expected}),
            "An order that is not there yet",
        )
        .note("Its number is not known, but not old either: its command may be on its way.")
        .answered(202),
    );
    recorder.record(
        Draft::new(
            "GET",
            "/open-api/order/20260101000000000000000000000000",
            "No such order",
        )
        .answered(404),
    );
}
