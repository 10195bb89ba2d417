//! Members who come with tokens of identity providers that others have made, and what of all that is found in logs afterwards.

use std::fs;

use libtest_mimic::Trial;
use serde_json::Value;
use stack::{AUDIENCE, Keycloak, MockOauth2Server, Place, SUPPORT_SCOPE};
use tempfile::TempDir;

use crate::mall::{Answer, Mall, basket, paid_basket};

const PRICE: i64 = 12_000;
const ORDER_TOKEN_SECRET: &str = "an order token secret that nobody may log";
const SERVICE_TOKEN: &str = "a service token that nobody may log";

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name, test: fn()| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    };
    vec![
        trial(
            "identities::mock_oauth2_server::lets_members_to_their_own",
            mock_oauth2_server,
        ),
        trial(
            "identities::keycloak::lets_members_to_their_own_while_keys_come_and_go",
            keycloak,
        ),
    ]
}

/// A mall whose members come with the issuer's tokens; it logs all that it can.
fn mall_of(issuer: &str, member_claim: &str) -> Mall {
    Mall::start(|builder| {
        let all = [
            ("MEMBER_AUTH", "jwt"),
            ("OIDC_ISSUER", issuer),
            ("OIDC_AUDIENCE", AUDIENCE),
            ("OIDC_MEMBER_CLAIM", member_claim),
            ("ORDER_TOKEN_SECRET", ORDER_TOKEN_SECRET),
            ("SERVICE_TOKEN", SERVICE_TOKEN),
            ("RUST_LOG", "debug"),
        ];
        let env = all.map(|(name, value)| (name.to_owned(), value.to_owned()));
        builder.composite_env.extend(env);
        let read = ("SERVICE_TOKEN".to_owned(), SERVICE_TOKEN.to_owned());
        builder.order_env.push(read);
    })
}

fn bearer(token: &str) -> (&'static str, String) {
    ("Authorization", format!("Bearer {token}"))
}

fn get(mall: &Mall, path: &str, header: (&str, String)) -> Answer {
    mall.run(mall.get_with(path, (header.0, &header.1)))
}

fn buy(mall: &Mall, wish: &Value, token: &str) -> Answer {
    let (name, value) = bearer(token);
    mall.run(mall.post_with("/open-api/order", wish, (name, &value)))
}

/// A member buys, and nobody else sees it but the support; the order's path.
fn a_member_has_the_own_orders(mall: &Mall, member: &str, other: &str, support: &str) -> String {
    let item = mall.new_item(10);
    let bought = buy(mall, &paid_basket(&[(item, 1)], "pay", PRICE), member);
    let path = format!(
        "/open-api/order/{}",
        bought.assert_order("COMPLETE").order_num()
    );
    for (token, status) in [(member, 200), (other, 202), (support, 200)] {
        assert_eq!(get(mall, &path, bearer(token)).status, status);
    }
    assert_eq!(mall.run(mall.get(&path)).status, 202);
    assert_eq!(
        get(mall, &path, ("X-Member-Id", "minji".to_owned())).status,
        403
    );
    assert_eq!(
        get(mall, &path, bearer(&member[..member.len() - 5])).status,
        401
    );

    let pending = buy(mall, &basket(&[(item, 1)]), member).order_num();
    let payment = format!("/open-api/order/{pending}/payment");
    let paid = paid_basket(&[], "pay", PRICE)["payment"].clone();
    let (name, credentials) = bearer(other);
    let refused = mall.run(mall.post_with(&payment, &paid, (name, &credentials)));
    assert_eq!(refused.status, 404);
    let (name, credentials) = bearer(member);
    let own = mall.run(mall.post_with(&payment, &paid, (name, &credentials)));
    own.assert_order("COMPLETE");
    let page = get(mall, "/open-api/my-page", bearer(member));
    assert_eq!(
        page.body["orders"]["data"].as_array().map(Vec::len),
        Some(2)
    );
    path
}

/// A guest's order is opened by the token that came with it; the token.
fn a_guest_has_the_own_order(mall: &Mall) -> String {
    let item = mall.new_item(10);
    let placed = mall.run(mall.buy(&basket(&[(item, 1)])));
    let token = placed.headers["order-token"].to_str().unwrap().to_owned();
    let path = format!("/open-api/order/{}", placed.order_num());
    assert_eq!(mall.run(mall.get(&path)).status, 202);
    let opened = get(mall, &path, ("Order-Token", token.clone()));
    opened.assert_order("CREATED");
    token
}

/// What every process of the mall has logged, and what the composite shows operators.
fn all_that_is_told(mall: &Mall) -> String {
    let mut told = String::new();
    for file in fs::read_dir(mall.logs()).unwrap() {
        let log = fs::read(file.unwrap().path()).unwrap();
        told.push_str(&String::from_utf8_lossy(&log));
    }
    let operators = mall.stack.composites[0].internal_url();
    for path in ["metrics", "internal/settings", "internal/mailboxes"] {
        let url = format!("{operators}/{path}");
        told.push_str(&mall.run(async { reqwest::get(&url).await.unwrap().text().await.unwrap() }));
    }
    told
}

fn assert_nothing_leaks(mall: &Mall, secrets: &[&str]) {
    let told = all_that_is_told(mall);
    assert!(
        told.contains("the issuer's keys are there"),
        "the logs are read"
    );
    let fixed = [
        ORDER_TOKEN_SECRET,
        SERVICE_TOKEN,
        mall.stack.payment_secret_key(),
    ];
    for secret in secrets.iter().chain(&fixed) {
        // A token's signature is enough of it: header and claims are the same in many.
        let part = secret.rsplit('.').next().unwrap();
        assert!(!told.contains(part), "a secret is told: {}…", &part[..6]);
    }
}

fn place() -> (TempDir, Place) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = Place::under(folder.path()).expect("a place");
    (folder, place)
}

fn mock_oauth2_server() {
    let (_folder, place) = place();
    let issuer = MockOauth2Server::start(&place).unwrap_or_else(|error| panic!("{error:#}"));
    let token = |member, scope| issuer.token(member, scope).unwrap();
    let mall = mall_of(issuer.issuer(), "sub");
    let (member, other) = (token("minji", None), token("junho", None));
    let support = token("agent", Some(SUPPORT_SCOPE));
    a_member_has_the_own_orders(&mall, &member, &other, &support);
    let order_token = a_guest_has_the_own_order(&mall);
    assert_nothing_leaks(&mall, &[&member, &other, &support, &order_token]);
}

fn keycloak() {
    let (_folder, place) = place();
    let mut issuer = Keycloak::start(&place).unwrap_or_else(|error| panic!("{error:#}"));
    let mall = mall_of(issuer.issuer(), Keycloak::MEMBER_CLAIM);
    let token = |issuer: &Keycloak, member, scope| issuer.token(member, scope).unwrap();
    let (member, other) = (token(&issuer, "minji", None), token(&issuer, "junho", None));
    let support = token(&issuer, Keycloak::SUPPORT, Some(SUPPORT_SCOPE));
    let path = a_member_has_the_own_orders(&mall, &member, &other, &support);

    // A new key is believed at its first token, and the old one no more as soon as the keys were fetched.
    issuer.rotate().unwrap();
    let renewed = token(&issuer, "minji", None);
    assert_eq!(get(&mall, &path, bearer(&renewed)).status, 200);
    assert_eq!(get(&mall, &path, bearer(&member)).status, 401);

    // While it is away, nobody is refused who was let in before.
    issuer.service().kill_9().unwrap();
    assert_eq!(get(&mall, &path, bearer(&renewed)).status, 200);
    let item = mall.new_item(1);
    let bought = buy(&mall, &paid_basket(&[(item, 1)], "pay", PRICE), &renewed);
    bought.assert_order("COMPLETE");
    let order_token = a_guest_has_the_own_order(&mall);
    assert_nothing_leaks(&mall, &[&member, &renewed, &support, &order_token]);
}
