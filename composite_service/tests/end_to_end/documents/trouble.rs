//! What shoppers hear when parts of the mall are away, stuck, full or broken. Takes the mall apart, so it comes last.

use std::thread::sleep;
use std::time::{Duration, Instant};

use api_documents::draft::Draft;
use serde_json::{Value, json};
use stack::{Broker, EmbeddedBroker, answers_ok};

use super::cancelling::{REFUNDED, cancel_all};
use super::members::{my_page, orders};
use super::paying::pay;
use super::placing::{UMBRELLA, paid, pending, place};
use super::quoting::quote;
use super::reading::get;
use super::recorder::Recorder;
use crate::mall::{Mall, received};

/// Purchases that the mall has under way at most.
pub(super) const CAPACITY: usize = 6;
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Orders of which a restarted order service finds something else in the database than it has put there.
struct Tampered {
    expired: String,
    broken: String,
}

pub(super) fn record(recorder: &mut Recorder<'_>, mall: &mut Mall) {
    let tampered = tampered(mall);
    stuck(recorder, mall);
    restart_order_service(mall);
    found_tampered(recorder, mall, &tampered);
    no_refund(recorder, mall);
    no_gateway(recorder, mall);
    no_broker(recorder, mall);
}

fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONGEST_WAIT;
    while !holds() {
        assert!(Instant::now() < deadline, "{what} does not happen");
        sleep(Duration::from_millis(100));
    }
}

fn umbrella() -> Value {
    json!({"orderLineList": [{"item": {"itemId": 1}, "quantity": 1}]})
}

fn tampered(mall: &Mall) -> Tampered {
    let keyed = |key| {
        mall.run(mall.buy_with_key(&umbrella(), key))
            .assert_order("CREATED")
            .order_num()
    };
    let (expired, broken) = (keyed("forgotten-1"), keyed("broken-1"));
    mall.sql(&format!(
        "UPDATE orders SET pay_by = UTC_TIMESTAMP(6), review_at = UTC_TIMESTAMP(6) WHERE order_num = '{expired}'"
    ));
    mall.sql(&format!(
        "UPDATE orders SET status = 'BROKEN' WHERE order_num = '{broken}'"
    ));
    Tampered { expired, broken }
}

/// The order service stands still: it takes no command and answers no read.
fn stuck(recorder: &mut Recorder<'_>, mall: &mut Mall) {
    let [number, slow, full, regretted] =
        [pending(mall), pending(mall), pending(mall), pending(mall)];
    mall.stack.order_services[0].pause().expect("a pause");
    let slowly = |draft: Draft| {
        draft
            .note("The head has promised a longer body.")
            .header("Content-Length", "1000")
            .senseless(408)
    };
    let drafts = vec![
        place("A late answer", UMBRELLA.to_owned())
            .note("The purchase goes on. The order is found at `Location`, where it is 202 until the order is there.")
            .answered(202),
        place("A late answer to a request with a key", UMBRELLA.to_owned())
            .note("Another request with this key may have made the order, so its number is not known yet. The same request tells it.")
            .header("Idempotency-Key", "basket-4712")
            .answered(503),
        slowly(place("A body that does not come", UMBRELLA.to_owned())),
        quote("A price that can't be read", UMBRELLA.to_owned()).answered(503),
        slowly(quote("A body that does not come", UMBRELLA.to_owned())),
        pay(&number, "A late answer", "late-9", "12000").answered(202),
        slowly(pay(&slow, "A body that does not come", "late-10", "12000")),
        cancel_all(&regretted, "A late answer").answered(202),
        slowly(cancel_all(&slow, "A body that does not come")),
        get(&json!({"orderNum": number}), "An order that can't be read").answered(503),
        Draft::new("GET", "/open-api/product", "Products that can't be read").answered(503),
        Draft::new("GET", "/open-api/product/1", "A product that can't be read").answered(503),
        orders("Orders that can't be read").answered(503),
        my_page("Parts that are late").note("The whole page takes as long as the slowest part may."),
    ];
    recorder.record_at_once(drafts, || {
        let under_way = 4;
        for _ in under_way..CAPACITY {
            let url = format!("{}/open-api/order", mall.composite());
            mall.runtime.spawn(async move {
                // nobody is there to hear the answer
                let _ = reqwest::Client::new()
                    .post(url)
                    .json(&umbrella())
                    .send()
                    .await;
            });
        }
    });
    assert_eq!(under_way(mall), CAPACITY as f64, "purchases under way");
    recorder.record(
        place("Too many purchases", UMBRELLA.to_owned())
            .note("Nothing was ordered.")
            .answered(503),
    );
    recorder.record(
        pay(&full, "Too many purchases", "late-11", "12000")
            .note("Nothing was charged.")
            .answered(503),
    );
    recorder.record(
        cancel_all(&full, "Too many purchases")
            .note("Nothing was cancelled.")
            .answered(503),
    );
    no_page(recorder, mall);
    mall.stack.order_services[0].resume().expect("a resumption");
    wait_for("the late purchases' end", || under_way(mall) == 0.0);
}

/// The parts that nobody answers for are no longer asked for, and then the last one goes, too.
fn no_page(recorder: &mut Recorder<'_>, mall: &mut Mall) {
    let url = format!("{}/open-api/my-page", mall.composite());
    let page = || {
        let asked = reqwest::Client::new()
            .get(&url)
            .header("X-Member-Id", "minji");
        mall.run(async { received(asked.send().await?).await })
            .expect("an answer")
    };
    let parts = ["orders", "coupons", "products"];
    wait_for("the breakers' opening", || {
        let body = page().body;
        parts.iter().all(|part| body[part]["status"] == "open")
    });
    recorder.record(my_page("Parts that nobody is asked for").note(
        "They failed so often that they are left alone for a while; the answer comes at once.",
    ));
    mall.stack.members.kill_9().expect("a kill");
    recorder.record(my_page("No part at all").answered(503));
}

/// How many purchases the composite says it has in hand.
fn under_way(mall: &Mall) -> f64 {
    let url = format!("{}/metrics", mall.stack.composites[0].internal_url());
    let metrics = mall.run(mall.get_from(&url)).body;
    let mut lines = metrics.as_str().expect("metrics").lines();
    lines
        .find_map(|line| line.strip_prefix("purchases_under_way ")?.parse().ok())
        .expect("a number")
}

/// So that it reads its orders anew.
fn restart_order_service(mall: &mut Mall) {
    let service = &mut mall.stack.order_services[0];
    service.terminate(LONGEST_WAIT).expect("an end");
    service.restart().expect("a restart");
    service.wait_ready(LONGEST_WAIT).expect("readiness");
}

fn found_tampered(recorder: &mut Recorder<'_>, mall: &Mall, tampered: &Tampered) {
    let path = format!("/open-api/order/{}", tampered.expired);
    wait_for("the expiry", || {
        mall.run(mall.get(&path)).body["status"] == "REJECTED"
    });
    recorder.record(
        place("An order that was given up", UMBRELLA.to_owned())
            .note("Asked again with its key: it was not paid in time.")
            .header("Idempotency-Key", "forgotten-1")
            .answered(409)
            .with(&["orderNum", "Idempotent-Replayed"]),
    );
    recorder.record(
        place("An order that the mall can't make out", UMBRELLA.to_owned())
            .note("Shown by an order whose row in the database was broken on purpose.")
            .header("Idempotency-Key", "broken-1")
            .answered(500)
            .with(&["orderNum"]),
    );
    recorder.record(
        pay(
            &tampered.broken,
            "An order that the mall can't make out",
            "late-12",
            "12000",
        )
        .answered(500)
        .with(&["orderNum"]),
    );
    recorder.record(
        cancel_all(&tampered.broken, "An order that the mall can't make out")
            .answered(500)
            .with(&["orderNum"]),
    );
}

/// A refund that waits for a gateway which does not answer.
fn no_refund(recorder: &mut Recorder<'_>, mall: &Mall) {
    let wish: Value = serde_json::from_str(&paid(1, 1, "umbrella-6", 12_000)).expect("a basket");
    let number = mall
        .run(mall.buy(&wish))
        .assert_order("COMPLETE")
        .order_num();
    mall.set_gateway_faults(&json!({"failCancels": 1_000}));
    recorder.record(
        cancel_all(&number, "No answer of the payment gateway")
            .note("The refund goes on. The order tells how it ends.")
            .answered(202),
    );
    recorder.record(
        cancel_all(&number, "Another refund that is under way")
            .answered(409)
            .with(&["orderNum"]),
    );
    recorder.record(
        get(
            &json!({"orderNum": number}),
            "An order with a refund under way",
        )
        .note("The gateway is being asked.")
        .with(REFUNDED),
    );
    mall.set_gateway_faults(&json!({}));
    wait_for("the refund's end", || under_way(mall) == 0.0);
}

fn no_gateway(recorder: &mut Recorder<'_>, mall: &mut Mall) {
    let number = pending(mall);
    mall.stack.payment.kill_9().expect("a kill");
    recorder.record(
        place("No payment gateway", paid(1, 1, "umbrella-3", 12_000))
            .note("Nothing is charged, and the order goes on waiting.")
            .answered(503)
            .with(&["orderNum"]),
    );
    recorder.record(
        pay(&number, "No payment gateway", "late-13", "12000")
            .note("Nothing is charged, and the order goes on waiting.")
            .answered(503)
            .with(&["orderNum"]),
    );
}

fn embedded(mall: &Mall) -> &EmbeddedBroker {
    match &mall.stack.broker {
        Broker::Embedded(broker) => broker,
        Broker::Kafka(_) | Broker::Cluster(_) => {
            panic!("the documents are made with the embedded broker")
        }
    }
}

/// A composite that was started while Kafka is away: it has no partition that replies could come to.
fn no_broker(recorder: &mut Recorder<'_>, mall: &mut Mall) {
    let down = embedded(mall).with(|cluster| cluster.broker_down(1));
    down.expect("a broker").expect("its end");
    let composite = &mut mall.stack.composites[0];
    composite.restart().expect("a restart");
    wait_for("the composite's start", || {
        answers_ok(&format!("{}/livez", composite.url()))
    });
    recorder.record(
        place("No Kafka", UMBRELLA.to_owned())
            .note("Nothing was ordered.")
            .answered(503),
    );
    recorder.record(
        Draft::new("GET", "/readyz", "It is not ready")
            .note("Kafka is away here.")
            .with(&["reason"])
            .answered(503),
    );
    let up = embedded(mall).with(|cluster| cluster.broker_up(1));
    up.expect("a broker").expect("its return");
}
