//! Requests beyond a limit are refused, and every limited answer tells where its client stands.

use std::net::SocketAddr;
use std::num::NonZeroU32;

use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, HeaderName, RETRY_AFTER};
use actix_web::test::TestRequest;
use composite_service::domain::access::ENDPOINTS;
use composite_service::inbound::http::request_limits::RequestQuotas;
use composite_service::metrics::LimitMetrics;
use serde_json::json;
use shared::metrics::Metrics;

use super::authentication::{Door, stored};
use super::front::{Front, Reply, line};

const LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIST: &str = "/open-api/order";
const PRODUCTS: &str = "/open-api/product";

/// A front with these limits, and what operators are told of them.
struct Gate {
    front: Front,
    metrics: Metrics,
}

fn quotas(per_address: u32, per_member: u32) -> RequestQuotas {
    RequestQuotas {
        per_address: NonZeroU32::new(per_address),
        per_member: NonZeroU32::new(per_member),
        trusted_proxies: 0,
    }
}

fn behind(proxies: usize) -> RequestQuotas {
    RequestQuotas {
        trusted_proxies: proxies,
        ..quotas(1, 0)
    }
}

impl Gate {
    fn with(quotas: RequestQuotas) -> Self {
        Self::before(Front::open(), quotas)
    }

    fn before(front: Front, quotas: RequestQuotas) -> Self {
        let metrics = Metrics::new().unwrap();
        let shown = LimitMetrics::new(&metrics).unwrap();
        Self {
            front: front.limited(quotas, shown),
            metrics,
        }
    }

    /// A request by this peer.
    async fn by(&self, peer: &str, request: TestRequest) -> Reply {
        self.front.send(request.peer_addr(peer_at(peer))).await
    }

    async fn get(&self, peer: &str, path: &str) -> Reply {
        self.by(peer, TestRequest::get().uri(path)).await
    }

    /// The status of a request with these lines of `X-Forwarded-For`.
    async fn forwarded(&self, values: &[&str]) -> u16 {
        let request = TestRequest::get().uri(PRODUCTS);
        let request = values.iter().fold(request, |request, value| {
            request.append_header(("X-Forwarded-For", *value))
        });
        self.by("10.0.0.1", request).await.status
    }

    fn assert_told(&self, line: &str) {
        let text = self.metrics.render().unwrap();
        assert!(text.lines().any(|told| told == line), "{line} in {text}");
    }
}

fn peer_at(ip: &str) -> SocketAddr {
    SocketAddr::new(ip.parse().unwrap(), 40_000)
}

fn told(reply: &Reply) -> (Option<&str>, Option<&str>) {
    (reply.header(POLICY), reply.header(LIMIT))
}

fn of_member(member: &str) -> TestRequest {
    TestRequest::get()
        .uri(LIST)
        .insert_header(("X-Member-Id", member))
}

mod by_address {
    use super::*;

    #[actix::test]
    async fn a_client_hears_where_it_stands_until_it_is_refused() {
        let gate = Gate::with(quotas(2, 0));
        let policy = Some(r#""address";q=2;w=60"#);
        for (left, status) in [(1, 200), (0, 404)] {
            let path = if status == 200 {
                PRODUCTS
            } else {
                "/open-api/nowhere"
            };
            let reply = gate.get("1.2.3.4", path).await;
            assert_eq!(reply.status, status);
            let limit = format!("\"address\";r={left};t=30");
            assert_eq!(told(&reply), (policy, Some(limit.as_str())));
        }
        let refused = gate.get("1.2.3.4", PRODUCTS).await;
        assert_eq!(refused.problem(), (429, -701, "TOO_MANY_REQUESTS"));
        assert_eq!(
            refused.body["msg"],
            json!("요청이 너무 많습니다. 잠시 후 다시 시도해 주세요.")
        );
        let wait = refused.header(RETRY_AFTER).unwrap();
        let limit = format!("\"address\";r=0;t={wait}");
        assert_eq!(told(&refused), (policy, Some(limit.as_str())));
        assert_eq!(gate.get("1.2.3.5", PRODUCTS).await.status, 200);
        gate.assert_told("requests_limited_total{policy=\"address\"} 1");
        gate.assert_told("requests_limited_total{policy=\"member\"} 0");
    }

    #[actix::test]
    async fn every_endpoint_for_shoppers_is_limited_and_no_other() {
        // The page of documents is no JSON, which this front reads.
        for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.path != "/docs") {
            let gate = Gate::with(quotas(1, 0));
            let path = endpoint
                .path
                .replace("{orderNum}", "1")
                .replace("{productId}", "1");
            let method = Method::from_bytes(endpoint.method.as_bytes()).unwrap();
            let send = || {
                let request = TestRequest::with_uri(&path).method(method.clone());
                gate.by("1.2.3.4", request.set_json(json!({})))
            };
            let first = send().await;
            assert_ne!(first.status, 429, "{endpoint:?}");
            let second = send().await;
            if path.starts_with("/open-api/") {
                assert_eq!(second.status, 429, "{endpoint:?}");
                assert!(first.header(LIMIT).is_some(), "{endpoint:?}");
            } else {
                assert_eq!(second.status, first.status, "{endpoint:?}");
                assert_eq!(told(&second), (None, None), "{endpoint:?}");
            }
        }
    }

    #[actix::test]
    async fn head_counts_and_options_does_not() {
        let gate = Gate::with(quotas(1, 0));
        for _ in 0..2 {
            let options = TestRequest::with_uri(PRODUCTS).method(Method::OPTIONS);
            let reply = gate.by("1.2.3.4", options).await;
            assert_eq!((reply.status, told(&reply)), (204, (None, None)));
        }
        let head = || TestRequest::with_uri(PRODUCTS).method(Method::HEAD);
        let reply = gate.by("1.2.3.4", head()).await;
        assert_eq!(
            (reply.status, reply.header(LIMIT)),
            (200, Some(r#""address";r=0;t=60"#))
        );
        assert_eq!(gate.by("1.2.3.4", head()).await.status, 429);
    }

    #[actix::test]
    async fn an_ipv6_client_is_its_network() {
        let gate = Gate::with(quotas(1, 0));
        assert_eq!(gate.get("2001:db8:1:2::1", PRODUCTS).await.status, 200);
        assert_eq!(gate.get("2001:db8:1:2:3::9", PRODUCTS).await.status, 429);
        assert_eq!(gate.get("2001:db8:1:3::1", PRODUCTS).await.status, 200);
    }
}

mod behind_proxies {
    use super::*;

    #[actix::test]
    async fn the_header_is_not_read_unless_a_setting_says_so() {
        let gate = Gate::with(behind(0));
        assert_eq!(gate.forwarded(&["1.1.1.1"]).await, 200);
        assert_eq!(gate.forwarded(&["2.2.2.2"]).await, 429);
    }

    #[actix::test]
    async fn a_client_is_what_the_outermost_proxy_has_seen_whatever_is_forged() {
        let gate = Gate::with(behind(2));
        assert_eq!(gate.forwarded(&["1.1.1.1, 10.0.0.2"]).await, 200);
        for forged in [
            &["9.9.9.9, 1.1.1.1, 10.0.0.2"][..],
            &["8.8.8.8", "1.1.1.1, 10.0.0.2"],
            &["nonsense", "7.7.7.7,", "1.1.1.1", "10.0.0.2"],
        ] {
            assert_eq!(gate.forwarded(forged).await, 429, "{forged:?}");
        }
        assert_eq!(gate.forwarded(&["1.1.1.1, 2.2.2.2, 10.0.0.2"]).await, 200);
        gate.assert_told("forwarded_for_unreadable_total 0");
    }

    #[actix::test]
    async fn a_request_that_no_proxy_speaks_for_counts_as_the_peers() {
        let gate = Gate::with(behind(2));
        assert_eq!(gate.forwarded(&[]).await, 200);
        for unreadable in [
            &["1.1.1.1"][..],
            &["unknown, 10.0.0.2"],
            &["1.1.1.1:x, 10.0.0.2"],
            &[],
        ] {
            assert_eq!(gate.forwarded(unreadable).await, 429, "{unreadable:?}");
        }
        gate.assert_told("forwarded_for_unreadable_total 5");
    }
}

mod by_member {
    use super::*;

    #[actix::test]
    async fn a_member_is_refused_from_every_address_and_others_are_not() {
        let gate = Gate::with(quotas(0, 1));
        let first = gate.by("1.1.1.1", of_member("kim")).await;
        assert_eq!(first.status, 200);
        assert_eq!(
            told(&first),
            (Some(r#""member";q=1;w=60"#), Some(r#""member";r=0;t=60"#))
        );
        let second = gate.by("2.2.2.2", of_member("kim")).await;
        assert_eq!(second.problem(), (429, -701, "TOO_MANY_REQUESTS"));
        let wait = second.header(RETRY_AFTER).unwrap();
        assert_eq!(
            second.header(LIMIT),
            Some(format!("\"member\";r=0;t={wait}").as_str())
        );
        assert_eq!(gate.by("1.1.1.1", of_member("lee")).await.status, 200);
        gate.assert_told("requests_limited_total{policy=\"member\"} 1");
    }

    #[actix::test]
    async fn guests_and_what_does_not_ask_who_asks_are_not_counted() {
        let gate = Gate::with(quotas(0, 1));
        for _ in 0..2 {
            let product = TestRequest::get().uri(PRODUCTS);
            let reply = gate
                .by("1.1.1.1", product.insert_header(("X-Member-Id", "kim")))
                .await;
            assert_eq!((reply.status, told(&reply)), (200, (None, None)));
            let order = TestRequest::post().uri(LIST);
            let order = order.set_json(json!({"orderLineList": [line(1, 1)]}));
            assert_eq!(gate.by("1.1.1.1", order).await.status, 200);
        }
    }

    #[actix::test]
    async fn a_refused_order_is_not_placed() {
        let mut gate = Gate::with(quotas(0, 1));
        assert_eq!(gate.by("1.1.1.1", of_member("kim")).await.status, 200);
        let order = TestRequest::post()
            .uri(LIST)
            .insert_header(("X-Member-Id", "kim"));
        let order = order.set_json(json!({"orderLineList": [line(1, 1)]}));
        assert_eq!(gate.by("1.1.1.1", order).await.status, 429);
        assert!(gate.front.commands_rx.try_recv().is_err());
    }

    #[actix::test]
    async fn nobody_spends_a_members_quota_without_the_members_token() {
        let door = Door::with(stored());
        let kim = door.token_of("kim");
        let Door { front, issuer, .. } = door;
        let gate = Gate::before(front, quotas(0, 1));
        let bearing = |token: &str| {
            let request = TestRequest::get().uri(LIST);
            request.insert_header((AUTHORIZATION, format!("Bearer {token}")))
        };
        let forged = format!("{}x", kim);
        for _ in 0..3 {
            assert_eq!(gate.by("1.1.1.1", bearing(&forged)).await.status, 401);
            assert_eq!(gate.by("1.1.1.1", of_member("kim")).await.status, 403);
        }
        assert_eq!(gate.by("1.1.1.1", bearing(&kim)).await.status, 200);
        assert_eq!(gate.by("1.1.1.1", bearing(&kim)).await.status, 429);
        drop(issuer);
    }
}

#[actix::test]
async fn both_limits_are_told_together() {
    let gate = Gate::with(quotas(120, 60));
    let reply = gate.by("1.1.1.1", of_member("kim")).await;
    assert_eq!(
        told(&reply),
        (
            Some(r#""address";q=120;w=60, "member";q=60;w=60"#),
            Some(r#""address";r=119;t=1, "member";r=59;t=1"#)
        )
    );
}

#[actix::test]
async fn without_limits_nothing_is_told() {
    let gate = Gate::with(RequestQuotas::default());
    let reply = gate.by("1.1.1.1", of_member("kim")).await;
    assert_eq!((reply.status, told(&reply)), (200, (None, None)));
}
