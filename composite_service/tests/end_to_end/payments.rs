//! Paying a pending order.

use serde_json::{Value, json};

use crate::Behaviour;
use crate::mall::{Answer, Mall, Totals, basket, payment_key};

pub(crate) const BEHAVIOURS: &[Behaviour] = &[
    (
        "given_a_pending_order_when_paid_twice_by_one_payment_then_it_is_complete_and_charged_once",
        paid_twice,
    ),
    (
        "given_a_paid_order_when_paid_by_another_payment_then_409_and_nothing_is_charged",
        paid_otherwise,
    ),
    (
        "given_a_pending_order_when_the_amount_is_wrong_then_422_and_it_can_still_be_paid",
        wrong_amount,
    ),
    (
        "given_a_pending_order_when_declined_then_402_and_it_is_rejected",
        declined,
    ),
    (
        "given_a_pending_order_when_paid_by_many_payments_at_once_then_one_is_charged_and_kept",
        paid_by_many,
    ),
    ("given_no_such_order_when_paid_then_404", unknown),
    (
        "given_a_coupon_that_covers_everything_when_nothing_is_paid_then_it_is_complete_without_a_charge",
        nothing_to_pay,
    ),
];

fn payment(prefix: &str, amount: i64) -> Value {
    json!({"paymentKey": payment_key(prefix), "amount": amount})
}

async fn pay(mall: &Mall, number: &str, payment: &Value) -> Answer {
    mall.post(&format!("/open-api/order/{number}/payment"), payment)
        .await
}

fn pending_order(mall: &Mall, item: i64) -> String {
    let answer = mall.run(mall.buy(&basket(&[(item, 2)])));
    answer.assert_order("CREATED").order_num()
}

fn paid_twice(mall: &Mall) {
    let number = pending_order(mall, mall.new_item(10));
    let payment = payment("pay", 24_000);
    mall.run(pay(mall, &number, &payment))
        .assert_order("COMPLETE");
    mall.run(pay(mall, &number, &payment))
        .assert_order("COMPLETE");
    assert_eq!(
        mall.run(mall.ledger(&number)),
        Totals {
            charged: 1,
            canceled: 0
        }
    );
}

fn paid_otherwise(mall: &Mall) {
    let number = pending_order(mall, mall.new_item(10));
    mall.run(pay(mall, &number, &payment("pay", 24_000)))
        .assert_order("COMPLETE");
    let second = mall.run(pay(mall, &number, &payment("pay", 24_000)));
    second.assert_problem(409, "ALREADY_PAID");
    assert_eq!(second.order_num(), number);
    assert_eq!(
        mall.run(mall.ledger(&number)),
        Totals {
            charged: 1,
            canceled: 0
        }
    );
}

fn wrong_amount(mall: &Mall) {
    let number = pending_order(mall, mall.new_item(10));
    mall.run(pay(mall, &number, &payment("pay", 23_000)))
        .assert_problem(422, "AMOUNT_MISMATCH");
    assert_eq!(
        mall.run(mall.ledger(&number)),
        Totals {
            charged: 0,
            canceled: 0
        }
    );
    mall.run(pay(mall, &number, &payment("pay", 24_000)))
        .assert_order("COMPLETE");
}

fn declined(mall: &Mall) {
    let item = mall.new_item(10);
    let number = pending_order(mall, item);
    let declining = payment("decline", 24_000);
    for _ in 0..2 {
        mall.run(pay(mall, &number, &declining))
            .assert_problem(402, "PAYMENT_DECLINED");
    }
    assert_eq!(mall.stock(item), 10);
    mall.run(pay(mall, &number, &payment("pay", 24_000)))
        .assert_problem(409, "ALREADY_REJECTED");
    assert_eq!(
        mall.run(mall.ledger(&number)),
        Totals {
            charged: 0,
            canceled: 0
        }
    );
}

fn paid_by_many(mall: &Mall) {
    let item = mall.new_item(10);
    let number = pending_order(mall, item);
    let payments: Vec<Value> = (0..20).map(|_| payment("pay", 24_000)).collect();
    let answers = mall.run(futures_util::future::join_all(
        payments.iter().map(|payment| pay(mall, &number, payment)),
    ));
    for answer in &answers {
        if answer.status == 200 {
            answer.assert_order("COMPLETE");
        } else {
            // By the order, which is complete, or by the gateway while it was not.
            let reason = answer.body["reason"].as_str().unwrap_or_default();
            assert!(
                ["ALREADY_PAID", "PAYMENT_CONFLICT"].contains(&reason),
                "{answer:?}"
            );
            answer.assert_problem(409, reason);
        }
    }
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 200).count(),
        1
    );
    assert_eq!(
        mall.run(mall.ledger(&number)),
        Totals {
            charged: 1,
            canceled: 0
        }
    );
    assert_eq!(mall.stock(item), 8);
}

fn unknown(mall: &Mall) {
    let unknown = "20261123000000000000000000000000";
    mall.run(pay(mall, unknown, &payment("pay", 1)))
        .assert_problem(404, "UNKNOWN_ORDER");
}

fn nothing_to_pay(mall: &Mall) {
    let item = mall.new_item(10);
    for later in [false, true] {
        let mut request = basket(&[(item, 1)]);
        request["couponId"] = json!(mall.new_coupon(12_000));
        let nothing = payment("pay", 0);
        if !later {
            request["payment"] = nothing.clone();
        }
        let mut answer = mall.run(mall.buy(&request));
        if later {
            let number = answer.assert_order("CREATED").order_num();
            answer = mall.run(pay(mall, &number, &nothing));
        }
        answer.assert_order("COMPLETE");
        assert_eq!(
            mall.run(mall.ledger(&answer.order_num())),
            Totals {
                charged: 0,
                canceled: 0
            }
        );
    }
    assert_eq!(mall.stock(item), 8);
}
