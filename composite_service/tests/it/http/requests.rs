//! What a request's body may be: JSON of one meaning, with the members that are known and no others.

use actix_web::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
use actix_web::test::TestRequest;
use composite_service::domain::order::OrderCommand;
use serde_json::{Value, json};

use super::front::{Front, Reply, line, pays};
use crate::harness::{PRICE, nth_number};

/// Sends the text as it is.
async fn placing(front: &Front, body: &str) -> Reply {
    sending(front, "/open-api/order", body).await
}

async fn sending(front: &Front, path: &str, body: &str) -> Reply {
    let request = TestRequest::post().uri(path);
    let request = request.insert_header((CONTENT_TYPE, "application/json"));
    front.send(request.set_payload(body.to_owned())).await
}

/// Status, reason, detail and the member to blame, of an order that is placed with this body; no command may have left.
async fn refusal(body: &str) -> (u16, String, String, Value) {
    let mut front = Front::open();
    let reply = placing(&front, body).await;
    assert!(front.commands_rx.try_recv().is_err(), "{body}");
    let text = |member: &str| reply.body[member].as_str().unwrap().to_owned();
    (
        reply.status,
        text("reason"),
        text("detail"),
        reply.body["member"].clone(),
    )
}

async fn assert_malformed(body: &str, detail: &str, member: Value) {
    let expected = (
        400,
        "MALFORMED_REQUEST".to_owned(),
        detail.to_owned(),
        member,
    );
    assert_eq!(refusal(body).await, expected, "{body}");
}

fn with_payment(amount: &str) -> String {
    format!(
        r#"{{"orderLineList":[{}],"payment":{{"paymentKey":"key","amount":{amount}}}}}"#,
        line(1, 1)
    )
}

mod objects {
    use super::*;

    #[actix::test]
    async fn are_not_read_from_lists() {
        for (body, at) in [
            ("[[[null,[1],1]]]", ""),
            (r#"{"orderLineList":[[null,[1],1]]}"#, "orderLineList[0]"),
            (
                r#"{"orderLineList":[{"item":[1],"quantity":1}]}"#,
                "orderLineList[0].item",
            ),
            (r#"{"orderLineList":[],"payment":["key",1]}"#, "payment"),
        ] {
            let (subject, member) = match at {
                "" => ("the body", Value::Null),
                at => (at, json!(at)),
            };
            assert_malformed(body, &format!("{subject} must be an object"), member).await;
        }
        let path = format!("/open-api/order/{}/payment", nth_number(1));
        let reply = sending(&Front::open(), &path, r#"["key",{"amount":1}]"#).await;
        assert_eq!(reply.problem(), (400, -705, "MALFORMED_REQUEST"));
    }

    #[actix::test]
    async fn have_no_member_twice() {
        let body = r#"{"orderLineList":[{"item":{"itemId":1,"item\u0049d":2},"quantity":1}]}"#;
        let member = "orderLineList[0].item.itemId";
        assert_malformed(
            body,
            &format!("{member} is there more than once"),
            json!(member),
        )
        .await;
    }

    #[actix::test]
    async fn may_have_their_names_escaped() {
        let body = r#"{"order\u004cineList":[{"it\u0065m":{"itemId":1},"quantity":1}]}"#;
        assert_eq!(placing(&Front::open(), body).await.status, 200);
    }
}

mod unknown_members {
    use super::*;

    #[actix::test]
    async fn are_refused_by_name_at_every_level() {
        let line = line(1, 1);
        for (body, member) in [
            (
                format!(r#"{{"orderLineList":[{line}],"couponid":3}}"#),
                "couponid",
            ),
            (
                r#"{"orderLineList":[{"item":{"itemId":1},"quantity":1,"qty":2}]}"#.to_owned(),
                "orderLineList[0].qty",
            ),
            (
                r#"{"orderLineList":[{"item":{"itemId":1,"itemid":2},"quantity":1}]}"#.to_owned(),
                "orderLineList[0].item.itemid",
            ),
            (
                format!(
                    r#"{{"orderLineList":[{line}],"payment":{{"paymentKey":"k","amount":1,"currency":"KRW"}}}}"#
                ),
                "payment.currency",
            ),
        ] {
            assert_malformed(&body, &format!("{member} is unknown"), json!(member)).await;
        }
        let path = format!("/open-api/order/{}/payment", nth_number(1));
        let payment = json!({"paymentKey": "key", "amount": PRICE, "Amount": 1});
        let reply = Front::open().post(&path, &payment).await;
        assert_eq!(reply.body["member"], "Amount");
    }

    #[actix::test]
    async fn are_not_those_that_clients_of_the_spring_services_send() {
        let item = json!({
            "itemId": 1, "name": "umbrella", "price": {"amount": 12000}, "stock": 3,
            "productDTO": {"productId": 1, "name": "umbrellas", "itemList": []},
        });
        let order = json!({
            "orderNum": null, "status": "CREATED", "couponId": null,
            "orderLineList": [{"orderLineId": 1, "item": item, "quantity": 2}],
        });
        let mut front = Front::open();
        assert_eq!(front.post("/open-api/order", &order).await.status, 200);
        let OrderCommand::Create { basket, .. } = front.commands_rx.try_recv().unwrap() else {
            panic!("not a create")
        };
        assert_eq!(basket.lines[0].item.price, None, "prices are not believed");
    }
}

mod amounts {
    use super::*;

    #[actix::test]
    async fn have_one_grammar_as_number_and_as_string() {
        for text in [
            "24_000", "+24000", " 24000", "024000", "24,000", "24000.", "", "1e",
        ] {
            for amount in [format!("{text:?}"), format!(r#"{{"amount":{text:?}}}"#)] {
                let (status, reason, ..) = refusal(&with_payment(&amount)).await;
                assert_eq!(
                    (status, reason.as_str()),
                    (400, "MALFORMED_REQUEST"),
                    "{amount}"
                );
            }
        }
        for amount in [
            "12000",
            "12000.00",
            "1.2e4",
            "\"12000\"",
            "{\"amount\":\"12000.0\"}",
        ] {
            let reply = placing(&Front::open(), &with_payment(amount)).await;
            assert_eq!(reply.status, 200, "{amount}: {reply:?}");
        }
    }

    #[actix::test]
    async fn are_refused_by_name() {
        let body = with_payment("\"24_000\"");
        let detail = "payment.amount: an amount is a decimal number";
        assert_malformed(&body, detail, json!("payment.amount")).await;
    }
}

mod integers {
    use super::*;

    fn with_quantity(text: &str) -> String {
        format!(
            r#"{{"orderLineList":[{{"item":{{"itemId":1.0}},"quantity":{text}}}],"couponId":0e1}}"#
        )
    }

    #[actix::test]
    async fn may_be_written_as_any_number_without_a_fraction() {
        for text in ["2", "2.0", "2e0", "20e-1"] {
            let mut front = Front::open();
            let reply = placing(&front, &with_quantity(text)).await;
            assert_eq!(reply.status, 200, "{text}");
            let OrderCommand::Create { basket, .. } = front.commands_rx.try_recv().unwrap() else {
                panic!("not a create")
            };
            assert_eq!(basket.lines[0].quantity, 2, "{text}");
        }
    }

    #[actix::test]
    async fn with_a_fraction_are_refused_by_name_and_line() {
        let member = "orderLineList[0].quantity";
        let detail = format!("{member} must be an integer");
        assert_malformed(&with_quantity("2.5"), &detail, json!(member)).await;
        let reply = placing(&Front::open(), &with_quantity("2.5")).await;
        assert_eq!(reply.body["line"], 1);
    }

    #[actix::test]
    async fn below_one_are_refused_with_line_and_item() {
        let body = json!({"orderLineList": [line(7, 1), line(8, 0)]});
        let reply = Front::open().post("/open-api/order", &body).await;
        assert_eq!(reply.problem(), (422, -701, "INVALID_QUANTITY"));
        assert_eq!(
            (&reply.body["line"], &reply.body["itemId"]),
            (&json!(2), &json!(8))
        );
    }
}

mod compressed_bodies {
    use super::*;

    #[actix::test]
    async fn get_415_with_what_is_accepted() {
        let number = nth_number(1);
        for path in [
            "/open-api/order".to_owned(),
            format!("/open-api/order/{number}/payment"),
        ] {
            let request = TestRequest::post()
                .uri(&path)
                .insert_header((CONTENT_TYPE, "application/json"))
                .insert_header((CONTENT_ENCODING, "gzip"))
                .set_payload(&b"\x1f\x8b\x08\x00"[..]);
            let reply = Front::open().send(request).await;
            assert_eq!(
                reply.problem(),
                (415, -705, "UNSUPPORTED_MEDIA_TYPE"),
                "{path}"
            );
            assert_eq!(reply.header(ACCEPT_ENCODING), Some("identity"));
            assert_eq!(reply.body["parameter"], "Content-Encoding");
        }
    }
}

mod byte_order_marks {
    use super::*;

    #[actix::test]
    async fn are_not_part_of_a_body() {
        let body = format!("\u{feff}{}", json!({"orderLineList": [line(1, 1)]}));
        assert_eq!(placing(&Front::open(), &body).await.status, 200);
        let path = format!("/open-api/order/{}/payment", nth_number(1));
        let body = format!("\u{feff}{}", pays("key", json!(PRICE)));
        assert_eq!(sending(&Front::open(), &path, &body).await.status, 200);
    }
}
