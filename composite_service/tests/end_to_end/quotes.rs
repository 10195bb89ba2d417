//! What an order would cost is what it then costs, to the won; and asking takes nothing.

use serde_json::{Value, json};

use crate::Behaviour;
use crate::mall::{Answer, Mall, basket};

pub(crate) const BEHAVIOURS: &[Behaviour] = &[
    ("quotes::are_what_the_order_then_costs", then_ordered),
    ("quotes::take_nothing", takes_nothing),
    ("quotes::are_refused_as_the_order_is", refused),
];

const PATH: &str = "/open-api/quote";

/// An item at this price.
fn item_at(mall: &Mall, price: &str) -> i64 {
    let item = mall.new_item(100);
    mall.sql(&format!(
        "UPDATE items SET price = {price} WHERE item_id = {item}"
    ));
    item
}

/// A coupon of so many percent, at most 5,000 won.
fn percentage(mall: &Mall, percent: u8) -> i64 {
    let coupon = mall.new_coupon(5_000);
    mall.sql(&format!(
        "UPDATE coupons SET kind = 'PERCENT', percent = {percent}, minimum_total = 0 WHERE coupon_id = {coupon}"
    ));
    coupon
}

fn with_coupon(mut basket: Value, coupon: i64) -> Value {
    basket["couponId"] = json!(coupon);
    basket
}

/// What a shopper reads as hundredths of a won.
fn hundredths(money: &Value) -> i64 {
    let amount = money["amount"].as_f64().expect("an amount");
    // Prices of a test are far smaller than what a float can tell apart.
    (amount * 100.0).round() as i64
}

fn assert_shares_add_up(body: &Value) {
    let lines = body["orderLineList"].as_array().expect("lines");
    let sum = |member: &str| -> i64 { lines.iter().map(|line| hundredths(&line[member])).sum() };
    assert_eq!(sum("linePrice"), hundredths(&body["totalPrice"]), "{body}");
    assert_eq!(sum("discount"), hundredths(&body["discount"]), "{body}");
    let paid = hundredths(&body["totalPrice"]) - hundredths(&body["discount"]);
    assert_eq!(hundredths(&body["finalPrice"]), paid, "{body}");
    let is_within = |line: &Value| hundredths(&line["discount"]) <= hundredths(&line["linePrice"]);
    assert!(lines.iter().all(is_within), "{body}");
}

fn then_ordered(mall: &Mall) {
    let [cheap, odd, dear] = ["700", "1999", "12000"].map(|price| item_at(mall, price));
    let fraction = item_at(mall, "0.15");
    for basket in [
        basket(&[(dear, 1)]),
        basket(&[(cheap, 3), (odd, 7), (dear, 2)]),
        basket(&[(fraction, 7), (odd, 1)]),
        basket(&[(odd, 1), (odd, 2)]),
        with_coupon(basket(&[(dear, 2)]), mall.new_coupon(3_000)),
        with_coupon(
            basket(&[(cheap, 1), (odd, 1), (dear, 1)]),
            mall.new_coupon(1_000),
        ),
        with_coupon(basket(&[(dear, 1)]), mall.new_coupon(50_000)),
        with_coupon(basket(&[(odd, 3), (cheap, 1)]), percentage(mall, 7)),
        with_coupon(basket(&[(odd, 1), (fraction, 3)]), percentage(mall, 33)),
        with_coupon(basket(&[(dear, 9), (odd, 1)]), percentage(mall, 50)),
    ] {
        let quote = mall.run(mall.post(PATH, &basket));
        assert_eq!(quote.status, 200, "{quote:?}");
        let order = mall.run(mall.buy(&basket));
        order.assert_order("CREATED");
        for member in ["orderLineList", "totalPrice", "discount", "finalPrice"] {
            assert_eq!(
                quote.body[member], order.body[member],
                "{member} of {basket}"
            );
        }
        assert_shares_add_up(&quote.body);
        let amount = &quote.body["finalPrice"];
        assert_eq!(pay(mall, &order, amount).order_status(), "COMPLETE");
    }
}

fn pay(mall: &Mall, order: &Answer, amount: &Value) -> Answer {
    let number = order.order_num();
    let payment = json!({"paymentKey": crate::mall::payment_key("quoted"), "amount": amount});
    mall.run(mall.post(&format!("/open-api/order/{number}/payment"), &payment))
}

fn takes_nothing(mall: &Mall) {
    let item = mall.new_item(3);
    let coupon = mall.new_coupon(1_000);
    let wish = with_coupon(basket(&[(item, 3)]), coupon);
    for _ in 0..5 {
        let quote = mall.run(mall.post(PATH, &wish));
        assert_eq!(
            (quote.status, &quote.body["finalPrice"]),
            (200, &json!({"amount": 35_000}))
        );
    }
    let holder = format!("SELECT used_by IS NULL FROM coupons WHERE coupon_id = {coupon}");
    assert_eq!((mall.stock(item), mall.number(&holder)), (3, 1));
    let orders = format!("SELECT COUNT(*) FROM order_lines WHERE item_id = {item}");
    assert_eq!(mall.number(&orders), 0);
}

fn refused(mall: &Mall) {
    let (item, scarce) = (mall.new_item(100), mall.new_item(1));
    let one = || basket(&[(item, 1)]);
    let used = mall.new_coupon(1_000);
    mall.run(mall.buy(&with_coupon(one(), used)))
        .assert_order("CREATED");
    let changed = |change: &str| {
        let coupon = mall.new_coupon(1_000);
        mall.sql(&format!(
            "UPDATE coupons SET {change} WHERE coupon_id = {coupon}"
        ));
        with_coupon(one(), coupon)
    };
    for wish in [
        basket(&[(item, 1), (scarce, 2)]),
        basket(&[(999_999_999, 1)]),
        basket(&[(item, 0)]),
        basket(&[]),
        with_coupon(one(), 999_999_999),
        with_coupon(one(), used),
        changed("valid_from = '2098-01-01'"),
        changed("valid_until = '2026-01-02'"),
        changed("minimum_total = 12001"),
    ] {
        let quote = mall.run(mall.post(PATH, &wish));
        let order = mall.run(mall.buy(&wish));
        assert_ne!(quote.status, 200, "{wish}");
        assert_eq!(quote.status, order.status, "{wish}");
        for member in [
            "code", "reason", "detail", "msg", "title", "member", "line", "itemId",
        ] {
            assert_eq!(quote.body[member], order.body[member], "{member} of {wish}");
        }
    }
}
