//! Requests that come again with an idempotency key: one order, one charge, one answer.

use futures_util::future::join_all;
use serde_json::json;

use crate::Behaviour;
use crate::mall::{Answer, Mall, Totals, basket, paid_basket, payment_key};

pub(crate) const BEHAVIOURS: &[Behaviour] = &[
    (
        "idempotency::order::same_request_gets_the_first_answer",
        again,
    ),
    ("idempotency::order::at_once_charges_once", at_once),
    ("idempotency::order::same_refusal_again", refused_again),
    (
        "idempotency::order::another_request_is_refused",
        another_request,
    ),
    (
        "idempotency::order::invalid_request_keeps_the_key_free",
        malformed,
    ),
    (
        "idempotency::payment::same_request_gets_the_same_answer",
        paying_again,
    ),
    (
        "idempotency::payment::another_request_is_refused",
        another_payment,
    ),
];

fn is_replay(answer: &Answer) -> bool {
    answer
        .headers
        .get("idempotent-replayed")
        .is_some_and(|value| value == "true")
}

fn again(mall: &Mall) {
    let item = mall.new_item(10);
    let key = payment_key("key");
    let request = paid_basket(&[(item, 2)], "pay", 24_000);
    let first = mall.run(mall.buy_with_key(&request, &key));
    first.assert_order("COMPLETE");
    assert!(!is_replay(&first));
    for quoted in [key.clone(), format!("\"{key}\"")] {
        let again = mall.run(mall.buy_with_key(&request, &quoted));
        assert_eq!((again.status, &again.body), (200, &first.body));
        assert!(is_replay(&again));
    }
    assert_eq!(mall.stock(item), 8);
    assert_eq!(
        mall.run(mall.ledger(&first.order_num())),
        Totals {
            charged: 1,
            canceled: 0
        }
    );
}

fn at_once(mall: &Mall) {
    let item = mall.new_item(10);
    let key = payment_key("key");
    let request = paid_basket(&[(item, 1)], "pay", 12_000);
    let answers = mall.run(join_all((0..10).map(|_| mall.buy_with_key(&request, &key))));
    let number = answers[0].order_num();
    for answer in &answers {
        answer.assert_order("COMPLETE");
        assert_eq!(answer.order_num(), number);
    }
    assert_eq!(
        answers.iter().filter(|answer| !is_replay(answer)).count(),
        1
    );
    assert_eq!((mall.stock(item), mall.held(item)), (9, 1));
    assert_eq!(
        mall.run(mall.ledger(&number)),
        Totals {
            charged: 1,
            canceled: 0
        }
    );
}

fn refused_again(mall: &Mall) {
    let item = mall.new_item(10);
    let key = payment_key("key");
    let request = paid_basket(&[(item, 1)], "decline", 12_000);
    let first = mall.run(mall.buy_with_key(&request, &key));
    first.assert_problem(402, "PAYMENT_DECLINED");
    let again = mall.run(mall.buy_with_key(&request, &key));
    assert_eq!((again.status, &again.body), (402, &first.body));
    assert!(is_replay(&again));
}

fn another_request(mall: &Mall) {
    let item = mall.new_item(10);
    let key = payment_key("key");
    mall.run(mall.buy_with_key(&basket(&[(item, 1)]), &key))
        .assert_order("CREATED");
    let other = mall.run(mall.buy_with_key(&basket(&[(item, 2)]), &key));
    other.assert_problem(422, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!((mall.stock(item), mall.held(item)), (9, 1));
}

fn pending_order(mall: &Mall) -> String {
    let item = mall.new_item(10);
    let number = mall.run(mall.buy(&basket(&[(item, 1)]))).order_num();
    format!("/open-api/order/{number}/payment")
}

fn paying_again(mall: &Mall) {
    for (prefix, status) in [("pay", 200), ("decline", 402)] {
        let path = pending_order(mall);
        let key = payment_key("key");
        let payment = json!({"paymentKey": payment_key(prefix), "amount": 12_000});
        let requests = || (0..5).map(|_| mall.post_with_key(&path, &payment, &key));
        let mut answers = mall.run(join_all(requests()));
        let last = mall.run(mall.post_with_key(&path, &payment, &key));
        assert!(is_replay(&last), "{last:?}");
        answers.push(last);
        for answer in &answers {
            assert_eq!((answer.status, &answer.body), (status, &answers[0].body));
        }
        let charged = i64::from(status == 200);
        assert_eq!(
            mall.run(mall.ledger(&answers[0].order_num())),
            Totals {
                charged,
                canceled: 0
            }
        );
    }
}

fn another_payment(mall: &Mall) {
    let path = pending_order(mall);
    let key = payment_key("key");
    let payment = || json!({"paymentKey": payment_key("pay"), "amount": 12_000});
    let first = mall.run(mall.post_with_key(&path, &payment(), &key));
    let number = first.assert_order("COMPLETE").order_num();
    let other = mall.run(mall.post_with_key(&path, &payment(), &key));
    other.assert_problem(422, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(
        mall.run(mall.ledger(&number)),
        Totals {
            charged: 1,
            canceled: 0
        }
    );
}

fn malformed(mall: &Mall) {
    let item = mall.new_item(10);
    let key = payment_key("key");
    mall.run(mall.buy_with_key(&basket(&[]), &key))
        .assert_problem(400, "EMPTY_ORDER");
    let answer = mall.run(mall.buy_with_key(&basket(&[(item, 1)]), &key));
    assert!(!is_replay(answer.assert_order("CREATED")));
    let unprintable = mall.run(mall.buy_with_key(&basket(&[(item, 1)]), ""));
    unprintable.assert_problem(400, "INVALID_IDEMPOTENCY_KEY");
}
