//! What an order would cost, and why one would be refused.

use api_documents::draft::{Body, Draft};

use super::placing::{UMBRELLA, wish};
use super::recorder::Recorder;

const PATH: &str = "/open-api/quote";

/// A request for the price of this.
pub(super) fn quote(title: &str, body: String) -> Draft {
    Draft::new("POST", PATH, title).json(body)
}

/// After orders were placed: one of them has used a coupon.
pub(super) fn record(recorder: &mut Recorder<'_>) {
    priced(recorder);
    senseless(recorder);
    refused(recorder);
}

fn priced(recorder: &mut Recorder<'_>) {
    recorder.record(
        quote("What it costs", wish(1, 2, ""))
            .note("Nothing is taken. The order is priced again when it is placed."),
    );
    let two_lines = "{\n  \"orderLineList\": [\n    {\"item\": {\"itemId\": 6}, \"quantity\": 1},\n    {\"item\": {\"itemId\": 9}, \"quantity\": 2}\n  ],\n  \"couponId\": 2\n}";
    recorder.record(
        quote("With a coupon", two_lines.to_owned())
            .note("Each line tells its share of the discount; together they are the discount.")
            .with(&["couponId", "couponValidUntil"]),
    );
    recorder.record(quote("For a member", UMBRELLA.to_owned()).header("X-Member-Id", "minji"));
}

fn senseless(recorder: &mut Recorder<'_>) {
    recorder.record(
        quote("No line", "{\"orderLineList\": []}".to_owned())
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
    let payment = ",\n  \"payment\": {\"paymentKey\": \"umbrella-9\", \"amount\": 12000}";
    recorder.record(
        quote("With a payment", wish(1, 1, payment))
            .note("A quote takes none.")
            .senseless(400)
            .with(&["member"]),
    );
    recorder.record(
        quote("What can be no member", UMBRELLA.to_owned())
            .header("X-Member-Id", "min/ji")
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
    text.body = Some(Body::Shown("two umbrellas, please".to_owned()));
    recorder.record(text.senseless(415));
    recorder.record(
        quote("A senseless quantity", wish(1, 0, ""))
            .senseless(422)
            .with(&["itemId", "line"]),
    );
}

fn refused(recorder: &mut Recorder<'_>) {
    recorder.record(quote("Out of stock", wish(24, 1_000_000, "")).answered(409));
    recorder.record(quote("No such item", wish(404_404, 1, "")).answered(422));
    for (title, coupon) in [
        ("No such coupon", 404_404),
        ("A coupon that is not valid yet", 90),
        ("A coupon that is no longer valid", 5),
        ("A coupon that was used", 1),
        ("A coupon for larger orders", 3),
    ] {
        let body = wish(9, 1, &format!(",\n  \"couponId\": {coupon}"));
        recorder.record(quote(title, body).answered(422));
    }
}
