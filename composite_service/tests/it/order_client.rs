//! Reads from the order service, over HTTP from a peer in its place.

use std::time::Duration;

use chrono::SecondsFormat;
use chrono_tz::Asia::Seoul;
use composite_service::domain::peer::Peer as PeerKind;
use composite_service::outbound::http::client;
use composite_service::outbound::http::order_client::OrderClient;
use composite_service::ports::member_query::{MemberQuery, OrdersBounds};
use composite_service::ports::order_query::{OrderQuery, PageBounds, QueryError};
use serde_json::{Value, json};
use shared::member_id::MemberId;
use shared::reason::Reason;
use shared::secret::Secret;
use shared::wire::order_dto::{CouponKind, OrderStatus, ProductDto};
use stack::free_port;

use crate::harness::{PRICE, nth_number, order};
use crate::peer::{Peer, Script};

const PATIENT: Duration = Duration::from_secs(20);
const IMPATIENT: Duration = Duration::from_millis(200);

/// A reader of a peer that answers so, and the peer.
fn answered(
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: &Value,
) -> (OrderClient, Peer) {
    scripted(Script::Answer(status, headers, body.to_string()), PATIENT)
}

fn scripted(script: Script, wait: Duration) -> (OrderClient, Peer) {
    let peer = Peer::start(script);
    (
        OrderClient::new(client(wait).unwrap(), peer.server.url.clone(), Seoul),
        peer,
    )
}

fn member() -> MemberId {
    "kim.minji".parse().unwrap()
}

/// All reads that know nothing but one status for what there is; each must fail.
async fn errors(client: &OrderClient) -> [String; 6] {
    let text = |error: QueryError| error.to_string();
    [
        client
            .order(&nth_number(1))
            .await
            .map_err(text)
            .unwrap_err(),
        client.product(1).await.map_err(text).unwrap_err(),
        client
            .products(PageBounds::default())
            .await
            .map_err(text)
            .unwrap_err(),
        client.due_reviews(None).await.map_err(text).unwrap_err(),
        client.usable_coupons(3).await.map_err(text).unwrap_err(),
        client
            .recommended(&member(), 3)
            .await
            .map_err(text)
            .unwrap_err(),
    ]
}

#[actix::test]
async fn the_token_goes_with_each_read() {
    for (token, expected) in [(None, None), (Some("the token"), Some("Bearer the token"))] {
        let (client, peer) = answered(404, &[], &json!({}));
        let client = client.with_token(token.map(Secret::from));
        client.order(&nth_number(1)).await.unwrap();
        assert_eq!(peer.asked()[0].header("authorization"), expected);
    }
}

mod not_found {
    use super::*;

    #[actix::test]
    async fn is_none_for_an_order_or_a_product_and_an_error_for_a_list() {
        let (client, _peer) = answered(
            404,
            &[],
            &json!({"code": -704, "msg": "해당건이 없습니다."}),
        );
        assert_eq!(client.order(&nth_number(1)).await.unwrap(), None);
        assert_eq!(client.product(1).await.unwrap(), None);
        for error in [
            client.products(PageBounds::default()).await.unwrap_err(),
            client.usable_coupons(1).await.unwrap_err(),
            client.recommended(&member(), 1).await.unwrap_err(),
            client
                .orders_of(&member(), OrdersBounds::default())
                .await
                .unwrap_err(),
        ] {
            assert!(matches!(error, QueryError::NoSuchList), "{error}");
        }
    }
}

mod coupons_and_recommendations {
    use super::*;

    #[actix::test]
    async fn are_read_from_their_paths() {
        let coupons = json!([
            {"couponId": 1, "name": "가을", "kind": "FIXED", "amount": {"amount": 3000},
             "minimumTotal": {"amount": 0}, "validUntil": "2027-01-01T09:00:00+09:00"},
            {"couponId": 2, "name": "", "kind": "PERCENT", "percent": 10, "maximumDiscount": {"amount": 1000},
             "minimumTotal": {"amount": 10000}, "validUntil": "2027-01-01T09:00:00+09:00"},
        ]);
        let (client, peer) = answered(200, &[], &coupons);
        let read = client.usable_coupons(5).await.unwrap();
        assert_eq!(json!(read), coupons);
        assert_eq!(
            read[1].maximum_discount,
            Some("1000".parse().unwrap()),
            "{read:?}"
        );
        assert_eq!(
            (read[0].kind, read[1].kind, read[1].percent),
            (CouponKind::Fixed, CouponKind::Percent, Some(10))
        );
        assert_eq!(peer.asked()[0].line, "GET /api/coupon?limit=5");

        let product = json!([{"productId": 7, "name": "a product", "itemList": []}]);
        let (client, peer) = answered(200, &[], &product);
        let read = client.recommended(&member(), 6).await.unwrap();
        assert_eq!(json!(read), product);
        let asked = "GET /api/recommendation?memberId=kim.minji&limit=6";
        assert_eq!(peer.asked()[0].line, asked);
    }
}

mod a_members_orders {
    use super::*;

    #[actix::test]
    async fn are_read_from_their_path_with_the_start_of_the_next_page() {
        let stored = vec![order(&nth_number(1), OrderStatus::Complete)];
        let link: &[_] = &[(
            "link",
            "<?memberId=kim.minji&after=7-8&limit=3>; rel=\"next\"",
        )];
        let (client, peer) = answered(200, link, &json!(stored));
        let bounds = OrdersBounds {
            after: Some("9&limit=9".to_owned()),
            limit: Some(3),
        };
        let page = client.orders_of(&member(), bounds).await.unwrap().unwrap();
        assert_eq!((page.orders, page.next.as_deref()), (stored, Some("7-8")));
        let all = client.orders_of(&member(), OrdersBounds::default()).await;
        assert!(all.unwrap().is_some());
        let lines: Vec<String> = peer.asked().into_iter().map(|asked| asked.line).collect();
        assert_eq!(
            lines,
            [
                "GET /api/order?memberId=kim.minji&after=9%26limit%3D9&limit=3",
                "GET /api/order?memberId=kim.minji"
            ]
        );
    }

    #[actix::test]
    async fn that_begin_at_an_invalid_place_are_none() {
        let (client, _peer) = answered(400, &[], &json!({"reason": "MALFORMED_REQUEST"}));
        let page = client.orders_of(&member(), OrdersBounds::default()).await;
        assert_eq!(page.unwrap(), None);
        for status in [404, 500, 503] {
            let (client, _peer) = answered(status, &[], &json!([]));
            let page = client.orders_of(&member(), OrdersBounds::default()).await;
            assert!(page.unwrap_err().to_string().contains(&status.to_string()));
        }
    }
}

mod due_reviews {
    use super::*;

    #[actix::test]
    async fn are_read_from_their_path() {
        let due = vec![
            order(&nth_number(1), OrderStatus::Created),
            order(&nth_number(2), OrderStatus::Rejected),
        ];
        let (client, peer) = answered(200, &[], &json!(due));
        let page = client.due_reviews(None).await.unwrap();
        assert_eq!((page.orders, page.next), (due, None));
        client.due_reviews(Some("7-8")).await.unwrap();
        let asked = "GET /internal/purchases?state=unresolved&limit=500";
        assert_eq!(peer.asked()[0].line, asked);
        assert_eq!(peer.asked()[1].line, format!("{asked}&after=7-8"));
    }

    #[actix::test]
    async fn go_on_where_a_link_says_so() {
        let next: &[_] = &[("link", "<?after=7-8&limit=3>; rel=\"next\"")];
        let whole: &[_] = &[("link", "</internal/purchases?after=7-8>; rel=\"next\"")];
        let before: &[_] = &[("link", "<?after=7-8>; rel=\"prev\"")];
        let strange: &[_] = &[("link", "next")];
        for (headers, expected) in [
            (next, Some("7-8")),
            (whole, Some("7-8")),
            (before, None),
            (strange, None),
        ] {
            let (client, _peer) = answered(200, headers, &json!([]));
            let page = client.due_reviews(None).await.unwrap();
            assert_eq!(page.next.as_deref(), expected);
        }
    }
}

mod products {
    use super::*;

    #[actix::test]
    async fn are_read_one_by_one_from_their_path() {
        let (client, peer) = answered(
            200,
            &[],
            &json!({"productId": 7, "name": "a product", "itemList": []}),
        );
        let product = ProductDto {
            product_id: 7,
            name: "a product".to_owned(),
            item_list: Vec::new(),
        };
        assert_eq!(client.product(7).await.unwrap(), Some(product));
        assert_eq!(peer.asked()[0].line, "GET /api/product/7");
    }

    #[actix::test]
    async fn have_a_next_page_where_a_link_says_so() {
        let body = json!([{"productId": 7, "name": "a product", "itemList": []}]);
        let link: &[_] = &[("link", "<?after=7>; rel=\"next\"")];
        for (headers, has_more) in [(link, true), (&[], false)] {
            let (client, _peer) = answered(200, headers, &body);
            let page = client.products(PageBounds::default()).await.unwrap();
            assert_eq!((page.products.len(), page.has_more), (1, has_more));
        }
    }

    #[actix::test]
    async fn are_asked_for_within_the_given_bounds_only() {
        let (client, peer) = answered(200, &[], &json!([]));
        for (after, limit, line) in [
            (None, None, "GET /api/product"),
            (Some(-5), None, "GET /api/product?after=-5"),
            (None, Some(3), "GET /api/product?limit=3"),
            (Some(5), Some(3), "GET /api/product?after=5&limit=3"),
        ] {
            assert_eq!(
                client
                    .products(PageBounds { after, limit })
                    .await
                    .unwrap()
                    .products,
                []
            );
            assert_eq!(peer.asked().pop().unwrap().line.trim_end_matches('?'), line);
        }
    }
}

mod an_order {
    use super::*;

    #[actix::test]
    async fn is_read_from_its_path() {
        let stored = order(&nth_number(1), OrderStatus::Created);
        let (client, peer) = answered(200, &[], &json!(stored));
        assert_eq!(client.order(&nth_number(1)).await.unwrap(), Some(stored));
        assert_eq!(
            peer.asked()[0].line,
            format!("GET /api/order/{}", nth_number(1))
        );
    }

    #[actix::test]
    async fn of_the_spring_service_is_read_and_unknown_fields_are_ignored() {
        let body = json!({
            "orderNum": nth_number(1), "status": "COMPLETE", "colour": "red",
            "orderLineList": [{
                "orderLineId": 1, "quantity": 2,
                "item": {"itemId": 3, "name": "an item", "price": {"amount": PRICE}, "productDTO": {"productId": 4}},
            }],
        });
        let (client, _peer) = answered(200, &[], &body);
        let read = client.order(&nth_number(1)).await.unwrap().unwrap();
        let line = &read.order_line_list.unwrap()[0];
        assert_eq!(
            (line.item.item_id, line.quantity, read.status),
            (3, 2, Some(OrderStatus::Complete))
        );
    }
}

mod an_order_of_another_service {
    use super::*;

    #[actix::test]
    async fn is_read_whatever_its_dates_prices_and_reasons_look_like() {
        for (date, told) in [
            (
                json!("2026-11-23T10:15:40.5"),
                Some("2026-11-23T10:15:40.500+09:00"),
            ),
            (
                json!("2026-11-23T01:15:40Z"),
                Some("2026-11-23T01:15:40+00:00"),
            ),
            (
                json!([2026, 11, 23, 10, 15]),
                Some("2026-11-23T10:15:00+09:00"),
            ),
            (
                json!(1_795_364_100_000_u64),
                Some("2026-11-22T16:15:00+00:00"),
            ),
            (json!("tomorrow"), None),
            (Value::Null, None),
        ] {
            let body = json!({
                "orderNum": nth_number(1), "status": "REJECTED", "createdDate": date, "rejectReason": "NO_STOCK",
                "memberId": 42, "payment": {"method": "CARD"},
                "orderLineList": [{"item": {"itemId": 3, "price": {"amount": -1}}, "quantity": 2}],
            });
            let (client, _peer) = answered(200, &[], &body);
            let read = client.order(&nth_number(1)).await.unwrap().unwrap();
            let date = read
                .created_date
                .map(|date| date.to_rfc3339_opts(SecondsFormat::AutoSi, false));
            assert_eq!(date.as_deref(), told);
            assert_eq!(read.reject_reason, Some(Reason::Unspecified));
            assert_eq!(read.order_line_list.unwrap()[0].item.price, None);
        }
    }
}

mod the_peer {
    use super::*;

    async fn seen(script: Script) -> PeerKind {
        scripted(script, IMPATIENT).0.peer().await
    }

    #[actix::test]
    async fn is_of_this_mall_when_it_lists_what_is_due() {
        let due = json!([order(&nth_number(1), OrderStatus::Created)]);
        for list in [json!([]), due] {
            let (client, peer) = answered(200, &[], &list);
            assert_eq!(client.peer().await, PeerKind::Mall);
            let asked = "GET /internal/purchases?state=unresolved&limit=1";
            assert_eq!(peer.asked()[0].line, asked);
        }
    }

    #[actix::test]
    async fn that_demands_the_malls_token_is_of_the_mall() {
        let headers = &[("www-authenticate", r#"Bearer realm="mall""#)];
        let script = Script::Answer(401, headers, "{}".to_owned());
        assert_eq!(seen(script).await, PeerKind::Mall);
        let other = &[("www-authenticate", r#"Bearer realm="orders""#)];
        let script = Script::Answer(401, other, "{}".to_owned());
        assert_eq!(seen(script).await, PeerKind::Unknown);
    }

    #[actix::test]
    async fn is_another_when_it_knows_no_such_list() {
        for status in [204, 400, 404, 405, 410] {
            let script = Script::Answer(status, &[], "{}".to_owned());
            assert_eq!(seen(script).await, PeerKind::Spring, "{status}");
        }
        for body in ["", "<html>", "{}", "[7]"] {
            let script = Script::Answer(200, &[], body.to_owned());
            assert_eq!(seen(script).await, PeerKind::Spring, "{body}");
        }
    }

    #[actix::test]
    async fn is_not_known_when_it_fails_or_is_away() {
        for status in [500, 502, 503, 504] {
            let script = Script::Answer(status, &[], String::new());
            assert_eq!(seen(script).await, PeerKind::Unknown, "{status}");
        }
    }

    #[actix::test]
    async fn is_not_known_behind_a_proxy_that_lets_nothing_through() {
        for status in [301, 302, 401, 403, 407, 408, 429] {
            let script = Script::Answer(status, &[], "<html>".to_owned());
            assert_eq!(seen(script).await, PeerKind::Unknown, "{status}");
        }
    }

    #[actix::test]
    async fn is_not_known_when_it_is_silent() {
        assert_eq!(seen(Script::Silence).await, PeerKind::Unknown);
    }
}

mod an_error {
    use super::*;

    #[actix::test]
    async fn tells_that_the_token_is_not_the_order_services() {
        let headers = &[("www-authenticate", r#"Bearer realm="mall""#)];
        let (client, _peer) = answered(401, headers, &json!({}));
        for error in errors(&client).await {
            assert!(error.contains("SERVICE_TOKEN"), "{error}");
        }
    }

    #[actix::test]
    async fn tells_an_unexpected_status() {
        for status in [201, 204, 302, 400, 401, 500, 503] {
            let (client, _peer) = answered(status, &[("location", "/elsewhere")], &json!([]));
            for error in errors(&client).await {
                assert!(error.contains(&status.to_string()), "{error}");
            }
        }
    }

    #[actix::test]
    async fn comes_of_an_invalid_body() {
        for body in ["", "<html>", "{\"orderNum\":", "\"text\"", "7"] {
            let (client, _peer) = scripted(Script::Answer(200, &[], body.to_owned()), PATIENT);
            errors(&client).await;
        }
    }

    #[actix::test]
    async fn comes_in_time_of_a_silent_peer() {
        let (client, _peer) = scripted(Script::Silence, IMPATIENT);
        for error in errors(&client).await {
            assert!(error.contains("timed out"), "{error}");
        }
    }

    #[actix::test]
    async fn names_the_cause_and_no_address_when_nobody_listens() {
        let port = free_port().unwrap();
        let nowhere = format!("http://127.0.0.1:{port}/").parse().unwrap();
        let client = OrderClient::new(client(PATIENT).unwrap(), nowhere, Seoul);
        for error in errors(&client).await {
            assert!(
                error.contains("refused") && !error.contains("/api/"),
                "{error}"
            );
        }
    }
}

mod quotes {
    use composite_service::ports::quotes::{QuoteAnswer, Quotes};
    use shared::wire::quote_dto::WishDto;

    use super::*;

    fn wish() -> WishDto {
        WishDto {
            order_line_list: Vec::new(),
            coupon_id: Some(3),
            member_id: Some(member()),
        }
    }

    #[actix::test]
    async fn are_read_with_all_that_is_told() {
        let quote = json!({
            "orderLineList": [{"orderLineId": 1, "item": {"itemId": 7, "name": "an item", "price": {"amount": 500}}, "quantity": 2}],
            "couponId": 3, "totalPrice": {"amount": 1_000}, "finalPrice": {"amount": 900},
            "pricedDate": "2026-11-23T10:15:40+09:00", "couponValidUntil": "2027-01-01T00:00:00+09:00",
        });
        let (client, peer) = answered(200, &[], &json!({"quote": quote, "later": "members"}));
        let QuoteAnswer::Quote(read) = client.quote(&wish()).await.unwrap() else {
            panic!("no quote");
        };
        assert_eq!(json!(read), quote);
        assert_eq!(peer.asked()[0].line, "POST /api/quote");
    }

    #[actix::test]
    async fn may_be_refused_or_not_given_at_all() {
        let refusal = json!({"rejectReason": "TOO_MANY_PENDING_ORDERS", "retryDate": "2026-11-23T10:45:40+09:00"});
        let (client, _peer) = answered(200, &[], &refusal);
        let expected = QuoteAnswer::Refused {
            reason: Reason::TooManyPendingOrders,
            retry_at: Some("2026-11-23T10:45:40+09:00".parse().unwrap()),
        };
        assert_eq!(client.quote(&wish()).await.unwrap(), expected);
        for status in [404, 405] {
            let (client, _peer) = answered(status, &[], &json!({}));
            assert_eq!(client.quote(&wish()).await.unwrap(), QuoteAnswer::NotGiven);
        }
    }

    #[actix::test]
    async fn that_make_no_sense_are_errors() {
        for (status, body) in [
            (200, json!({})),
            (200, json!([])),
            (200, json!({"rejectReason": "NO_REASON"})),
            (200, json!({"quote": {"finalPrice": {"amount": 1}}})),
            (400, json!({})),
            (503, json!({})),
        ] {
            let (client, _peer) = answered(status, &[], &body);
            assert!(client.quote(&wish()).await.is_err(), "{status} {body}");
        }
    }
}
