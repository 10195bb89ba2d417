//! Placing orders, and why one may not be placed.

use api_documents::draft::Draft;
use serde_json::Value;

use super::recorder::Recorder;
use crate::mall::Mall;

const PATH: &str = "/open-api/order";

/// An umbrella, to be paid later.
pub(super) const UMBRELLA: &str =
    "{\n  \"orderLineList\": [{\"item\": {\"itemId\": 1}, \"quantity\": 1}]\n}";

/// An order as the Spring services' clients have it.
const SPRING: &str = r#"{
  "orderNum": null,
  "orderLineList": [{
    "orderLineId": null,
    "item": {"itemId": 1, "name": "우산", "price": null, "stock": null, "productDTO": null},
    "quantity": 1
  }],
  "status": null
}"#;

/// A request's body as a person writes it: one line of so many pieces of an item, and what else there is.
pub(super) fn wish(item: i64, quantity: i64, rest: &str) -> String {
    format!(
        "{{\n  \"orderLineList\": [{{\"item\": {{\"itemId\": {item}}}, \"quantity\": {quantity}}}]{rest}\n}}"
    )
}

/// The same, paid at once.
pub(super) fn paid(item: i64, quantity: i64, key: &str, amount: i64) -> String {
    let payment = format!(
        ",\n  \"payment\": {{\"paymentKey\": \"{key}\", \"amount\": {{\"amount\": {amount}}}}}"
    );
    wish(item, quantity, &payment)
}

/// A request to place an order.
pub(super) fn place(title: &str, body: String) -> Draft {
    Draft::new("POST", PATH, title).json(body)
}

/// A pending order of one umbrella, nobody's business.
pub(super) fn pending(mall: &Mall) -> String {
    let basket: Value = serde_json::from_str(&wish(1, 1, "")).expect("a basket");
    mall.run(mall.buy(&basket))
        .assert_order("CREATED")
        .order_num()
}

pub(super) fn record(recorder: &mut Recorder<'_>, mall: &Mall) {
    bought(recorder);
    asked_again(recorder);
    senseless(recorder);
    refused(recorder);
    refused_coupons(recorder, mall);
}

fn bought(recorder: &mut Recorder<'_>) {
    recorder.record(place("Order now, pay later", wish(1, 2, "")).note(
        "The order is pending and holds its stock. It is paid by `POST /open-api/order/{orderNum}/payment`, or given up when it stays unpaid.",
    ));
    recorder.record(
        place("Order and pay", paid(1, 2, "umbrella-1", 24_000))
            .note("`amount` must be the order's final price."),
    );
    let two_lines = "{\n  \"orderLineList\": [\n    {\"item\": {\"itemId\": 6}, \"quantity\": 1},\n    {\"item\": {\"itemId\": 9}, \"quantity\": 1}\n  ],\n  \"couponId\": 1\n}";
    recorder.record(
        place(
            "As clients of the Spring services send it",
            SPRING.to_owned(),
        )
        .note("What the mall knows better is not read."),
    );
    recorder.record(place("With a coupon", two_lines.to_owned()).with(&["couponId"]));
}

fn asked_again(recorder: &mut Recorder<'_>) {
    let keyed = |title, body| place(title, body).header("Idempotency-Key", "basket-4711");
    recorder.record(keyed(
        "With an idempotency key",
        paid(4, 1, "picnic-1", 18_900),
    ));
    recorder.record(
        keyed("The same request again", paid(4, 1, "picnic-1", 18_900))
            .note("No second order is made, and nothing is charged again.")
            .with(&["Idempotent-Replayed"]),
    );
    recorder.record(
        keyed(
            "Another request with the same key",
            paid(4, 2, "picnic-1", 37_800),
        )
        .answered(422),
    );
}

fn senseless(recorder: &mut Recorder<'_>) {
    recorder.record(place("No JSON", "{\"orderLineList\": ".to_owned()).senseless(400));
    recorder.record(
        place("No line", "{\"orderLineList\": []}".to_owned())
            .senseless(400)
            .with(&["member"]),
    );
    let line = "{\"item\": {\"itemId\": 1}, \"quantity\": 1}";
    let many = format!("{{\"orderLineList\": [{}]}}", vec![line; 101].join(", "));
    recorder.record(
        Draft::new("POST", PATH, "Too many lines")
            .header("Content-Type", "application/json")
            .file("101-lines.json", many)
            .senseless(400)
            .with(&["member"]),
    );
    recorder.record(
        place("A senseless payment key", paid(1, 1, "", 12_000))
            .senseless(400)
            .with(&["member"]),
    );
    recorder.record(
        place("A misspelt member", wish(1, 1, ",\n  \"couponid\": 3"))
            .note("It is refused, because a coupon that is not read costs money.")
            .senseless(400)
            .with(&["member"]),
    );
    recorder.record(
        place(
            "A quantity with a fraction",
            "{\"orderLineList\": [{\"item\": {\"itemId\": 1}, \"quantity\": 2.5}]}".to_owned(),
        )
        .senseless(400)
        .with(&["line", "member"]),
    );
    recorder.record(
        place("A senseless idempotency key", wish(1, 1, ""))
            .header("Idempotency-Key", "열쇠")
            .senseless(400)
            .with(&["parameter"]),
    );
    let padding = format!(
        "{{\"orderLineList\": [{line}], \"x\": \"{}\"}}",
        "x".repeat(65_536)
    );
    recorder.record(
        Draft::new("POST", PATH, "A body that is too large")
            .header("Content-Type", "application/json")
            .file("large.json", padding)
            .senseless(413),
    );
    let mut text =
        Draft::new("POST", PATH, "A body of another type").header("Content-Type", "text/plain");
    text.body = Some(api_documents::draft::Body::Shown(
        "two umbrellas, please".to_owned(),
    ));
    recorder.record(text.senseless(415));
    recorder.record(
        place("A compressed body", UMBRELLA.to_owned())
            .header("Content-Encoding", "gzip")
            .senseless(415)
            .with(&["Accept-Encoding", "parameter"]),
    );
    recorder.record(
        place("A senseless quantity", wish(1, 0, ""))
            .note("No order is made of it.")
            .senseless(422)
            .with(&["itemId", "line"]),
    );
}

fn refused(recorder: &mut Recorder<'_>) {
    recorder.record(
        place("A declined payment", paid(1, 1, "decline-1", 12_000))
            .note("The order is rejected, and its stock is back. At the simulator a payment key that begins with `decline-` does this.")
            .answered(402)
            .with(&["orderNum"]),
    );
    recorder.record(
        place(
            "A declined payment, as problem details",
            paid(1, 1, "decline-2", 12_000),
        )
        .header("Accept", "application/problem+json")
        .answered(402)
        .with(&["orderNum"]),
    );
    recorder.record(
        place("Out of stock", wish(24, 1_000_000, ""))
            .answered(409)
            .with(&["orderNum"]),
    );
    recorder.record(
        place("A wrong amount", paid(1, 2, "umbrella-2", 23_000))
            .note("The order is rejected, and nothing is charged.")
            .answered(422)
            .with(&["orderNum"]),
    );
    recorder.record(
        place("No such item", wish(404_404, 1, ""))
            .answered(422)
            .with(&["orderNum"]),
    );
}

fn refused_coupons(recorder: &mut Recorder<'_>, mall: &Mall) {
    mall.sql(
        "INSERT INTO coupons VALUES (90, '내년 할인', 'FIXED', 1000, NULL, 0, '2098-01-01', '2099-01-01', NULL)",
    );
    for (title, coupon) in [
        ("No such coupon", 404_404),
        ("A coupon that is not valid yet", 90),
        ("A coupon that is no longer valid", 5),
        ("A coupon that was used", 1),
        ("A coupon for larger orders", 3),
    ] {
        let body = wish(9, 1, &format!(",\n  \"couponId\": {coupon}"));
        recorder.record(place(title, body).answered(422).with(&["orderNum"]));
    }
}
