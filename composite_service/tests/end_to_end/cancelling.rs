//! Cancelling orders: pending ones at once, paid ones by refunds.

use futures_util::future::join_all;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use stack::Service;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Behaviour;
use crate::mall::{Answer, Mall, Totals, basket, paid_basket, payment_key};

pub(crate) const BEHAVIOURS: &[Behaviour] = &[
    (
        "cancelling::pending_order::gives_stock_and_coupon_back",
        pending,
    ),
    ("cancelling::paid_order::is_refunded_once", whole),
    (
        "cancelling::pieces::add_up_to_what_was_paid",
        piece_by_piece,
    ),
    ("cancelling::many_at_once::refund_once", many_at_once),
    ("cancelling::senseless::is_refused", senseless),
    ("cancelling::free_order::needs_no_gateway", free),
];

const LONGEST_WAIT: Duration = Duration::from_secs(60);

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name: &str, test: fn()| {
        Trial::test(format!("cancelling::{name}"), move || {
            test();
            Ok(())
        })
    };
    vec![
        trial(
            "gateway_that_refuses::leaves_the_order_as_it_is",
            refused_by_the_gateway,
        ),
        trial("killed_composite::is_finished_by_the_review", killed),
    ]
}

fn path(number: &str) -> String {
    format!("/open-api/order/{number}/cancel")
}

async fn cancel(mall: &Mall, number: &str) -> Answer {
    mall.post(&path(number), &json!({})).await
}

async fn cancel_pieces(mall: &Mall, number: &str, pieces: &[(i64, i64)], key: &str) -> Answer {
    let lines: Vec<Value> = pieces
        .iter()
        .map(|(line, quantity)| json!({"orderLineId": line, "quantity": quantity}))
        .collect();
    let body = json!({ "orderLineList": lines });
    mall.post_with_key(&path(number), &body, key).await
}

fn moved(mall: &Mall, number: &str) -> (i64, i64) {
    let Totals { charged, canceled } = mall.run(mall.ledger(number));
    (charged, canceled)
}

fn with_coupon(mut basket: Value, coupon: i64) -> Value {
    basket["couponId"] = json!(coupon);
    basket
}

fn holder(mall: &Mall, coupon: i64) -> String {
    let query = format!("SELECT COALESCE(used_by, '-') FROM coupons WHERE coupon_id = {coupon}");
    mall.sql(&query).trim().to_owned()
}

fn pending(mall: &Mall) {
    let (item, coupon) = (mall.new_item(10), mall.new_coupon(2_000));
    let wish = with_coupon(basket(&[(item, 2)]), coupon);
    let number = mall
        .run(mall.buy(&wish))
        .assert_order("CREATED")
        .order_num();
    assert_eq!(
        (mall.stock(item), holder(mall, coupon)),
        (8, number.clone())
    );
    for _ in 0..2 {
        let answer = mall.run(cancel(mall, &number));
        answer.assert_order("REJECTED");
        assert_eq!(answer.body["rejectReason"], "CANCELLED");
        assert_eq!(
            (mall.stock(item), holder(mall, coupon)),
            (10, "-".to_owned())
        );
    }
    let payment = json!({"paymentKey": payment_key("pay"), "amount": 22_000});
    let late = mall.run(mall.post(&format!("/open-api/order/{number}/payment"), &payment));
    late.assert_problem(409, "ALREADY_REJECTED");
    assert_eq!(moved(mall, &number), (0, 0));
}

fn whole(mall: &Mall) {
    let (item, coupon) = (mall.new_item(10), mall.new_coupon(2_000));
    let wish = with_coupon(paid_basket(&[(item, 2)], "pay", 22_000), coupon);
    let number = mall
        .run(mall.buy(&wish))
        .assert_order("COMPLETE")
        .order_num();
    for _ in 0..2 {
        let answer = mall.run(cancel(mall, &number));
        answer.assert_order("COMPLETE");
        assert_eq!(answer.body["cancelledAmount"]["amount"], 22_000);
        assert_eq!(answer.body["refundList"][0]["status"], "DONE");
        assert_eq!(answer.body["refundList"].as_array().unwrap().len(), 1);
    }
    assert_eq!(moved(mall, &number), (1, 1));
    assert_eq!(mall.run(mall.gateway_status(&number)), "CANCELED");
    assert_eq!(
        (mall.stock(item), holder(mall, coupon)),
        (10, "-".to_owned())
    );
    // What it says later is what it said then.
    let read = mall.run(mall.get(&format!("/open-api/order/{number}")));
    assert_eq!(read.body["cancelledAmount"]["amount"], 22_000);
    let again = with_coupon(basket(&[(item, 1)]), coupon);
    mall.run(mall.buy(&again)).assert_order("CREATED");
}

fn piece_by_piece(mall: &Mall) {
    let (item, other) = (mall.new_item(10), mall.new_item(10));
    let coupon = mall.new_coupon(1_000);
    let wish = with_coupon(paid_basket(&[(item, 3), (other, 1)], "pay", 47_000), coupon);
    let number = mall
        .run(mall.buy(&wish))
        .assert_order("COMPLETE")
        .order_num();
    let mut given = 0;
    for (nth, pieces) in [&[(1, 1)][..], &[(1, 1)], &[(1, 1), (2, 1)]]
        .iter()
        .enumerate()
    {
        assert_eq!(holder(mall, coupon), number);
        let key = payment_key("cancel");
        let first = mall.run(cancel_pieces(mall, &number, pieces, &key));
        first.assert_order("COMPLETE");
        let again = mall.run(cancel_pieces(mall, &number, pieces, &key));
        assert_eq!((again.status, &again.body), (200, &first.body));
        let refunds = first.body["refundList"].as_array().unwrap();
        assert_eq!(refunds.len(), nth + 1);
        given = first.body["cancelledAmount"]["amount"].as_i64().unwrap();
        let sum: i64 = refunds
            .iter()
            .map(|refund| refund["amount"]["amount"].as_i64().unwrap())
            .sum();
        assert_eq!(sum, given);
    }
    assert_eq!(given, 47_000);
    assert_eq!((mall.stock(item), mall.stock(other)), (10, 10));
    assert_eq!(
        (moved(mall, &number), holder(mall, coupon)),
        ((1, 3), "-".to_owned())
    );
    assert_eq!(mall.run(mall.gateway_status(&number)), "CANCELED");
}

fn many_at_once(mall: &Mall) {
    let item = mall.new_item(10);
    let wish = paid_basket(&[(item, 2)], "pay", 24_000);
    let number = mall
        .run(mall.buy(&wish))
        .assert_order("COMPLETE")
        .order_num();
    let answers = mall.run(join_all((0..20).map(|_| cancel(mall, &number))));
    assert!(answers.iter().any(|answer| answer.status == 200));
    for answer in &answers {
        if answer.status == 200 {
            answer.assert_order("COMPLETE");
        } else {
            answer.assert_problem(409, "REFUND_UNDER_WAY");
        }
    }
    assert_eq!((moved(mall, &number), mall.stock(item)), ((1, 1), 10));
}

fn senseless(mall: &Mall) {
    let item = mall.new_item(10);
    let wish = paid_basket(&[(item, 2)], "pay", 24_000);
    let number = mall
        .run(mall.buy(&wish))
        .assert_order("COMPLETE")
        .order_num();
    let key = payment_key("cancel");
    for pieces in [&[(1, 3)][..], &[(2, 1)], &[(1, 1), (1, 2)]] {
        let refused = mall.run(cancel_pieces(mall, &number, pieces, &key));
        refused.assert_problem(422, "EXCEEDS_WHAT_IS_LEFT");
    }
    // A refusal has not taken the key.
    mall.run(cancel_pieces(mall, &number, &[(1, 1)], &key))
        .assert_order("COMPLETE");
    let reused = mall.run(cancel_pieces(mall, &number, &[(1, 2)], &key));
    reused.assert_problem(422, "IDEMPOTENCY_KEY_REUSED");
    let unknown = "20261123000000000000000000000000";
    mall.run(cancel(mall, unknown))
        .assert_problem(404, "UNKNOWN_ORDER");
    assert_eq!((moved(mall, &number), mall.stock(item)), ((1, 1), 9));
}

fn free(mall: &Mall) {
    let (item, coupon) = (mall.new_item(10), mall.new_coupon(12_000));
    let wish = with_coupon(paid_basket(&[(item, 1)], "pay", 0), coupon);
    let number = mall
        .run(mall.buy(&wish))
        .assert_order("COMPLETE")
        .order_num();
    let answer = mall.run(cancel(mall, &number));
    answer.assert_order("COMPLETE");
    assert_eq!(answer.body["cancelledAmount"]["amount"], 0);
    assert_eq!(
        (mall.stock(item), holder(mall, coupon)),
        (10, "-".to_owned())
    );
    assert_eq!(moved(mall, &number), (0, 0));
}

fn refused_by_the_gateway() {
    let mall = Mall::start(|_| {});
    let item = mall.new_item(10);
    let wish = paid_basket(&[(item, 2)], "pay", 24_000);
    let number = mall
        .run(mall.buy(&wish))
        .assert_order("COMPLETE")
        .order_num();
    mall.set_gateway_faults(&json!({"refuseCancels": 1}));
    let key = payment_key("cancel");
    let refused = mall.run(cancel_pieces(&mall, &number, &[(1, 1)], &key));
    refused.assert_problem(503, "REFUND_UNAVAILABLE");
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!((mall.stock(item), moved(&mall, &number)), (8, (1, 0)));
    // The same request may be sent again, and is another refund to the gateway.
    let done = mall.run(cancel_pieces(&mall, &number, &[(1, 1)], &key));
    done.assert_order("COMPLETE");
    let states: Vec<&Value> = done.body["refundList"]
        .as_array()
        .unwrap()
        .iter()
        .map(|refund| &refund["status"])
        .collect();
    assert_eq!(states, ["REFUSED", "DONE"]);
    assert_eq!((mall.stock(item), moved(&mall, &number)), (9, (1, 1)));
}

fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONGEST_WAIT;
    while !holds() {
        assert!(Instant::now() < deadline, "{what} does not happen");
        sleep(Duration::from_millis(100));
    }
}

/// The composite dies while it waits for the gateway, which gives the money back all the same. Nobody has told the order service.
fn killed() {
    let mut mall = Mall::start(|_| {});
    let item = mall.new_item(10);
    let wish = paid_basket(&[(item, 2)], "pay", 24_000);
    let number = mall
        .run(mall.buy(&wish))
        .assert_order("COMPLETE")
        .order_num();
    mall.stack.payment.pause().unwrap();
    let url = format!("{}{}", mall.composite(), path(&number));
    mall.runtime.spawn(async move {
        // Nobody is there to hear the answer.
        let _ = reqwest::Client::new()
            .post(url)
            .json(&json!({}))
            .send()
            .await;
    });
    let refunds = format!("SELECT COALESCE(refunds, '') FROM orders WHERE order_num = '{number}'");
    wait_for("the refund's beginning", || {
        mall.sql(&refunds).contains("REQUESTED")
    });
    let composite: &mut Service = &mut mall.stack.composites[0];
    composite.kill_9().unwrap();
    mall.stack.payment.resume().unwrap();
    mall.stack.composites[0].restart().unwrap();
    mall.stack.composites[0].wait_ready(LONGEST_WAIT).unwrap();
    // Not before its time, which need not be waited for here.
    mall.sql(&format!(
        "UPDATE orders SET review_at = UTC_TIMESTAMP(6) WHERE order_num = '{number}'"
    ));
    wait_for("the refund's end", || mall.sql(&refunds).contains("DONE"));
    assert_eq!((moved(&mall, &number), mall.stock(item)), ((1, 1), 10));
    let read = mall.run(mall.get(&format!("/open-api/order/{number}")));
    assert_eq!(read.body["cancelledAmount"]["amount"], 24_000);
}
