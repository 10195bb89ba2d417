//! What holds of every endpoint: paths, methods, content types, bodies that can't be read, the form of problems.

use actix_web::http::Method;
use actix_web::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use actix_web::test::TestRequest;
use composite_service::ports::quotes::QuoteAnswer;
use serde_json::{Value, json};
use shared::money::Money;
use shared::wire::order_dto::{OrderStatus, ProductDto};
use shared::wire::quote_dto::QuoteDto;

use super::front::{Front, accepting, line, pays};
use crate::doubles::Shelves;
use crate::harness::{PRICE, nth_number, order};

const MIB: usize = 1024 * 1024;

/// Every path with its method, and a body where it takes one.
fn endpoints() -> [(&'static str, String, Value); 11] {
    let number = nth_number(1);
    [
        ("GET", "/open-api/product".to_owned(), Value::Null),
        ("GET", "/open-api/product/1".to_owned(), Value::Null),
        (
            "POST",
            "/open-api/order".to_owned(),
            json!({"orderLineList": [line(1, 1)]}),
        ),
        ("GET", format!("/open-api/order/{number}"), Value::Null),
        (
            "POST",
            format!("/open-api/order/{number}/payment"),
            pays("key", json!(PRICE)),
        ),
        (
            "POST",
            format!("/open-api/order/{number}/cancel"),
            json!({}),
        ),
        (
            "POST",
            "/open-api/quote".to_owned(),
            json!({"orderLineList": [line(1, 1)]}),
        ),
        ("GET", "/open-api/my-page".to_owned(), Value::Null),
        ("GET", "/openapi.json".to_owned(), Value::Null),
        ("GET", "/livez".to_owned(), Value::Null),
        ("GET", "/readyz".to_owned(), Value::Null),
    ]
}

/// What nothing costs.
fn nothing() -> QuoteAnswer {
    QuoteAnswer::Quote(QuoteDto {
        order_line_list: Vec::new(),
        coupon_id: None,
        total_price: Money::ZERO,
        final_price: Money::ZERO,
        priced_date: "2026-11-23T10:15:40+09:00".parse().unwrap(),
        coupon_valid_until: None,
    })
}

/// A pending order and a product are there, and quotes are given.
fn stocked() -> Front {
    let orders = vec![order(&nth_number(1), OrderStatus::Created)];
    Front::reading(Shelves {
        orders,
        products: vec![product(1)],
        quote: Some(nothing()),
        ..Shelves::default()
    })
}

fn product(id: i64) -> ProductDto {
    ProductDto {
        product_id: id,
        name: "a product".to_owned(),
        item_list: Vec::new(),
    }
}

fn request(method: &str, path: &str) -> TestRequest {
    TestRequest::with_uri(path)
        .method(Method::from_bytes(method.as_bytes()).unwrap())
        .insert_header(("X-Member-Id", "kim.minji"))
}

fn allowed(method: &str, path: &str) -> &'static str {
    match (method, path) {
        (_, "/open-api/order") => "GET, HEAD, POST, OPTIONS",
        ("POST", _) => "POST, OPTIONS",
        _ => "GET, HEAD, OPTIONS",
    }
}

mod paths {
    use super::*;

    #[actix::test]
    async fn answer_the_same_with_and_without_a_trailing_slash() {
        for (method, path, body) in endpoints() {
            let expected = if path == "/readyz" { 503 } else { 200 };
            for path in [path.clone(), format!("{path}/")] {
                let reply = stocked().send(request(method, &path).set_json(&body)).await;
                assert_eq!(reply.status, expected, "{method} {path}: {reply:?}");
            }
        }
    }

    #[actix::test]
    async fn name_the_allowed_methods_to_others() {
        let front = stocked();
        for (method, path, _) in endpoints() {
            let allowed = allowed(method, &path);
            for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE"] {
                if !allowed.contains(method) {
                    let reply = front.send(request(method, &path)).await;
                    assert_eq!(
                        reply.problem(),
                        (405, -705, "METHOD_NOT_ALLOWED"),
                        "{method} {path}"
                    );
                    assert_eq!(reply.header(ALLOW), Some(allowed));
                }
            }
        }
    }

    #[actix::test]
    async fn tell_their_methods() {
        let front = stocked();
        for (method, path, _) in endpoints() {
            for path in [path.clone(), format!("{path}/")] {
                let reply = front.send(request("OPTIONS", &path)).await;
                let allowed = allowed(method, path.trim_end_matches('/'));
                assert_eq!((reply.status, reply.header(ALLOW)), (204, Some(allowed)));
            }
        }
    }

    #[actix::test]
    async fn answer_head_as_get() {
        let front = stocked();
        for (_, path, _) in endpoints().iter().filter(|(method, ..)| *method == "GET") {
            let got = front.send(request("GET", path)).await;
            let head = front.send(request("HEAD", path)).await;
            assert_eq!(head.status, got.status, "{path}");
            for name in [CONTENT_TYPE, ETAG, CACHE_CONTROL] {
                assert_eq!(head.header(name.clone()), got.header(name), "{path}");
            }
        }
    }

    #[actix::test]
    async fn that_do_not_exist_get_404() {
        let front = stocked();
        for path in [
            "/",
            "/open-api",
            "/open-api/order/1/2/3",
            "/open-api/orders",
            "/api/order/1",
            "//",
            "/open-api/order/1/payment/2",
        ] {
            for method in ["GET", "POST"] {
                let reply = front.send(request(method, path)).await;
                assert_eq!(reply.problem(), (404, -704, "NOT_FOUND"), "{method} {path}");
            }
        }
    }
}

mod bodies {
    use super::*;

    /// The endpoints that take a body.
    fn posts() -> impl Iterator<Item = String> {
        endpoints()
            .into_iter()
            .filter(|(method, ..)| *method == "POST")
            .map(|(_, path, _)| path)
    }

    #[actix::test]
    async fn that_are_not_json_get_400() {
        let front = stocked();
        for path in posts() {
            for body in [
                "",
                "{",
                "nonsense",
                "{\"orderLineList\": [}",
                "\u{feff}",
                "null",
            ] {
                let reply = front
                    .send(
                        request("POST", &path)
                            .insert_header((CONTENT_TYPE, "application/json"))
                            .set_payload(body),
                    )
                    .await;
                assert_eq!(
                    reply.problem(),
                    (400, -705, "MALFORMED_REQUEST"),
                    "{path} {body:?}"
                );
            }
        }
    }

    #[actix::test]
    async fn of_another_type_or_none_get_415() {
        let front = stocked();
        for path in posts() {
            for kind in [
                "text/plain",
                "application/xml",
                "application/x-www-form-urlencoded",
            ] {
                let reply = front
                    .send(
                        request("POST", &path)
                            .insert_header((CONTENT_TYPE, kind))
                            .set_payload("{}"),
                    )
                    .await;
                assert_eq!(
                    reply.problem(),
                    (415, -705, "UNSUPPORTED_MEDIA_TYPE"),
                    "{path} {kind}"
                );
            }
            let reply = front.send(request("POST", &path).set_payload("{}")).await;
            assert_eq!(
                reply.problem(),
                (415, -705, "UNSUPPORTED_MEDIA_TYPE"),
                "{path}"
            );
        }
    }

    #[actix::test]
    async fn may_name_a_charset() {
        let (_, path, body) = &endpoints()[2];
        let json = "application/json; charset=utf-8";
        let request = request("POST", path)
            .insert_header((CONTENT_TYPE, json))
            .set_payload(body.to_string());
        assert_eq!(stocked().send(request).await.status, 200);
    }

    #[actix::test]
    async fn of_a_mebibyte_get_413() {
        let front = stocked();
        for path in posts() {
            let reply = front
                .post(
                    &path,
                    &json!({"orderLineList": [], "padding": "x".repeat(MIB)}),
                )
                .await;
            assert_eq!(reply.problem(), (413, -705, "BODY_TOO_LARGE"), "{path}");
        }
    }
}

mod problems {
    use super::*;

    #[actix::test]
    async fn have_the_members_of_rfc_9457_and_of_the_spring_services() {
        let reply = Front::open().get("/open-api/order/1").await;
        let expected = json!({
            "type": "about:blank",
            "title": "Not Found",
            "status": 404,
            "detail": "there is no such order",
            "instance": "/open-api/order/1",
            "code": -704,
            "msg": "해당건이 없습니다.",
            "reason": "NOT_FOUND",
        });
        assert_eq!(reply.body, expected);
    }

    #[actix::test]
    async fn say_in_korean_what_is_wrong() {
        let front = Front::reading(Shelves {
            is_away: true,
            ..Shelves::default()
        });
        let failed = front.get("/open-api/order/1").await;
        assert_eq!(
            (&failed.body["code"], &failed.body["msg"]),
            (
                &json!(-701),
                &json!("지금은 조회할 수 없습니다. 잠시 후 다시 시도해 주세요.")
            )
        );
        let invalid = front.post("/open-api/order", &json!({})).await;
        assert_eq!(
            (&invalid.body["code"], &invalid.body["msg"]),
            (&json!(-705), &json!("요청 형식이 올바르지 않습니다."))
        );
    }

    #[actix::test]
    async fn are_problem_json_only_for_clients_that_accept_it() {
        let front = Front::open();
        for (accepted, expected) in [
            ("application/problem+json", "application/problem+json"),
            (
                "text/html, application/problem+json;q=0.5",
                "application/problem+json",
            ),
            ("Application/Problem+JSON", "application/problem+json"),
            ("application/json", "application/json"),
            ("*/*", "application/json"),
            ("application/*", "application/json"),
            ("text/html", "application/json"),
        ] {
            for path in ["/open-api/order/1", "/nowhere", "/open-api/product/1"] {
                let reply = front.send(accepting(request("GET", path), accepted)).await;
                assert_eq!(
                    (reply.status, reply.header(CONTENT_TYPE)),
                    (404, Some(expected)),
                    "{accepted} {path}"
                );
            }
        }
        assert_eq!(
            front.get("/nowhere").await.header(CONTENT_TYPE),
            Some("application/json")
        );
    }

    #[actix::test]
    async fn leave_successes_as_plain_json() {
        let (method, path, body) = &endpoints()[2];
        let asked = accepting(request(method, path), "application/problem+json").set_json(body);
        assert_eq!(
            stocked().send(asked).await.header(CONTENT_TYPE),
            Some("application/json")
        );
    }
}

mod catalogue {
    use super::*;

    const CATALOGUE: [&str; 2] = ["/open-api/product", "/open-api/product/1"];

    #[actix::test]
    async fn answers_are_asked_for_anew_and_not_sent_twice() {
        let front = stocked();
        for path in CATALOGUE {
            let reply = front.get(path).await;
            assert_eq!(reply.header(CACHE_CONTROL), Some("no-cache"));
            let tag = reply.header(ETAG).unwrap();
            for known in [tag.to_owned(), format!("\"other\", {tag}"), "*".to_owned()] {
                let again = request("GET", path).insert_header((IF_NONE_MATCH, known));
                let reply = front.send(again).await;
                assert_eq!((reply.status, &reply.body), (304, &Value::Null), "{path}");
                assert_eq!(reply.header(ETAG), Some(tag));
            }
            let other = request("GET", path).insert_header((IF_NONE_MATCH, "\"other\""));
            assert_eq!(front.send(other).await.status, 200);
        }
    }

    /// The server compresses the large ones, and says that they vary.
    #[actix::test]
    async fn answers_that_are_not_sent_twice_vary_as_those_that_are() {
        for (products, expected) in [(1, None), (100, Some("accept-encoding"))] {
            let front = Front::reading(Shelves {
                products: (1..=products).map(product).collect(),
                ..Shelves::default()
            });
            let again = request("GET", CATALOGUE[0]).insert_header((IF_NONE_MATCH, "*"));
            let reply = front.send(again).await;
            assert_eq!((reply.status, reply.header(VARY)), (304, expected));
        }
    }

    #[actix::test]
    async fn failures_have_no_tag() {
        for path in ["/open-api/product/2", "/open-api/product?limit=x"] {
            let reply = stocked().get(path).await;
            assert_eq!(reply.header(ETAG), None, "{path}");
        }
    }
}

mod queries {
    use super::*;

    #[actix::test]
    async fn that_are_wrong_get_400_with_the_parameter() {
        for (path, parameter) in [
            ("/open-api/product?limit=many", "limit"),
            ("/open-api/product?after=1.5", "after"),
            ("/open-api/order?limit=-1", "limit"),
        ] {
            let reply = stocked().send(request("GET", path)).await;
            assert_eq!(reply.problem(), (400, -705, "MALFORMED_REQUEST"), "{path}");
            assert_eq!(reply.body["parameter"], parameter);
            let detail = reply.body["detail"].as_str().unwrap();
            assert!(detail.starts_with(parameter), "{detail}");
        }
    }
}
