//! What an order would cost, as composites ask for it.

use super::*;

/// A service that stands when the sample orders are placed.
async fn ask_for(store: &Arc<StoreDouble>, body: &Value) -> Answer {
    let reads = Reads {
        clock: Arc::new(FixedClock(now())),
        ..reads(store, &TestBroker::embedded(), true, false)
    };
    let request = TestRequest::with_uri("/api/quote")
        .method(Method::POST)
        .set_json(body);
    ask(reads, request).await
}

fn wish(item: ItemId, quantity: i64) -> Value {
    json!({"orderLineList": [{"item": {"itemId": item}, "quantity": quantity}]})
}

#[actix::test]
async fn tell_the_lines_and_the_price_of_this_moment() {
    let store = Arc::new(StoreDouble::plain());
    let mut body = wish(APPLE, 2);
    body["couponId"] = json!(COUPON);

    let answer = ask_for(&store, &body).await;

    let expected = json!({"quote": {
        "orderLineList": [{
            "orderLineId": 1,
            "item": {"itemId": APPLE, "name": "사과 🍎", "price": {"amount": 12000}},
            "quantity": 2,
        }],
        "couponId": COUPON,
        "totalPrice": {"amount": 24000},
        "finalPrice": {"amount": 21000},
        "pricedDate": "2026-11-23T10:15:40.582933+09:00",
        "couponValidUntil": "2027-01-01T09:00:00+09:00",
    }});
    assert_eq!((answer.status, answer.body), (StatusCode::OK, expected));
    assert_eq!(store.inner.stock(APPLE), APPLES);
    assert_eq!(store.inner.coupon_holder(COUPON), None);
}

#[actix::test]
async fn tell_why_an_order_would_be_refused() {
    let store = Arc::new(StoreDouble::plain());
    for (item, quantity, reason) in [
        (LAST_PIECE, 2, "OUT_OF_STOCK"),
        (NO_ITEM, 1, "UNKNOWN_ITEM"),
        (APPLE, 0, "INVALID_QUANTITY"),
    ] {
        let answer = ask_for(&store, &wish(item, quantity)).await;
        let expected = json!({"rejectReason": reason});
        assert_eq!((answer.status, answer.body), (StatusCode::OK, expected));
    }
}

#[actix::test]
async fn tell_a_member_with_too_much_pending_when_to_order() {
    let store = Arc::new(StoreDouble::plain());
    store.inner.limit(PendingLimits {
        orders: NonZeroU32::new(1),
        pieces: None,
    });
    let pending = OrderDraft {
        member: Some(member("kim")),
        pay_by: now() + TimeDelta::minutes(7),
        ..draft(1, &[(APPLE, 1)])
    };
    applied(&*store.inner, open(pending));
    let mut body = wish(APPLE, 1);
    assert!(ask_for(&store, &body).await.body["quote"].is_object());
    body["memberId"] = json!("kim");

    let answer = ask_for(&store, &body).await;

    let expected = json!({
        "rejectReason": "TOO_MANY_PENDING_ORDERS",
        "retryDate": "2026-11-23T10:22:40.582933+09:00",
    });
    assert_eq!((answer.status, answer.body), (StatusCode::OK, expected));
}

#[actix::test]
async fn need_a_wish_that_can_be_read() {
    let store = Arc::new(StoreDouble::plain());
    let line = json!({"item": {"itemId": 1}, "quantity": 1});
    let too_many = json!({"orderLineList": vec![line; 101]});
    for body in [
        too_many,
        json!({}),
        json!([]),
        wish(1, 1)["orderLineList"].clone(),
    ] {
        ask_for(&store, &body)
            .await
            .assert_problem(400, -705, "MALFORMED_REQUEST");
    }
}
