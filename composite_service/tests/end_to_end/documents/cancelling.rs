//! Cancelling orders, and why one may not be cancelled.

use api_documents::draft::Draft;
use serde_json::{Value, json};

use super::placing::{UMBRELLA, paid, pending, place};
use super::reading::get;
use super::recorder::Recorder;
use crate::mall::{Mall, payment_key};

const WHOLE: &str = "{}";
/// What an order with refunds tells besides.
pub(super) const REFUNDED: &[&str] = &["cancelledAmount", "refundList"];
/// As many refunds as an order may have.
const MOST_REFUNDS: u32 = 100;

/// A request to cancel all of an order, or what the body names.
pub(super) fn cancel(number: &str, title: &str, body: &str) -> Draft {
    let path = format!("/open-api/order/{number}/cancel");
    Draft::new("POST", path, title).json(body.to_owned())
}

/// All of an order.
pub(super) fn cancel_all(number: &str, title: &str) -> Draft {
    cancel(number, title, WHOLE)
}

fn pieces(line: i64, quantity: i64) -> String {
    format!("{{\"orderLineList\": [{{\"orderLineId\": {line}, \"quantity\": {quantity}}}]}}")
}

/// A paid order of two umbrellas, nobody's business.
fn bought(mall: &Mall) -> String {
    let wish: Value =
        serde_json::from_str(&paid(1, 2, &payment_key("pay"), 24_000)).expect("a basket");
    mall.run(mall.buy(&wish))
        .assert_order("COMPLETE")
        .order_num()
}

pub(super) fn record(recorder: &mut Recorder<'_>, mall: &Mall) {
    cancelled(recorder, mall);
    refunded(recorder, mall);
    senseless(recorder, mall);
    refused(recorder, mall);
    refused_by_the_gateway(recorder, mall);
}

fn cancelled(recorder: &mut Recorder<'_>, mall: &Mall) {
    let keyed = |title| place(title, UMBRELLA.to_owned()).header("Idempotency-Key", "regretted-1");
    let wish: Value = serde_json::from_str(UMBRELLA).expect("a basket");
    let number = mall
        .run(mall.buy_with_key(&wish, "regretted-1"))
        .assert_order("CREATED")
        .order_num();
    recorder.record(
        cancel_all(&number, "Cancel a pending order")
            .note("Stock and coupon are free again.")
            .with(&["rejectReason"]),
    );
    recorder.record(
        cancel_all(&number, "The same request again")
            .note("It has been done.")
            .with(&["rejectReason"]),
    );
    recorder.record(
        keyed("An order that was cancelled")
            .note("Asked again with its key.")
            .answered(409)
            .with(&["orderNum", "Idempotent-Replayed"]),
    );
    let number = pending(mall);
    recorder.record(
        cancel(&number, "Some pieces of a pending order", &pieces(1, 1))
            .note("Its price is what a payment must be, so it is cancelled as a whole.")
            .header("Idempotency-Key", "cancel-4710")
            .answered(409)
            .with(&["orderNum"]),
    );
}

fn refunded(recorder: &mut Recorder<'_>, mall: &Mall) {
    let number = bought(mall);
    let keyed =
        |title, body: &str| cancel(&number, title, body).header("Idempotency-Key", "cancel-4711");
    recorder.record(
        keyed("Some pieces of a paid order", &pieces(1, 1))
            .note("Their money is given back, and they are in the stock again.")
            .with(REFUNDED),
    );
    recorder.record(
        keyed("The same request with its key again", &pieces(1, 1))
            .note("It has been done.")
            .with(REFUNDED),
    );
    recorder.record(keyed("Another request with the same key", &pieces(1, 2)).answered(422));
    recorder.record(
        cancel(&number, "More than is left", &pieces(1, 2))
            .header("Idempotency-Key", "cancel-4712")
            .answered(422)
            .with(&["orderNum"]),
    );
    recorder.record(cancel_all(&number, "All that is left of a paid order").with(REFUNDED));
}

fn senseless(recorder: &mut Recorder<'_>, mall: &Mall) {
    let number = bought(mall);
    let keyed =
        |title, body: &str| cancel(&number, title, body).header("Idempotency-Key", "cancel-4713");
    recorder.record(
        cancel(&number, "Some pieces without a key", &pieces(1, 1))
            .note("A repetition would be one more refund.")
            .answered(400)
            .with(&["parameter"]),
    );
    recorder.record(
        cancel_all(&number, "A senseless idempotency key")
            .header("Idempotency-Key", "열쇠")
            .senseless(400)
            .with(&["parameter"]),
    );
    recorder.record(
        keyed("No lines", "{\"orderLineList\": []}")
            .senseless(400)
            .with(&["member"]),
    );
    let lines = vec![json!({"orderLineId": 1, "quantity": 1}); 101];
    let many = json!({ "orderLineList": lines }).to_string();
    recorder.record(
        keyed("Too many lines", "{}")
            .file("lines.json", many)
            .senseless(400)
            .with(&["member"]),
    );
    recorder.record(
        keyed("No such line", &pieces(0, 1))
            .senseless(400)
            .with(&["member", "line"]),
    );
    recorder.record(
        keyed("No pieces", &pieces(1, 0))
            .senseless(400)
            .with(&["member", "line"]),
    );
    recorder.record(
        keyed("A member that is not known", "{\"lines\": []}")
            .senseless(400)
            .with(&["member"]),
    );
    recorder.record(cancel_all("abc", "No order number").senseless(404));
    let path = format!("/open-api/order/{number}/cancel");
    let padding = format!("{{\"x\": \"{}\"}}", "x".repeat(65_536));
    recorder.record(
        Draft::new("POST", path.clone(), "A body that is too large")
            .header("Content-Type", "application/json")
            .file("large.json", padding)
            .senseless(413),
    );
    recorder.record(Draft::new("POST", path, "Without a body").senseless(415));
}

fn refused(recorder: &mut Recorder<'_>, mall: &Mall) {
    let unknown = "20260101000000000000000000000000";
    recorder.record(
        cancel_all(unknown, "No such order")
            .answered(404)
            .with(&["orderNum"]),
    );
    let number = pending(mall);
    let payment = json!({"paymentKey": payment_key("decline"), "amount": 12_000});
    mall.run(mall.post(&format!("/open-api/order/{number}/payment"), &payment))
        .assert_problem(402, "PAYMENT_DECLINED");
    recorder.record(
        cancel_all(&number, "An order that was rejected")
            .answered(409)
            .with(&["orderNum"]),
    );
}

fn refused_by_the_gateway(recorder: &mut Recorder<'_>, mall: &Mall) {
    let number = bought(mall);
    mall.set_gateway_faults(&json!({"refuseCancels": 1}));
    recorder.record(
        cancel_all(&number, "The gateway gives no money back at the moment")
            .note("The order stays as it is, and the same request may be sent again.")
            .answered(503)
            .with(&["orderNum"]),
    );
    recorder.record(
        get(
            &json!({"orderNum": number}),
            "An order with a refund that was refused",
        )
        .with(REFUNDED),
    );
    given_back_by_hand(mall, &number);
    recorder.record(
        cancel_all(&number, "The gateway refuses to give the money back")
            .note("Somebody has given a part of it back by hand.")
            .answered(409)
            .with(&["orderNum"]),
    );
    for _ in 2..MOST_REFUNDS {
        mall.run(mall.post(&format!("/open-api/order/{number}/cancel"), &json!({})))
            .assert_problem(409, "REFUND_REFUSED");
    }
    recorder.record(
        cancel_all(&number, "Too many refunds")
            .note("The gateway has refused all of them.")
            .answered(409)
            .with(&["orderNum"]),
    );
}

fn given_back_by_hand(mall: &Mall, number: &str) {
    let read = mall.run(mall.gateway_payment(number));
    let key = read["paymentKey"].as_str().expect("a payment key");
    let url = format!("{}/v1/payments/{key}/cancel", mall.stack.payment_url());
    let request = reqwest::Client::new()
        .post(url)
        .basic_auth(mall.stack.payment_secret_key(), Some(""))
        .json(&json!({"cancelReason": "by hand", "cancelAmount": 1_000}));
    let answer = mall.run(request.send()).expect("an answer");
    assert_eq!(answer.status().as_u16(), 200);
}
