//! `GET /open-api/order/{orderNum}` and the products.

use std::sync::Arc;

use actix_web::http::header::{CONTENT_TYPE, LINK, RETRY_AFTER};
use actix_web::test::TestRequest;
use chrono::TimeDelta;
use composite_service::ports::order_query::PageBounds;
use serde_json::json;
use shared::clock::{Clock, FixedClock};
use shared::money::Money;
use shared::wire::order_dto::{ItemDto, OrderDto, OrderStatus, PaymentDto, ProductDto};
use url::Url;

use super::front::Front;
use crate::doubles::Shelves;
use crate::harness::{PRICE, clock, nth_number, order, payment};

fn product(id: i64) -> ProductDto {
    let item = ItemDto {
        item_id: id * 10,
        name: Some("an item".to_owned()),
        price: Some(Money::from_units(PRICE)),
        stock: Some(3),
    };
    ProductDto {
        product_id: id,
        name: "a product".to_owned(),
        item_list: vec![item],
    }
}

mod orders {
    use super::*;

    #[actix::test]
    async fn are_shown_without_payment_and_request_id() {
        let stored = OrderDto {
            payment: Some(PaymentDto::from(&payment("secret"))),
            request_id: Some("secret".to_owned()),
            ..order(&nth_number(1), OrderStatus::Complete)
        };
        let front = Front::reading(Shelves {
            orders: vec![stored],
            ..Shelves::default()
        });
        let reply = front
            .get(&format!("/open-api/order/{}", nth_number(1)))
            .await;
        assert_eq!(
            (reply.status, reply.header(CONTENT_TYPE)),
            (200, Some("application/json"))
        );
        let expected = json!({
            "orderNum": nth_number(1).as_str(), "orderLineList": null, "status": "COMPLETE", "finalPrice": {"amount": PRICE},
        });
        assert_eq!(reply.body, expected);
    }

    #[actix::test]
    async fn that_are_pending_tell_until_when_they_can_be_paid() {
        let pay_by = "2026-11-23T10:45:40+09:00";
        let stored = OrderDto {
            pay_by: Some(pay_by.parse().unwrap()),
            ..order(&nth_number(1), OrderStatus::Created)
        };
        let front = Front::reading(Shelves {
            orders: vec![stored],
            ..Shelves::default()
        });
        let path = format!("/open-api/order/{}", nth_number(1));
        assert_eq!(front.get(&path).await.body["payBy"], pay_by);
    }

    #[actix::test]
    async fn of_unknown_or_invalid_numbers_get_404() {
        let front = Front::open();
        for number in ["1", "none", "1.0", "%31%0A", "%FF", &"1".repeat(41)] {
            let reply = front.get(&format!("/open-api/order/{number}")).await;
            assert_eq!(reply.problem(), (404, -704, "NOT_FOUND"), "{number}");
        }
    }

    #[actix::test]
    async fn that_may_still_come_get_202_and_when_to_look_again() {
        let number = nth_number(1);
        let reply = Front::open()
            .get(&format!("/open-api/order/{number}"))
            .await;
        assert_eq!((reply.status, reply.header(RETRY_AFTER)), (202, Some("1")));
        let expected = json!({"orderNum": number, "orderLineList": null, "status": null});
        assert_eq!(reply.body, expected);
    }

    #[actix::test]
    async fn that_nobody_knows_a_day_later_get_404() {
        let mut front = Front::open();
        front.shop.clock = Arc::new(FixedClock(clock().now() + TimeDelta::hours(25)));
        let path = format!("/open-api/order/{}", nth_number(1));
        assert_eq!(front.get(&path).await.problem(), (404, -704, "NOT_FOUND"));
    }

    #[actix::test]
    async fn get_503_while_the_order_service_is_away() {
        let front = Front::reading(Shelves {
            is_away: true,
            ..Shelves::default()
        });
        let reply = front.get("/open-api/order/1").await;
        assert_eq!(reply.problem(), (503, -701, "ORDER_SERVICE_UNAVAILABLE"));
        assert_eq!(reply.header(RETRY_AFTER), Some("1"));
        assert!(
            !reply.body.to_string().contains("refused"),
            "the cause is not the shopper's"
        );
    }
}

mod orders_of_a_member {
    use super::*;

    fn of_member(path: &str) -> TestRequest {
        TestRequest::with_uri(path).insert_header(("X-Member-Id", "kim"))
    }

    fn two_orders() -> Front {
        let orders = [1, 2].map(|nth| OrderDto {
            payment: Some(PaymentDto::from(&payment("secret"))),
            ..order(&nth_number(nth), OrderStatus::Complete)
        });
        Front::reading(Shelves {
            orders: orders.into(),
            ..Shelves::default()
        })
    }

    #[actix::test]
    async fn are_linked_from_page_to_page_and_show_no_payment() {
        let front = two_orders();
        for path in ["/open-api/order", "/open-api/order/"] {
            let first = front.send(of_member(&format!("{path}?limit=1"))).await;
            assert_eq!(
                (first.status, &first.body[0]["orderNum"]),
                (200, &json!(nth_number(1)))
            );
            assert!(!first.body.to_string().contains("secret"));
            let next = format!("?after={}&limit=1", nth_number(2));
            assert_eq!(
                first.header(LINK),
                Some(format!("<{next}>; rel=\"next\"").as_str())
            );
            let last = front.send(of_member(&format!("{path}{next}"))).await;
            assert_eq!(last.body[0]["orderNum"], json!(nth_number(2)));
            assert_eq!(last.header(LINK), None);
        }
    }

    #[actix::test]
    async fn without_a_valid_member_get_400() {
        let front = two_orders();
        let nobody = front.get("/open-api/order").await;
        assert_eq!(nobody.problem(), (400, -705, "INVALID_MEMBER_ID"));
        let odd = TestRequest::with_uri("/open-api/order").insert_header(("X-Member-Id", "a/b"));
        assert_eq!(
            front.send(odd).await.problem(),
            (400, -705, "INVALID_MEMBER_ID")
        );
    }

    #[actix::test]
    async fn with_an_invalid_place_or_limit_get_400() {
        let front = two_orders();
        for query in ["after=nowhere", "limit=many", "limit=-1"] {
            let reply = front
                .send(of_member(&format!("/open-api/order?{query}")))
                .await;
            assert_eq!(reply.problem(), (400, -705, "MALFORMED_REQUEST"), "{query}");
        }
    }

    #[actix::test]
    async fn get_503_while_the_order_service_is_away() {
        let front = Front::reading(Shelves {
            is_away: true,
            ..Shelves::default()
        });
        let reply = front.send(of_member("/open-api/order")).await;
        assert_eq!(reply.problem(), (503, -701, "ORDER_SERVICE_UNAVAILABLE"));
    }
}

mod products {
    use super::*;

    fn two_products(has_more: bool) -> Front {
        Front::reading(Shelves {
            products: vec![product(1), product(2)],
            has_more,
            ..Shelves::default()
        })
    }

    #[actix::test]
    async fn are_listed_with_their_items() {
        let reply = two_products(false).get("/open-api/product").await;
        assert_eq!((reply.status, reply.header(LINK)), (200, None));
        let item = json!({"itemId": 10, "name": "an item", "price": {"amount": PRICE}, "stock": 3});
        assert_eq!(
            reply.body[0],
            json!({"productId": 1, "name": "a product", "itemList": [item]})
        );
        assert_eq!(reply.body.as_array().unwrap().len(), 2);
    }

    #[actix::test]
    async fn link_to_the_next_page_behind_a_proxys_prefix() {
        let reply = two_products(true).get("/open-api/product?limit=2").await;
        let link = reply.header(LINK).unwrap();
        let (address, _) = link.strip_prefix('<').unwrap().split_once('>').unwrap();
        let seen_as: Url = "https://mall.example/composite/open-api/product?limit=2"
            .parse()
            .unwrap();
        assert_eq!(
            seen_as.join(address).unwrap().as_str(),
            "https://mall.example/composite/open-api/product?after=2&limit=2"
        );
    }

    #[actix::test]
    async fn link_to_the_next_page_with_the_same_limit() {
        let front = two_products(true);
        for (query, next) in [
            ("", "<?after=2>; rel=\"next\""),
            ("?limit=2", "<?after=2&limit=2>; rel=\"next\""),
            ("?after=0&limit=2", "<?after=2&limit=2>; rel=\"next\""),
        ] {
            assert_eq!(
                front
                    .get(&format!("/open-api/product{query}"))
                    .await
                    .header(LINK),
                Some(next)
            );
        }
    }

    #[actix::test]
    async fn of_an_empty_page_link_to_nothing() {
        let front = Front::reading(Shelves {
            has_more: true,
            ..Shelves::default()
        });
        let reply = front.get("/open-api/product").await;
        assert_eq!(
            (reply.status, reply.header(LINK), &reply.body),
            (200, None, &json!([]))
        );
    }

    #[actix::test]
    async fn pass_their_bounds_on() {
        let front = two_products(false);
        for (query, after, limit) in [
            ("", None, None),
            ("?after=5", Some(5), None),
            ("?limit=7", None, Some(7)),
            ("?limit=7&after=-5&x=y", Some(-5), Some(7)),
        ] {
            assert_eq!(
                front
                    .get(&format!("/open-api/product/{query}"))
                    .await
                    .status,
                200
            );
            assert_eq!(
                front.shelves.asked.lock().unwrap().pop(),
                Some(PageBounds { after, limit })
            );
        }
    }

    #[actix::test]
    async fn with_invalid_bounds_get_400() {
        let front = two_products(false);
        for query in [
            "after=first",
            "limit=-1",
            "limit=99999999999",
            "after=1&after=2",
            "limit=",
        ] {
            let reply = front.get(&format!("/open-api/product?{query}")).await;
            assert_eq!(reply.problem(), (400, -705, "MALFORMED_REQUEST"), "{query}");
        }
    }

    #[actix::test]
    async fn are_shown_one_by_one_and_others_get_404() {
        let front = two_products(false);
        assert_eq!(
            front.get("/open-api/product/2").await.body,
            json!(product(2))
        );
        for id in ["3", "two", "2.0", "99999999999999999999"] {
            assert_eq!(
                front
                    .get(&format!("/open-api/product/{id}"))
                    .await
                    .problem(),
                (404, -704, "NOT_FOUND")
            );
        }
    }

    #[actix::test]
    async fn get_503_while_the_order_service_is_away() {
        let front = Front::reading(Shelves {
            is_away: true,
            ..Shelves::default()
        });
        for path in ["/open-api/product", "/open-api/product/1"] {
            assert_eq!(
                front.get(path).await.problem(),
                (503, -701, "ORDER_SERVICE_UNAVAILABLE")
            );
        }
    }
}
