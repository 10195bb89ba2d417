//! Who is let in: members by tokens and by a proxy, guests by the token of their order.

use std::sync::Arc;

use actix_web::http::header::{AUTHORIZATION, HeaderName, WWW_AUTHENTICATE};
use actix_web::test::TestRequest;
use composite_service::domain::order::OrderCommand;
use composite_service::domain::order_token::OrderTokens;
use composite_service::inbound::http::authentication::Authentication;
use secrecy::SecretString;
use serde_json::{Value, json};
use shared::wire::order_dto::{OrderDto, OrderStatus};

use super::front::{Front, Reply, line, pays};
use crate::doubles::Shelves;
use crate::harness::{PRICE, nth_number, order};
use crate::issuer::{Issuer, SUPPORT_SCOPE, SigningKey};
use crate::token_verifier::verifier;

pub(super) const ORDER_TOKEN: HeaderName = HeaderName::from_static("order-token");
const SECRET: &str = "the secret of the proxy";

pub(super) fn tokens() -> OrderTokens {
    OrderTokens::new(b"an order token secret of 32 bytes")
}

/// The mall's door with an issuer behind it. Kim has order 1, a guest order 2.
pub(super) struct Door {
    pub(super) front: Front,
    pub(super) issuer: Issuer,
    pub(super) key: SigningKey,
}

pub(super) fn stored() -> Shelves {
    let of_kim = OrderDto {
        member_id: Some("kim".parse().unwrap()),
        ..order(&nth_number(1), OrderStatus::Created)
    };
    Shelves {
        orders: vec![of_kim, order(&nth_number(2), OrderStatus::Created)],
        ..Shelves::default()
    }
}

impl Door {
    pub(super) fn with(shelves: Shelves) -> Self {
        let key = SigningKey::es256("a");
        let issuer = Issuer::start(&[&key]);
        let jwt = Authentication::Jwt(Arc::new(verifier(&issuer)), tokens());
        Self {
            front: Front::reading(shelves).proving(jwt),
            issuer,
            key,
        }
    }

    fn open() -> Self {
        Self::with(stored())
    }

    pub(super) fn token_of(&self, member: &str) -> String {
        self.key.sign(&self.issuer.claims(member))
    }

    pub(super) fn support(&self) -> String {
        let mut claims = self.issuer.claims("agent");
        claims["scope"] = json!(format!("openid {SUPPORT_SCOPE}"));
        self.key.sign(&claims)
    }

    async fn by(&self, token: &str, request: TestRequest) -> Reply {
        let credentials = (AUTHORIZATION, format!("Bearer {token}"));
        self.front.send(request.insert_header(credentials)).await
    }
}

pub(super) fn read(n: u64) -> TestRequest {
    TestRequest::get().uri(&format!("/open-api/order/{}", nth_number(n)))
}

pub(super) fn pay(n: u64) -> TestRequest {
    TestRequest::post()
        .uri(&format!("/open-api/order/{}/payment", nth_number(n)))
        .set_json(pays("key", json!({"amount": PRICE})))
}

pub(super) fn cancel(n: u64) -> TestRequest {
    TestRequest::post()
        .uri(&format!("/open-api/order/{}/cancel", nth_number(n)))
        .set_json(json!({}))
}

pub(super) fn place() -> TestRequest {
    TestRequest::post()
        .uri("/open-api/order")
        .set_json(json!({"orderLineList": [line(1, 1)]}))
}

pub(super) fn price() -> TestRequest {
    TestRequest::post()
        .uri("/open-api/quote")
        .set_json(json!({"orderLineList": [line(1, 1)]}))
}

fn opened(n: u64, request: TestRequest) -> TestRequest {
    let token = tokens().of(&nth_number(n));
    request.insert_header((ORDER_TOKEN, token.expose().to_owned()))
}

mod by_token {
    use super::*;

    #[actix::test]
    async fn a_member_buys_and_the_order_is_the_members() {
        let mut door = Door::open();
        let token = door.token_of("lee");
        let reply = door.by(&token, place()).await;
        assert_eq!((reply.status, reply.header(ORDER_TOKEN)), (200, None));
        let Some(OrderCommand::Create { basket, .. }) = door.front.commands_rx.recv().await else {
            panic!("an order is created");
        };
        assert_eq!(basket.member, Some("lee".parse().unwrap()));
    }

    #[actix::test]
    async fn whose_an_order_is_hear_its_member_and_the_support() {
        let door = Door::open();
        for token in [door.token_of("kim"), door.support()] {
            let reply = door.by(&token, read(1)).await;
            assert_eq!(reply.body["memberId"], "kim");
            let guests = door.by(&token, opened(2, read(2))).await;
            assert_eq!((guests.status, guests.body.get("memberId")), (200, None));
        }
    }

    #[actix::test]
    async fn a_member_reads_and_pays_the_own_order_and_so_does_the_support() {
        for token in [|door: &Door| door.token_of("kim"), Door::support] {
            let door = Door::open();
            let token = token(&door);
            assert_eq!(door.by(&token, read(1)).await.status, 200);
            assert_eq!(door.by(&token, pay(1)).await.status, 200);
        }
    }

    #[actix::test]
    async fn a_guest_gets_a_token_that_opens_the_order() {
        let door = Door::open();
        let reply = door.front.send(place()).await;
        assert_eq!(reply.status, 200);
        let number = reply.body["orderNum"].as_str().unwrap().parse().unwrap();
        let expected = tokens().of(&number);
        assert_eq!(reply.header(ORDER_TOKEN), Some(expected.expose()));

        assert_eq!(door.front.send(opened(2, read(2))).await.status, 200);
        assert_eq!(door.front.send(opened(2, pay(2))).await.status, 200);
    }

    /// Status, body and headers: an order of somebody else is like one that is not there.
    #[actix::test]
    async fn a_foreign_order_is_as_unknown_as_one_that_is_not_there() {
        let (door, empty) = (Door::open(), Door::with(Shelves::default()));
        for (n, ask) in [
            (1, read as fn(u64) -> TestRequest),
            (2, read),
            (1, pay),
            (2, pay),
        ] {
            let foreign = door.by(&door.token_of("lee"), ask(n)).await;
            let absent = empty.by(&empty.token_of("lee"), ask(n)).await;
            assert_eq!(
                (foreign.status, &foreign.body),
                (absent.status, &absent.body)
            );
            assert_eq!(foreign.headers(), absent.headers());
            assert!(matches!(foreign.status, 202 | 404), "{}", foreign.status);
        }
        assert_eq!(door.front.charged(), []);
    }

    #[actix::test]
    async fn nothing_is_paid_while_it_is_not_known_whose_the_order_is() {
        let door = Door::with(Shelves {
            is_away: true,
            ..stored()
        });
        let reply = door.by(&door.token_of("kim"), pay(1)).await;
        assert_eq!(reply.problem(), (503, -701, "ORDERING_UNAVAILABLE"));
        assert_eq!(door.front.charged(), []);
    }

    #[actix::test]
    async fn lists_are_the_members_own_and_the_support_may_ask_for_any() {
        let door = Door::open();
        let list = |query: &str| TestRequest::get().uri(&format!("/open-api/order{query}"));
        let kim = door.token_of("kim");
        assert_eq!(door.by(&kim, list("")).await.status, 200);
        assert_eq!(door.by(&kim, list("?memberId=kim")).await.status, 200);
        let told = door.by(&kim, list("?memberId=lee")).await;
        assert_eq!(told.problem(), (403, -705, "NOT_ALLOWED"));
        assert_eq!(
            door.by(&door.support(), list("?memberId=lee")).await.status,
            200
        );
    }

    #[actix::test]
    async fn who_has_none_is_told_to_bring_one_where_it_takes_a_member() {
        let door = Door::open();
        for path in ["/open-api/my-page", "/open-api/order"] {
            let reply = door.front.get(path).await;
            assert_eq!(reply.problem(), (401, -705, "UNAUTHENTICATED"));
            let challenge = Some(r#"Bearer realm="mall""#);
            assert_eq!(reply.header(WWW_AUTHENTICATE), challenge);
        }
    }

    #[actix::test]
    async fn the_keys_of_two_members_are_two() {
        let mut door = Door::open();
        let mut keys = Vec::new();
        for member in ["kim", "lee"] {
            let token = door.token_of(member);
            let request = place().insert_header(("Idempotency-Key", "1"));
            assert_eq!(door.by(&token, request).await.status, 200);
            let Some(OrderCommand::Create { basket, .. }) = door.front.commands_rx.recv().await
            else {
                panic!("an order is created");
            };
            keys.push(basket.idempotency.unwrap().key);
        }
        assert_ne!(keys[0], keys[1]);
        assert!(keys.iter().all(|key| key.as_str() != "1"));
    }
}

mod by_proxy {
    use super::*;

    fn front() -> Front {
        let secret = SecretString::from(SECRET);
        Front::reading(stored()).proving(Authentication::Proxy(secret.into(), tokens()))
    }

    fn member(request: TestRequest) -> TestRequest {
        request.insert_header(("X-Member-Id", "kim"))
    }

    fn proven(request: TestRequest, secret: &str) -> TestRequest {
        member(request).insert_header(("X-Proxy-Secret", secret.to_owned()))
    }

    #[actix::test]
    async fn a_member_is_believed_when_the_proxy_proves_itself() {
        let front = front();
        for request in [read(1), pay(1), place()] {
            assert_eq!(front.send(proven(request, SECRET)).await.status, 200);
        }
    }

    #[actix::test]
    async fn a_member_is_refused_without_the_proof() {
        let front = front();
        for request in [read(1), pay(1), place()] {
            let reply = front.send(member(request)).await;
            assert_eq!(reply.problem(), (403, -705, "MEMBER_NOT_PROVEN"));
        }
        for secret in ["", "The secret of the proxy", "the secret of the prox", "x"] {
            let reply = front.send(proven(read(1), secret)).await;
            assert_eq!(
                reply.problem(),
                (403, -705, "MEMBER_NOT_PROVEN"),
                "{secret:?}"
            );
        }
        let twice = proven(read(1), SECRET).append_header(("X-Proxy-Secret", SECRET));
        assert_eq!(front.send(twice).await.status, 400);
    }

    #[actix::test]
    async fn a_guest_is_one_whether_the_proxy_proves_itself_or_not() {
        let front = front();
        assert_eq!(front.send(opened(2, read(2))).await.status, 200);
        let by_proxy = read(2).insert_header(("X-Proxy-Secret", SECRET));
        assert_eq!(front.send(by_proxy).await.status, 202);
        assert_eq!(front.send(read(1)).await.status, 202);
    }
}

mod in_the_open {
    use super::*;

    #[actix::test]
    async fn whose_an_order_is_hears_who_comes_as_that_member() {
        let front = Front::reading(stored());
        for (name, told) in [("kim", json!("kim")), ("lee", Value::Null)] {
            let reply = front
                .send(read(1).insert_header(("X-Member-Id", name)))
                .await;
            assert_eq!((reply.status, &reply.body["memberId"]), (200, &told));
        }
        assert_eq!(front.send(read(1)).await.body.get("memberId"), None);
    }

    #[actix::test]
    async fn nothing_is_proven_and_no_order_token_told() {
        let front = Front::reading(stored());
        for n in [1, 2] {
            assert_eq!(front.send(read(n)).await.status, 200);
            assert_eq!(front.send(pay(n)).await.status, 200);
        }
        let reply = front.send(place()).await;
        assert_eq!((reply.status, reply.header(ORDER_TOKEN)), (200, None));
        let ignored = (AUTHORIZATION, "Bearer nonsense");
        assert_eq!(front.send(read(1).insert_header(ignored)).await.status, 200);
        assert_eq!(reply.body.get("memberId"), None::<&Value>);
    }
}
