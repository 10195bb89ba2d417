//! Paying a pending order.

use serde_json::{Value, json};

use crate::Behaviour;
use crate::mall::{Answer, Mall, Totals, basket, payment_key};

pub(crate) const BEHAVIOURS: &[Behaviour] = &[
    ("payments::same_payment_twice::charges_once", paid_twice),
    (
        "payments::paid_order::refuses_another_payment",
        paid_otherwise,
    ),
    ("payments::wrong_amount::can_still_be_paid", wrong_amount),
    ("payments::declined::rejects_the_order", declined),
    ("payments::many_at_once::charges_one", paid_by_many),
    ("payments::unknown_order::not_found", unknown),
    (
        "payments::nothing_to_pay::completes_without_a_charge",
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
