//! Paying pending orders, and why one may not be paid.

use api_documents::draft::{Body, Draft};
use serde_json::json;

use super::placing::pending;
use super::recorder::Recorder;
use crate::mall::Mall;

/// A request to pay an order by a payment of this key and amount, as it is written.
pub(super) fn pay(number: &str, title: &str, key: &str, amount: &str) -> Draft {
    let path = format!("/open-api/order/{number}/payment");
    Draft::new("POST", path, title).json(format!(
        "{{\"paymentKey\": \"{key}\", \"amount\": {amount}}}"
    ))
}

pub(super) fn record(recorder: &mut Recorder<'_>, mall: &Mall) {
    paid(recorder, mall);
    asked_again(recorder, mall);
    senseless(recorder, mall);
    refused(recorder, mall);
}

fn paid(recorder: &mut Recorder<'_>, mall: &Mall) {
    let number = pending(mall);
    recorder.record(pay(&number, "Pay", "late-1", "12000"));
    recorder.record(
        pay(&number, "The same payment again", "late-1", "12000").note("It is charged once."),
    );
    recorder.record(
        pay(
            &number,
            "Another payment of a paid order",
            "late-2",
            "12000",
        )
        .answered(409)
        .with(&["orderNum"]),
    );
    let number = pending(mall);
    recorder.record(
        pay(&number, "A wrong amount", "late-3", "{\"amount\": 11000}")
            .note("Nothing is charged, and the order goes on waiting.")
            .answered(422)
            .with(&["orderNum"]),
    );
    recorder.record(pay(
        &number,
        "The right amount, as text",
        "late-4",
        "\"12000.00\"",
    ));
}

fn asked_again(recorder: &mut Recorder<'_>, mall: &Mall) {
    let number = pending(mall);
    let keyed = |title, amount| {
        pay(&number, title, "late-5", amount).header("Idempotency-Key", "payment-4711")
    };
    recorder.record(keyed("With an idempotency key", "12000"));
    recorder.record(keyed("The same request again", "12000").with(&["Idempotent-Replayed"]));
    recorder.record(keyed("Another request with the same key", "13000").answered(422));
}

fn senseless(recorder: &mut Recorder<'_>, mall: &Mall) {
    let number = pending(mall);
    recorder.record(
        pay(&number, "No amount of money", "late-6", "-1")
            .senseless(400)
            .with(&["member"]),
    );
    recorder.record(
        pay(&number, "A senseless payment key", "..", "12000")
            .senseless(400)
            .with(&["member"]),
    );
    recorder.record(
        pay(&number, "A senseless idempotency key", "late-6", "12000")
            .header("Idempotency-Key", "열쇠")
            .senseless(400)
            .with(&["parameter"]),
    );
    recorder.record(pay("abc", "No order number", "late-6", "12000").senseless(404));
    let unknown = "20260101000000000000000000000000";
    recorder.record(
        pay(unknown, "No such order", "late-6", "12000")
            .answered(404)
            .with(&["orderNum"]),
    );
    let path = format!("/open-api/order/{number}/payment");
    let padding = format!(
        "{{\"paymentKey\": \"late-6\", \"x\": \"{}\"}}",
        "x".repeat(65_536)
    );
    recorder.record(
        Draft::new("POST", path.clone(), "A body that is too large")
            .header("Content-Type", "application/json")
            .file("large.json", padding)
            .senseless(413),
    );
    let mut form = Draft::new("POST", path, "A body of another type")
        .header("Content-Type", "application/x-www-form-urlencoded");
    form.body = Some(Body::Shown("paymentKey=late-6&amount=12000".to_owned()));
    recorder.record(form.senseless(415));
}

fn refused(recorder: &mut Recorder<'_>, mall: &Mall) {
    let number = pending(mall);
    recorder.record(
        pay(&number, "A declined payment", "decline-3", "12000")
            .note("The order is rejected, and its stock is back.")
            .answered(402)
            .with(&["orderNum"]),
    );
    recorder.record(
        pay(&number, "The declined payment again", "decline-3", "12000")
            .answered(402)
            .with(&["orderNum"]),
    );
    recorder.record(
        pay(&number, "A payment of a rejected order", "late-7", "12000")
            .answered(409)
            .with(&["orderNum"]),
    );
    let number = pending(mall);
    charged_past_the_mall(mall, &number);
    recorder.record(
        pay(&number, "Paid past the mall", "late-8", "12000")
            .note("The gateway has another payment of this order in its books.")
            .answered(409)
            .with(&["orderNum"]),
    );
}

/// Somebody else's payment, at the gateway itself.
fn charged_past_the_mall(mall: &Mall, number: &str) {
    let url = format!("{}/v1/payments/confirm", mall.stack.payment_url());
    let request = reqwest::Client::new()
        .post(url)
        .basic_auth(mall.stack.payment_secret_key(), Some(""))
        .json(&json!({"paymentKey": "past-the-mall", "orderId": number, "amount": 12_000}));
    let answer = mall.run(request.send()).expect("an answer");
    assert_eq!(answer.status().as_u16(), 200);
}
