//! Where requests to other services go: behind the path of the URL that is set, and past the proxies that the environment names.

use std::process::Command;
use std::time::Duration;

use composite_service::config::PaymentSettings;
use composite_service::config::authentication::KeySource;
use composite_service::outbound::http::jwks_client::JwksClient;
use composite_service::outbound::http::member_client::MemberClient;
use composite_service::outbound::http::order_client::OrderClient;
use composite_service::outbound::http::toss_gateway::TossGateway;
use composite_service::outbound::http::{client, client_through};
use composite_service::ports::member_directory::MemberDirectory;
use composite_service::ports::member_query::MemberQuery;
use composite_service::ports::order_query::{OrderQuery, PageBounds};
use composite_service::ports::payment::PaymentGateway;
use url::Url;

use crate::harness::{nth_number, payment, trace};
use crate::peer::{Peer, Script};

const PATIENT: Duration = Duration::from_secs(20);

fn peer() -> Peer {
    Peer::start(Script::Answer(503, &[], String::new()))
}

fn gateway(url: Url, proxy: Option<Url>) -> TossGateway {
    let client = client_through(proxy.as_ref(), PATIENT).unwrap();
    let secret_key = "key".into();
    TossGateway::new(
        client,
        PaymentSettings {
            url,
            proxy,
            secret_key,
        },
    )
}

/// Asks everybody below this base for something.
async fn ask_all(base: &Url) {
    let orders = OrderClient::new(
        client(PATIENT).unwrap(),
        base.clone(),
        chrono_tz::Asia::Seoul,
    );
    let members = MemberClient::new(client(PATIENT).unwrap(), base.clone());
    let gateway = gateway(base.clone(), None);
    // What they answer does not matter here.
    let _ = orders.order(&nth_number(1)).await;
    let _ = orders.products(PageBounds::default()).await;
    let _ = orders.due_reviews(None).await;
    let _ = orders.usable_coupons(3).await;
    let _ = members.profile(&"kim".parse().unwrap()).await;
    let _ = gateway
        .confirm(&nth_number(1), &payment("key"), trace())
        .await;
    let _ = gateway.look_up(&nth_number(1), trace()).await;
}

fn paths(peer: &Peer) -> Vec<String> {
    let path = |line: &str| {
        line.split(' ')
            .nth(1)
            .unwrap()
            .split('?')
            .next()
            .unwrap()
            .to_owned()
    };
    peer.asked().iter().map(|asked| path(&asked.line)).collect()
}

mod requests {
    use super::*;

    #[actix::test]
    async fn go_below_the_path_of_the_url() {
        for (base, kept) in [("", ""), ("/", ""), ("/mall", "/mall"), ("/a/b/", "/a/b")] {
            let peer = peer();
            ask_all(&peer.server.url.join(base).unwrap()).await;
            let number = nth_number(1);
            let expected = [
                format!("/api/order/{number}"),
                "/api/product".to_owned(),
                "/internal/purchases".to_owned(),
                "/api/coupon".to_owned(),
                "/api/member/kim".to_owned(),
                "/v1/payments/confirm".to_owned(),
                format!("/v1/payments/orders/{number}"),
            ];
            assert_eq!(paths(&peer), expected.map(|path| format!("{kept}{path}")));
        }
    }

    /// Variables of a process are for all its threads, so this test is once more a process of its own.
    #[actix::test]
    async fn go_past_the_proxies_of_the_environment() {
        const PROXIES: [&str; 6] = [
            "http_proxy",
            "HTTP_PROXY",
            "https_proxy",
            "HTTPS_PROXY",
            "all_proxy",
            "ALL_PROXY",
        ];
        if std::env::var_os(PROXIES[0]).is_some_and(|proxy| proxy == "http://127.0.0.1:1") {
            let peer = peer();
            ask_all(&peer.server.url).await;
            assert_eq!(peer.asked().len(), 7);
            return;
        }
        let test = "outbound_addresses::requests::go_past_the_proxies_of_the_environment";
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test])
            .envs(PROXIES.map(|name| (name, "http://127.0.0.1:1")))
            .env_remove("no_proxy")
            .env_remove("NO_PROXY")
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && told.contains("1 passed"),
            "{told}"
        );
    }

    #[actix::test]
    async fn to_the_gateway_go_through_the_proxy_that_is_set() {
        let proxy = peer();
        let gateway = gateway(
            "http://gateway.invalid/toss".parse().unwrap(),
            Some(proxy.server.url.clone()),
        );
        let _ = gateway
            .confirm(&nth_number(1), &payment("key"), trace())
            .await;
        assert_eq!(
            proxy.asked()[0].line,
            "POST http://gateway.invalid/toss/v1/payments/confirm"
        );
    }

    #[actix::test]
    async fn to_the_issuer_go_through_the_proxy_that_is_set() {
        let proxy = peer();
        let client = client_through(Some(&proxy.server.url), PATIENT).unwrap();
        let issuer = KeySource::OfIssuer("http://id.invalid/mall".to_owned());
        assert!(JwksClient::new(client, issuer).fetch().await.is_err());
        assert_eq!(
            proxy.asked()[0].line,
            "GET http://id.invalid/mall/.well-known/openid-configuration"
        );
    }
}
