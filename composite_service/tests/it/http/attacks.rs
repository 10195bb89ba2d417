//! Requests that must be refused, by kind, on every endpoint that asks who asks.

use std::collections::BTreeMap;

use actix_web::http::header::AUTHORIZATION;
use actix_web::test::TestRequest;
use composite_service::domain::access::{ENDPOINTS, Endpoint, Right};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::authentication::{Door, ORDER_TOKEN, cancel, pay, place, price, read, stored, tokens};
use crate::harness::nth_number;
use crate::issuer::{AUDIENCE, SigningKey, encoded};

/// A request to the endpoint, of an order that is Kim's.
fn request(endpoint: &Endpoint) -> TestRequest {
    match (endpoint.method, endpoint.path) {
        ("POST", "/open-api/order") => place(),
        ("GET", "/open-api/order/{orderNum}") => read(1),
        ("POST", "/open-api/order/{orderNum}/payment") => pay(1),
        ("POST", "/open-api/order/{orderNum}/cancel") => cancel(1),
        ("POST", "/open-api/quote") => price(),
        ("GET", path) if !path.contains('{') => TestRequest::get().uri(path),
        other => panic!("no request for {other:?}"),
    }
}

fn asking() -> impl Iterator<Item = &'static Endpoint> {
    let all = ENDPOINTS.iter();
    all.filter(|endpoint| endpoint.right != Right::Everybody)
}

/// What is wrong with a token, and the token.
type WrongToken = (&'static str, String);

/// Kim's claims with one of them changed; `None` takes it away.
fn changed(door: &Door, name: &str, value: Option<Value>) -> String {
    let mut claims = door.issuer.claims("kim");
    let all = claims.as_object_mut().unwrap();
    match value {
        Some(value) => all.insert(name.to_owned(), value),
        None => all.remove(name),
    };
    door.key.sign(&claims)
}

fn wrong_claims(door: &Door) -> Vec<WrongToken> {
    let now = door.issuer.claims("kim")["iat"].as_i64().unwrap();
    let mut all = Vec::new();
    for name in ["iss", "aud", "exp", "sub"] {
        all.push(("an absent claim", changed(door, name, None)));
    }
    for (name, value) in [
        ("iss", json!("https://elsewhere.example")),
        ("iss", json!(format!("{}/", door.issuer.name()))),
        ("iss", json!([door.issuer.name()])),
        ("aud", json!("account")),
        ("aud", json!([])),
        ("aud", json!(format!("{AUDIENCE} account"))),
        ("sub", json!("")),
        ("sub", json!("kim/../lee")),
        ("sub", json!(7)),
    ] {
        all.push(("a wrong claim", changed(door, name, Some(value))));
    }
    for (name, value) in [
        ("exp", json!(now - 31)),
        ("exp", json!(0)),
        ("exp", json!("9999999999")),
        ("exp", json!(null)),
        ("nbf", json!(now + 60)),
        ("iat", json!(now + 60)),
        ("nbf", json!("now")),
    ] {
        all.push(("a wrong time", changed(door, name, Some(value))));
    }
    all
}

fn wrong_algorithms(door: &Door) -> Vec<WrongToken> {
    let claims = door.issuer.claims("kim");
    let public = door.key.published().to_string();
    let mut all = Vec::new();
    for alg in ["none", "None", "NONE", "", "HS999"] {
        let head = encoded(&json!({"alg": alg, "kid": door.key.id}));
        let unsigned = format!("{head}.{}.", encoded(&claims));
        all.push(("a wrong algorithm", unsigned));
    }
    for secret in [public.as_bytes(), b"secret"] {
        for algorithm in [Algorithm::HS256, Algorithm::HS512] {
            let header = Header {
                kid: Some(door.key.id.to_owned()),
                ..Header::new(algorithm)
            };
            let key = EncodingKey::from_secret(secret).unwrap();
            let token = encode(&header, &claims, &key).unwrap();
            all.push(("a wrong algorithm", token));
        }
    }
    all
}

fn wrong_keys(door: &Door) -> Vec<WrongToken> {
    let claims = door.issuer.claims("kim");
    let mut all = Vec::new();
    for stranger in [
        SigningKey::es256(door.key.id),
        SigningKey::ed25519(door.key.id),
        SigningKey::es256("unknown"),
    ] {
        all.push(("a wrong key", stranger.sign(&claims)));
        let brought = Header {
            jwk: serde_json::from_value(stranger.published()).unwrap(),
            jku: Some("http://127.0.0.1:1/keys".to_owned()),
            ..stranger.header()
        };
        all.push((
            "a key that the token brings",
            stranger.sign_as(&brought, &claims),
        ));
    }
    all
}

fn wrong_forms(door: &Door) -> Vec<WrongToken> {
    let right = door.token_of("kim");
    let [head, body, signature] = right.split('.').collect::<Vec<_>>()[..] else {
        panic!("a token has three parts");
    };
    let mut of_lee = door.issuer.claims("kim");
    of_lee["sub"] = json!("lee");
    let others = door.token_of("lee");
    let signature_of_lee = others.rsplit('.').next().unwrap();
    let header = |change: fn(&mut Header)| {
        let mut header = door.key.header();
        change(&mut header);
        door.key.sign_as(&header, &door.issuer.claims("kim"))
    };
    vec![
        ("a wrong form", format!("{head}.{body}")),
        ("a wrong form", format!("{head}.{body}.")),
        ("a wrong form", format!("{right}.")),
        ("a wrong form", format!("{right}.{signature}.{signature}")),
        ("a wrong form", format!("{head}..{signature}")),
        ("a wrong form", format!("{body}.{head}.{signature}")),
        ("a wrong form", right[1..].to_owned()),
        ("a wrong form", right[..right.len() - 4].to_owned()),
        ("a wrong form", format!("{right}=")),
        ("a wrong form", "nonsense".to_owned()),
        (
            "other content",
            format!("{head}.{}.{signature}", encoded(&of_lee)),
        ),
        ("other content", format!("{head}.{body}.{signature_of_lee}")),
        (
            "another type",
            header(|header| header.typ = Some("logout+jwt".to_owned())),
        ),
        (
            "another type",
            header(|header| header.typ = Some("dpop+jwt".to_owned())),
        ),
        (
            "a critical extension",
            header(|header| header.crit = Some(vec!["b64".to_owned()])),
        ),
        (
            "a critical extension",
            header(|header| header.crit = Some(vec!["exp".to_owned()])),
        ),
    ]
}

/// Headers that prove nothing, or too much.
fn wrong_credentials(door: &Door) -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    let bearer = |token: &str| ("Authorization", format!("Bearer {token}"));
    let right = || bearer(&door.token_of("kim"));
    vec![
        ("a header twice", vec![right(), right()]),
        (
            "a header twice",
            vec![right(), bearer(&door.token_of("lee"))],
        ),
        (
            "another scheme",
            vec![("Authorization", "Basic a2ltOmtpbQ==".to_owned())],
        ),
        (
            "another scheme",
            vec![("Authorization", door.token_of("kim"))],
        ),
        (
            "another scheme",
            vec![("Authorization", "Bearer".to_owned())],
        ),
        ("another scheme", vec![("Authorization", String::new())]),
        ("a member header", vec![("X-Member-Id", "kim".to_owned())]),
        (
            "a member header",
            vec![("x-member-id", "kim".to_owned()), right()],
        ),
        (
            "a member header",
            vec![("X-Member-Id", String::new()), right()],
        ),
        (
            "a proxy's secret",
            vec![("X-Proxy-Secret", "secret".to_owned()), right()],
        ),
    ]
}

#[derive(Default)]
struct Tally(BTreeMap<&'static str, usize>);

impl Tally {
    fn refused(
        &mut self,
        kind: &'static str,
        status: u16,
        expected: &[u16],
        told: &dyn std::fmt::Debug,
    ) {
        assert!(expected.contains(&status), "{kind}: {told:?}");
        *self.0.entry(kind).or_default() += 1;
    }
}

#[actix::test]
async fn are_all_refused_and_charge_nothing() {
    let mut door = Door::with(stored());
    let mut tally = Tally::default();
    let bad_tokens = [
        wrong_claims(&door),
        wrong_algorithms(&door),
        wrong_keys(&door),
        wrong_forms(&door),
    ]
    .concat();
    for endpoint in asking() {
        for (kind, token) in &bad_tokens {
            let credentials = (AUTHORIZATION, format!("Bearer {token}"));
            let reply = door
                .front
                .send(request(endpoint).insert_header(credentials))
                .await;
            assert_eq!(reply.body["reason"], "INVALID_TOKEN", "{kind} {endpoint:?}");
            tally.refused(kind, reply.status, &[401], &(endpoint, token));
        }
        for (kind, headers) in wrong_credentials(&door) {
            let request = headers.iter().fold(request(endpoint), |request, header| {
                request.append_header(header.clone())
            });
            let reply = door.front.send(request).await;
            tally.refused(kind, reply.status, &[400, 401, 403], &(endpoint, headers));
        }
    }
    foreign_orders(&door, &mut tally).await;
    assert_eq!(door.front.charged(), []);
    assert!(
        door.front.commands_rx.try_recv().is_err(),
        "nothing was ordered or paid"
    );

    let total: usize = tally.0.values().sum();
    println!("{total} refused: {:?}", tally.0);
    assert!(total >= 300, "{total}");
}

/// Orders of others, by every verb that there is for one.
async fn foreign_orders(door: &Door, tally: &mut Tally) {
    let right_token = |n: u64| tokens().of(&nth_number(n)).expose().to_owned();
    let wrong_order_tokens = [
        None,
        Some(String::new()),
        Some("nonsense".to_owned()),
        Some(right_token(3)),
        Some(right_token(2).to_uppercase()),
        Some(right_token(2)[1..].to_owned()),
    ];
    for ask in [read as fn(u64) -> TestRequest, pay, cancel] {
        for token in [None, Some(door.token_of("lee")), Some(door.token_of("Kim"))] {
            for order_token in &wrong_order_tokens {
                for n in [1, 2] {
                    let mut request = ask(n);
                    if let Some(token) = &token {
                        request = request.insert_header((AUTHORIZATION, format!("Bearer {token}")));
                    }
                    if let Some(order_token) = order_token {
                        request = request.insert_header((ORDER_TOKEN, order_token.clone()));
                    }
                    let reply = door.front.send(request).await;
                    // 202 is what an order number without an order gets that may still come.
                    tally.refused(
                        "a foreign order",
                        reply.status,
                        &[202, 404],
                        &(n, order_token),
                    );
                    assert!(
                        reply.body["status"].is_null() || reply.status == 404,
                        "{:?}",
                        reply.body
                    );
                }
            }
            // The token of a guest's order is none for a member's.
            let mut request = ask(1).insert_header((ORDER_TOKEN, right_token(1)));
            if let Some(token) = &token {
                request = request.insert_header((AUTHORIZATION, format!("Bearer {token}")));
            }
            let reply = door.front.send(request).await;
            tally.refused(
                "a foreign order",
                reply.status,
                &[202, 404],
                &"its own token",
            );
        }
    }
    for path in [
        "/open-api/order?memberId=lee",
        "/open-api/order?memberId=agent",
    ] {
        let kim = (AUTHORIZATION, format!("Bearer {}", door.token_of("kim")));
        let reply = door
            .front
            .send(TestRequest::get().uri(path).insert_header(kim))
            .await;
        tally.refused("another's list", reply.status, &[403], &path);
    }
}

#[actix::test]
async fn every_endpoint_of_the_contract_is_in_the_table_of_rights() {
    let contract: Value =
        serde_json::from_str(include_str!("../../../../docs/api/openapi.json")).unwrap();
    for (path, item) in contract["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let method = method.to_uppercase();
            let is_listed =
                |endpoint: &&Endpoint| endpoint.path == path && endpoint.method == method;
            assert!(
                ENDPOINTS.iter().any(|endpoint| is_listed(&endpoint)),
                "{method} {path}"
            );
        }
    }
}

/// The table says what the routes do: nobody is asked for credentials where the right is everybody's.
#[actix::test]
async fn what_is_for_everybody_does_not_read_credentials() {
    let door = Door::with(stored());
    for endpoint in ENDPOINTS {
        let path = endpoint.path.replace("{productId}", "1");
        if endpoint.right == Right::Everybody && endpoint.path != "/docs" {
            let nonsense = (AUTHORIZATION, "Bearer nonsense");
            let reply = door
                .front
                .send(TestRequest::get().uri(&path).insert_header(nonsense))
                .await;
            assert_ne!(reply.status, 401, "{endpoint:?}");
        }
    }
}
