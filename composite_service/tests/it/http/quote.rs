//! `POST /open-api/quote`: the price of an order that is not placed, or the refusal that it would get.

use actix_web::http::header::{CACHE_CONTROL, HeaderName, RETRY_AFTER};
use actix_web::test::TestRequest;
use chrono::{DateTime, FixedOffset, TimeDelta};
use composite_service::domain::order::OrderReply;
use composite_service::ports::quotes::QuoteAnswer;
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::money::Money;
use shared::reason::Reason;
use shared::wire::order_dto::{ItemDto, OrderDto, OrderLineDto, OrderStatus};
use shared::wire::quote_dto::{QuoteDto, WishDto};

use super::front::{Front, Reply, line, pays};
use crate::doubles::Shelves;
use crate::harness::{clock, nth_number, order};

const PATH: &str = "/open-api/quote";
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

fn saying(answer: QuoteAnswer) -> Front {
    Front::reading(Shelves {
        quote: Some(answer),
        ..Shelves::default()
    })
}

/// Two lines, of which a coupon takes off 1000.
fn quoted() -> QuoteAnswer {
    let line = |id: i64, price: u32, quantity: i64| OrderLineDto {
        order_line_id: Some(id),
        item: ItemDto {
            item_id: id * 10,
            name: Some("an item".to_owned()),
            price: Some(Money::from_units(price)),
            stock: None,
        },
        quantity,
    };
    QuoteAnswer::Quote(QuoteDto {
        order_line_list: vec![line(1, 500, 2), line(2, 2_000, 1)],
        coupon_id: Some(3),
        total_price: Money::from_units(3_000),
        final_price: Money::from_units(2_000),
        priced_date: "2026-11-23T10:15:40+09:00".parse().unwrap(),
        coupon_valid_until: Some("2027-01-01T00:00:00+09:00".parse().unwrap()),
    })
}

fn basket() -> Value {
    json!({"orderLineList": [line(1, 2), line(2, 1)], "couponId": 3})
}

/// What a client sees of a refusal, but for the order and the path.
fn seen(reply: &Reply) -> (u16, Value, Option<&str>, Option<&str>) {
    let mut body = reply.body.clone();
    let members = body.as_object_mut().unwrap();
    for own in ["orderNum", "instance"] {
        members.remove(own);
    }
    (
        reply.status,
        body,
        reply.header(RETRY_AFTER),
        reply.header(RATE_LIMIT),
    )
}

#[actix::test]
async fn shows_each_line_with_its_share_of_the_discount() {
    let mut front = saying(quoted());
    let reply = front.post(PATH, &basket()).await;
    let won = |amount: u32| json!({"amount": amount});
    let line = |id: i64, price: u32, quantity: i64, line_price: u32, discount: u32| {
        json!({
            "orderLineId": id,
            "item": {"itemId": id * 10, "name": "an item", "price": won(price)},
            "quantity": quantity, "linePrice": won(line_price), "discount": won(discount),
        })
    };
    let expected = json!({
        "orderLineList": [line(1, 500, 2, 1_000, 333), line(2, 2_000, 1, 2_000, 667)],
        "couponId": 3,
        "totalPrice": won(3_000), "discount": won(1_000), "finalPrice": won(2_000),
        "pricedDate": "2026-11-23T10:15:40+09:00",
        "couponValidUntil": "2027-01-01T00:00:00+09:00",
    });
    assert_eq!((reply.status, &reply.body), (200, &expected));
    assert_eq!(reply.header(CACHE_CONTROL), Some("no-store"));
    assert!(front.commands_rx.try_recv().is_err(), "nothing is ordered");
}

#[actix::test]
async fn asks_for_the_lines_the_coupon_and_the_member() {
    let front = saying(quoted());
    let request = TestRequest::post().uri(PATH).set_json(basket());
    front
        .send(request.insert_header(("X-Member-Id", "kim")))
        .await;
    let bought = |item_id: i64, quantity: i64| OrderLineDto {
        order_line_id: None,
        item: ItemDto {
            item_id,
            ..ItemDto::default()
        },
        quantity,
    };
    let wish = WishDto {
        order_line_list: vec![bought(1, 2), bought(2, 1)],
        coupon_id: Some(3),
        member_id: Some("kim".parse().unwrap()),
    };
    assert_eq!(*front.shelves.wishes.lock().unwrap(), [wish]);
}

mod a_refusal {
    use super::*;

    async fn of_the_order(reason: Reason, retry_date: Option<DateTime<FixedOffset>>) -> Reply {
        let rejected = OrderDto {
            retry_date,
            ..order(&nth_number(1), OrderStatus::Rejected)
        };
        let front = Front::replying(OrderReply::Rejected(rejected, reason));
        front.post("/open-api/order", &basket()).await
    }

    #[actix::test]
    async fn is_that_of_the_order() {
        let later = (clock().now() + TimeDelta::seconds(90)).fixed_offset();
        for reason in [
            Reason::OutOfStock,
            Reason::UnknownItem,
            Reason::InvalidQuantity,
            Reason::CouponUnknown,
            Reason::CouponNotYetValid,
            Reason::CouponExpired,
            Reason::CouponUsed,
            Reason::CouponMinimumNotMet,
            Reason::TooManyPendingOrders,
            Reason::TooManyPendingPieces,
        ] {
            for retry_at in [None, Some(later)] {
                let front = saying(QuoteAnswer::Refused { reason, retry_at });
                let quote = front.post(PATH, &basket()).await;
                let order = of_the_order(reason, retry_at).await;
                assert_eq!(seen(&quote), seen(&order), "{reason:?} {retry_at:?}");
                assert_eq!(quote.body.get("orderNum"), None);
            }
        }
    }

    #[actix::test]
    async fn of_a_senseless_request_is_that_of_the_order() {
        let line = line(1, 1);
        for body in [
            json!({}),
            json!([]),
            json!({"orderLineList": []}),
            json!({"orderLineList": vec![line.clone(); 101]}),
            json!({"orderLineList": [line, {"item": {"itemId": 7}, "quantity": 0}]}),
            json!({"orderLineList": [line], "couponid": 3}),
            json!({"orderLineList": [line], "couponId": "three"}),
            json!({"orderLineList": [{"item": {"itemId": 1}, "quantity": 2.5}]}),
            json!({"orderLineList": [{"item": {"itemId": 1, "size": 1}, "quantity": 2}]}),
        ] {
            let front = saying(quoted());
            let quote = front.post(PATH, &body).await;
            let order = front.post("/open-api/order", &body).await;
            assert_eq!(seen(&quote), seen(&order), "{body}");
            assert!(front.shelves.wishes.lock().unwrap().is_empty(), "{body}");
        }
    }

    #[actix::test]
    async fn names_a_payment_because_a_quote_takes_none() {
        let mut body = basket();
        body["payment"] = pays("key", json!(2_000));
        let reply = saying(quoted()).post(PATH, &body).await;
        assert_eq!(reply.problem(), (400, -705, "MALFORMED_REQUEST"));
        assert_eq!(reply.body["member"], "payment");
    }
}

mod an_order_service {
    use super::*;

    #[actix::test]
    async fn that_gives_no_quotes_gets_501() {
        let reply = saying(QuoteAnswer::NotGiven).post(PATH, &basket()).await;
        assert_eq!(reply.problem(), (501, -701, "NOT_SUPPORTED"));
        assert_eq!(reply.body["detail"], "the order service gives no quotes");
    }

    #[actix::test]
    async fn that_is_a_spring_one_by_the_settings_is_not_asked() {
        let mut front = saying(quoted());
        front.shop.quotes = None;
        let reply = front.post(PATH, &basket()).await;
        assert_eq!(reply.problem(), (501, -701, "NOT_SUPPORTED"));
        assert!(front.shelves.wishes.lock().unwrap().is_empty());
    }

    #[actix::test]
    async fn that_is_away_gets_503() {
        let front = Front::reading(Shelves {
            is_away: true,
            ..Shelves::default()
        });
        let reply = front.post(PATH, &basket()).await;
        assert_eq!(reply.problem(), (503, -701, "ORDER_SERVICE_UNAVAILABLE"));
        assert_eq!(reply.header(RETRY_AFTER), Some("1"));
    }
}
