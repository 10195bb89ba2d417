//! One shopper at a time: what is answered, and what the books say afterwards.

use serde_json::json;

use crate::Behaviour;
use crate::mall::{Mall, Totals, basket, paid_basket};

pub(crate) const BEHAVIOURS: &[Behaviour] = &[
    ("purchases::one_step::sells", one_step),
    ("purchases::pending::takes_the_stock", pending),
    ("purchases::declined::changes_nothing", declined),
    ("purchases::wrong_amount::charges_nothing", wrong_amount),
    ("purchases::out_of_stock::changes_nothing", oversized),
    ("purchases::several_lines::all_or_none", all_or_none),
    (
        "purchases::coupon::used_once_and_given_back_by_a_rejection",
        coupon,
    ),
    ("purchases::lost_gateway_answer::charges_once", lost_answer),
    ("purchases::invalid_request::orders_nothing", senseless),
];

fn one_step(mall: &Mall) {
    let item = mall.new_item(10);
    let answer = mall.run(mall.buy(&paid_basket(&[(item, 2)], "pay", 24_000)));
    answer.assert_order("COMPLETE");
    assert_eq!(mall.stock(item), 8);
    let number = answer.order_num();
    assert_eq!(
        mall.run(mall.ledger(&number)),
        Totals {
            charged: 1,
            canceled: 0
        }
    );

    let path = answer.location();
    assert_eq!(path, format!("/open-api/order/{number}"));
    for path in [path.clone(), format!("{path}/")] {
        let read = mall.run(mall.get(&path));
        assert_eq!(read.body, answer.body);
        assert!(read.body.get("payment").is_none() && read.body.get("requestId").is_none());
    }
    assert_eq!(
        answer.body["orderLineList"][0]["item"]["price"]["amount"],
        12_000
    );
    assert_eq!(answer.body["finalPrice"]["amount"], 24_000);
    let at_order_service =
        mall.run(mall.get_from(&format!("{}/api/order/{number}", mall.stack.order_url())));
    assert_eq!(at_order_service.body["status"], "COMPLETE");
}

fn pending(mall: &Mall) {
    let item = mall.new_item(10);
    let answer = mall.run(mall.buy(&basket(&[(item, 3)])));
    answer.assert_order("CREATED");
    assert_eq!((mall.stock(item), mall.held(item)), (7, 3));
    let number = answer.order_num();
    assert!(
        (30..=40).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit()),
        "{number}"
    );
}

fn declined(mall: &Mall) {
    let item = mall.new_item(10);
    let answer = mall.run(mall.buy(&paid_basket(&[(item, 2)], "decline", 24_000)));
    answer.assert_problem(402, "PAYMENT_DECLINED");
    assert_eq!(mall.stock(item), 10);
    assert_eq!(
        mall.run(mall.ledger(&answer.order_num())),
        Totals {
            charged: 0,
            canceled: 0
        }
    );
    let order = mall.run(mall.get(&format!("/open-api/order/{}", answer.order_num())));
    order.assert_order("REJECTED");
    assert_eq!(order.body["rejectReason"], "PAYMENT_DECLINED");
}

fn wrong_amount(mall: &Mall) {
    let item = mall.new_item(10);
    for amount in [23_999, 24_001, 0] {
        let answer = mall.run(mall.buy(&paid_basket(&[(item, 2)], "pay", amount)));
        answer.assert_problem(422, "AMOUNT_MISMATCH");
        assert_eq!(
            mall.run(mall.ledger(&answer.order_num())),
            Totals {
                charged: 0,
                canceled: 0
            }
        );
    }
    assert_eq!(mall.stock(item), 10);
}

fn oversized(mall: &Mall) {
    let item = mall.new_item(10);
    for quantity in [11, 5_000_000_000, i64::MAX] {
        let answer = mall.run(mall.buy(&paid_basket(&[(item, quantity)], "pay", 1)));
        answer.assert_problem(409, "OUT_OF_STOCK");
        assert_eq!(
            mall.run(mall.ledger(&answer.order_num())),
            Totals {
                charged: 0,
                canceled: 0
            }
        );
    }
    assert_eq!(mall.stock(item), 10);
}

fn all_or_none(mall: &Mall) {
    let (plenty, scarce) = (mall.new_item(10), mall.new_item(1));
    mall.run(mall.buy(&basket(&[(plenty, 2), (scarce, 2)])))
        .assert_problem(409, "OUT_OF_STOCK");
    mall.run(mall.buy(&basket(&[(plenty, 2), (999_999_999, 1)])))
        .assert_problem(422, "UNKNOWN_ITEM");
    mall.run(mall.buy(&basket(&[(scarce, 1), (scarce, 1)])))
        .assert_problem(409, "OUT_OF_STOCK");
    assert_eq!((mall.stock(plenty), mall.stock(scarce)), (10, 1));
    mall.run(mall.buy(&basket(&[(plenty, 2), (scarce, 1)])))
        .assert_order("CREATED");
    assert_eq!((mall.stock(plenty), mall.stock(scarce)), (8, 0));
}

fn coupon(mall: &Mall) {
    let (item, coupon) = (mall.new_item(10), mall.new_coupon(2_000));
    let with_coupon = |prefix: &str| {
        let mut basket = paid_basket(&[(item, 1)], prefix, 10_000);
        basket["couponId"] = json!(coupon);
        basket
    };
    mall.run(mall.buy(&with_coupon("decline")))
        .assert_problem(402, "PAYMENT_DECLINED");
    let answer = mall.run(mall.buy(&with_coupon("pay")));
    answer.assert_order("COMPLETE");
    assert_eq!(
        (
            &answer.body["couponId"],
            &answer.body["finalPrice"]["amount"]
        ),
        (&json!(coupon), &json!(10_000))
    );
    mall.run(mall.buy(&with_coupon("pay")))
        .assert_problem(422, "COUPON_USED");
    assert_eq!(mall.stock(item), 9);
}

fn lost_answer(mall: &Mall) {
    let item = mall.new_item(10);
    let answer = mall.run(mall.buy(&paid_basket(&[(item, 1)], "lose", 12_000)));
    answer.assert_order("COMPLETE");
    assert_eq!(
        mall.run(mall.ledger(&answer.order_num())),
        Totals {
            charged: 1,
            canceled: 0
        }
    );
}

fn senseless(mall: &Mall) {
    let item = mall.new_item(10);
    mall.run(mall.buy(&basket(&[])))
        .assert_problem(400, "EMPTY_ORDER");
    mall.run(mall.buy(&json!({"orderLineList": "all"})))
        .assert_problem(400, "MALFORMED_REQUEST");
    mall.run(mall.buy(&basket(&[(item, 0)])))
        .assert_problem(422, "INVALID_QUANTITY");
    mall.run(mall.buy(&json!({"orderLineList": [], "x": "x".repeat(100_000)})))
        .assert_problem(413, "BODY_TOO_LARGE");
    mall.run(mall.get("/open-api/order/20261123000000000000000000000000"))
        .assert_problem(404, "NOT_FOUND");
    mall.run(mall.post("/open-api/product", &json!({})))
        .assert_problem(405, "METHOD_NOT_ALLOWED");
    assert_eq!((mall.stock(item), mall.held(item)), (10, 0));
}
