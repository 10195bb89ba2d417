//! `GET /open-api/my-page`, over real HTTP from a server in the place of those who have the parts.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, HeaderName, RETRY_AFTER};
use actix_web::test::TestRequest;
use composite_service::metrics::MyPageMetrics;
use composite_service::outbound::guard::Limits;
use composite_service::outbound::guarded_parts::{GuardedParts, PartLimits};
use composite_service::outbound::http::client;
use composite_service::outbound::http::member_client::MemberClient;
use composite_service::outbound::http::order_client::OrderClient;
use composite_service::ports::member_directory::MemberDirectory;
use futures_util::future::join;
use serde_json::{Value, json};
use shared::metrics::Metrics;
use tokio::time::timeout;

use super::front::{Front, Reply, each};
use crate::stand_in::{ALL, Conduct, PRODUCTS, PROFILE, StandIn};

const PATIENT: Duration = Duration::from_secs(20);
const COMPLETE: HeaderName = HeaderName::from_static("x-my-page-complete");

/// The deadline of a part that is silent; no other part has it.
const SHORT: Duration = Duration::from_millis(800);
const ROOMY: Limits = Limits {
    deadline: PATIENT,
    failures: 5,
    open_for: PATIENT,
};

/// Limits under which only the products are given up soon, and asked for again after `open_for`.
fn brisk_products(open_for: Duration) -> PartLimits {
    let products = Limits {
        deadline: SHORT,
        failures: 2,
        open_for,
    };
    PartLimits {
        products,
        ..each(ROOMY)
    }
}

/// The API, and who has the parts.
struct Page {
    front: Front,
    stand_in: StandIn,
    metrics: Metrics,
}

impl Page {
    fn with(limits: PartLimits) -> Self {
        let stand_in = StandIn::start();
        let members = MemberClient::new(client(PATIENT).unwrap(), stand_in.server.url.clone());
        Self::over(stand_in, Some(Arc::new(members)), limits)
    }

    fn over(
        stand_in: StandIn,
        directory: Option<Arc<dyn MemberDirectory>>,
        limits: PartLimits,
    ) -> Self {
        let metrics = Metrics::new().unwrap();
        let orders = OrderClient::new(
            client(PATIENT).unwrap(),
            stand_in.server.url.clone(),
            chrono_tz::Asia::Seoul,
        );
        let counted = MyPageMetrics::new(&metrics).unwrap();
        let parts = GuardedParts::new(directory, Arc::new(orders), limits, &counted);
        let mut front = Front::open();
        front.shop.my_page = Arc::new(parts.unwrap());
        Self {
            front,
            stand_in,
            metrics,
        }
    }

    async fn get(&self) -> Reply {
        let request = TestRequest::get().uri("/open-api/my-page");
        self.front
            .send(request.insert_header(("X-Member-Id", "kim.minji")))
            .await
    }

    fn assert_told(&self, line: &str) {
        let text = self.metrics.render().unwrap();
        assert!(text.lines().any(|told| told == line), "{line} in {text}");
    }
}

/// The parts' statuses, in the page's order.
fn statuses(reply: &Reply) -> [&str; 4] {
    ["profile", "orders", "coupons", "products"]
        .map(|part| reply.body[part]["status"].as_str().unwrap())
}

mod parts {
    use super::*;

    #[actix::test]
    async fn make_a_complete_page_when_all_are_there() {
        let reply = Page::with(each(ROOMY)).get().await;

        assert_eq!(reply.status, 200);
        assert_eq!(reply.header(COMPLETE), Some("true"));
        assert_eq!(reply.header(CACHE_CONTROL), Some("no-store"));
        let coupon = json!({
            "couponId": 7, "name": "가을", "kind": "FIXED", "amount": {"amount": 3000},
            "minimumTotal": {"amount": 0}, "validUntil": "2027-01-01T09:00:00+09:00",
        });
        let expected = json!({
            "memberId": "kim.minji",
            "profile": {"status": "ok", "data": {
                "memberId": "kim.minji", "name": "김민지", "email": "minji@example.com"}},
            "orders": {"status": "ok", "data": [
                {"orderNum": "1", "orderLineList": [], "status": "COMPLETE"}]},
            "coupons": {"status": "ok", "data": [coupon]},
            "products": {"status": "ok", "data": [
                {"productId": 9, "name": "우산", "itemList": []}]},
        });
        assert_eq!(reply.body, expected);
    }

    #[actix::test]
    async fn are_all_asked_for_at_the_same_time() {
        let page = Page::with(each(ROOMY));
        for path in ALL {
            page.stand_in.conduct(path, Conduct::WithAllOthers);
        }
        assert_eq!(statuses(&page.get().await), ["ok"; 4]);
    }

    #[actix::test]
    async fn have_a_profile_without_data_when_the_member_service_does_not_know_the_member() {
        let page = Page::with(each(ROOMY));
        page.stand_in.conduct(PROFILE, Conduct::Failing(404));

        let reply = page.get().await;

        assert_eq!(reply.body["profile"], json!({"status": "ok", "data": null}));
        assert_eq!(reply.header(COMPLETE), Some("true"));
    }

    #[actix::test]
    async fn that_fail_are_unavailable_without_data_and_leave_the_others_alone() {
        for path in ALL {
            let page = Page::with(each(ROOMY));
            page.stand_in.conduct(path, Conduct::Failing(500));

            let reply = page.get().await;

            assert_eq!((reply.status, reply.header(COMPLETE)), (200, Some("false")));
            let expected = ALL.map(|other| if other == path { "unavailable" } else { "ok" });
            assert_eq!(statuses(&reply), expected);
            let away: Vec<&Value> = reply
                .body
                .as_object()
                .unwrap()
                .values()
                .filter(|part| part["status"] == "unavailable")
                .collect();
            assert_eq!(away, [&json!({"status": "unavailable"})]);
        }
    }

    #[actix::test]
    async fn lack_the_profile_when_there_is_no_member_service() {
        let page = Page::over(StandIn::start(), None, each(ROOMY));
        for _ in 0..4 {
            let reply = page.get().await;
            assert_eq!(statuses(&reply), ["unavailable", "ok", "ok", "ok"]);
            assert_eq!(reply.header(COMPLETE), Some("false"));
        }
    }
}

mod requests {
    use super::*;

    #[actix::test]
    async fn without_a_valid_member_get_400_and_ask_no_peer() {
        let page = Page::with(each(ROOMY));
        let nobody = page.front.get("/open-api/my-page").await;
        assert_eq!(nobody.problem(), (400, -705, "INVALID_MEMBER_ID"));
        for member in ["", "a/b", "..", &"m".repeat(65)] {
            let request = TestRequest::get()
                .uri("/open-api/my-page")
                .insert_header(("X-Member-Id", member));
            let reply = page.front.send(request).await;
            assert_eq!(
                reply.problem(),
                (400, -705, "INVALID_MEMBER_ID"),
                "{member}"
            );
        }
        assert_eq!(ALL.map(|path| page.stand_in.asked(path)), [0; 4]);
    }

    #[actix::test]
    async fn get_503_when_no_part_is_there() {
        let page = Page::with(each(ROOMY));
        for path in ALL {
            page.stand_in.conduct(path, Conduct::Failing(503));
        }
        let reply = page.get().await;
        assert_eq!(reply.problem(), (503, -701, "MY_PAGE_UNAVAILABLE"));
        assert_eq!(reply.header(RETRY_AFTER), Some("1"));
    }
}

mod breakers {
    use super::*;

    fn with_products(status: &str) -> [&str; 4] {
        ["ok", "ok", "ok", status]
    }

    /// A page whose breaker of products has just opened, and is open for so long.
    async fn opened(open_for: Duration) -> Page {
        let page = Page::with(brisk_products(open_for));
        page.stand_in.conduct(PRODUCTS, Conduct::Silent);
        for _ in 0..2 {
            let reply = page.get().await;
            assert_eq!(statuses(&reply), with_products("timeout"));
        }
        page
    }

    #[actix::test]
    async fn ask_no_peer_while_they_are_open_even_when_it_is_back() {
        let page = opened(PATIENT).await;
        page.assert_told("my_page_breaker_state{part=\"products\"} 2");
        page.stand_in
            .conduct(PRODUCTS, Conduct::After(Duration::ZERO));
        let asked = page.stand_in.asked(PRODUCTS);

        let reply = page.get().await;

        assert_eq!(statuses(&reply), with_products("open"));
        assert_eq!(reply.header(COMPLETE), Some("false"));
        assert_eq!(page.stand_in.asked(PRODUCTS), asked);
        page.assert_told("my_page_breaker_state{part=\"orders\"} 0");
    }

    #[actix::test]
    async fn close_when_the_peer_is_back() {
        let page = opened(Duration::ZERO).await;
        page.stand_in
            .conduct(PRODUCTS, Conduct::After(Duration::ZERO));

        let healed = page.get().await;

        assert_eq!(statuses(&healed), with_products("ok"));
        assert_eq!(healed.header(COMPLETE), Some("true"));
        page.assert_told("my_page_breaker_state{part=\"products\"} 0");
        for (outcome, count) in [("timeout", 2), ("ok", 1)] {
            page.assert_told(&format!(
                "my_page_part_duration_seconds_count{{outcome=\"{outcome}\",part=\"products\"}} {count}"
            ));
        }
    }

    #[actix::test]
    async fn let_one_call_find_out_whether_the_peer_is_back_while_no_other_waits() {
        let page = opened(Duration::ZERO).await;
        let asked = page.stand_in.asked(PRODUCTS);

        let (one, other) = join(page.get(), page.get()).await;

        let mut told = [&one, &other].map(|reply| statuses(reply)[3]);
        told.sort_unstable();
        assert_eq!(told, ["open", "timeout"]);
        assert_eq!(page.stand_in.asked(PRODUCTS), asked + 1);
    }

    #[actix::test]
    async fn let_the_next_call_find_out_when_the_client_of_the_first_one_hangs_up() {
        let page = opened(Duration::ZERO).await;
        let left = timeout(SHORT / 4, page.get()).await;
        assert!(left.is_err(), "the client hangs up before the deadline");
        page.stand_in
            .conduct(PRODUCTS, Conduct::After(Duration::ZERO));

        assert_eq!(statuses(&page.get().await), with_products("ok"));
    }

    #[actix::test]
    async fn stay_closed_while_failures_are_not_in_a_row() {
        let page = Page::with(brisk_products(PATIENT));
        for _ in 0..3 {
            page.stand_in.conduct(PRODUCTS, Conduct::Failing(500));
            assert_eq!(statuses(&page.get().await), with_products("unavailable"));
            page.stand_in
                .conduct(PRODUCTS, Conduct::After(Duration::ZERO));
            assert_eq!(statuses(&page.get().await), with_products("ok"));
        }
    }
}
