//! Many shoppers at once: nothing is sold twice, nothing gets stuck, and no business outcome is a server error.

use futures_util::future::join_all;
use serde_json::Value;

use crate::Behaviour;
use crate::mall::{Answer, Mall, basket, paid_basket};
use crate::spring_peers::Peer;

pub(crate) const BEHAVIOURS: &[Behaviour] = &[
    ("contention::hot_item::sells_exactly_its_stock", hot_item),
    (
        "contention::opposite_lock_orders::none_fails",
        opposite_orders,
    ),
    (
        "contention::one_order::makes_one_transition",
        one_transition,
    ),
];

fn buy_all(mall: &Mall, baskets: &[Value]) -> Vec<Answer> {
    mall.run(join_all(baskets.iter().map(|basket| mall.buy(basket))))
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers
        .iter()
        .filter(|answer| answer.status == status)
        .count()
}

fn hot_item(mall: &Mall) {
    let item = mall.new_item(100);
    let baskets: Vec<Value> = (0..200)
        .map(|_| paid_basket(&[(item, 1)], "pay", 12_000))
        .collect();
    let answers = buy_all(mall, &baskets);
    assert_eq!(
        (count(&answers, 200), count(&answers, 409)),
        (100, 100),
        "{answers:?}"
    );
    for answer in &answers {
        match answer.status {
            200 => answer.assert_order("COMPLETE"),
            _ => answer.assert_problem(409, "OUT_OF_STOCK"),
        };
        answer.order_num();
    }
    assert_eq!((mall.stock(item), mall.held(item)), (0, 100));
}

fn opposite_orders(mall: &Mall) {
    let (a, b) = (mall.new_item(150), mall.new_item(150));
    let baskets: Vec<Value> = (0..200)
        .map(|index| {
            if index % 2 == 0 {
                basket(&[(a, 1), (b, 1)])
            } else {
                basket(&[(b, 1), (a, 1)])
            }
        })
        .collect();
    let answers = buy_all(mall, &baskets);
    assert_eq!(
        (count(&answers, 200), count(&answers, 409)),
        (150, 50),
        "{answers:?}"
    );
    assert_eq!((mall.stock(a), mall.stock(b)), (0, 0));
    assert_eq!((mall.held(a), mall.held(b)), (150, 150));
}

fn one_transition(mall: &Mall) {
    let item = mall.new_item(10);
    let number = mall
        .run(mall.buy(&basket(&[(item, 2)])))
        .assert_order("CREATED")
        .order_num();
    let peer = Peer::new(mall);
    let commands: Vec<String> = (0..20)
        .map(|index| {
            if index % 2 == 0 {
                format!(
                    r#"{{"eventType":"ORDER_APPROVE","key":"{number}","data":{{"orderNum":"{number}","payment":{{"paymentKey":"p{index}","amount":{{"amount":24000}}}}}},"eventCreatedAt":[2026,11,23,1,15]}}"#
                )
            } else {
                format!(
                    r#"{{"eventType":"ORDER_REJECT","key":"{number}","data":{{"orderNum":"{number}","rejectReason":"EXPIRED"}},"eventCreatedAt":[2026,11,23,1,15]}}"#
                )
            }
        })
        .collect();
    let replies = peer.ask_all(&number, &commands);
    assert_eq!(replies.len(), 20);
    let revision = mall.number(&format!(
        "SELECT revision FROM orders WHERE order_num = '{number}'"
    ));
    assert_eq!(revision, 1, "exactly one transition");
    let order = mall.run(mall.get(&format!("/open-api/order/{number}")));
    let expected_stock = if order.order_status() == "COMPLETE" {
        8
    } else {
        10
    };
    assert_eq!(mall.stock(item), expected_stock);
    assert!(
        replies
            .iter()
            .all(|reply| reply["data"]["status"] == order.body["status"]),
        "{replies:?}"
    );
}
