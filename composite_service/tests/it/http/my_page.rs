//! `GET /open-api/my-page`, over real HTTP from a server in the place of those who have the parts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::header::{CACHE_CONTROL, HeaderName, RETRY_AFTER};
use actix_web::test::TestRequest;
use composite_service::metrics::MyPageMetrics;
use composite_service::outbound::guard::Limits;
use composite_service::outbound::guarded_parts::GuardedParts;
use composite_service::outbound::http::client;
use composite_service::outbound::http::member_client::MemberClient;
use composite_service::outbound::http::order_client::OrderClient;
use composite_service::ports::member_directory::MemberDirectory;
use futures_util::future::join;
use serde_json::{Value, json};
use shared::metrics::Metrics;
use tokio::time::{sleep, timeout};

use super::front::{Front, Reply, each};
use crate::stand_in::{ALL, Conduct, ORDERS, PRODUCTS, PROFILE, StandIn};

const PATIENT: Duration = Duration::from_secs(20);
const AT_ONCE: Duration = Duration::from_millis(500);
const COMPLETE: HeaderName = HeaderName::from_static("x-my-page-complete");

/// Breakers that open after two failures, for a while that no busy machine takes between two steps of a test.
const BRISK: Limits = Limits {
    deadline: Duration::from_millis(800),
    failures: 2,
    open_for: Duration::from_millis(2_000),
};
const ROOMY: Limits = Limits {
    deadline: PATIENT,
    failures: 5,
    open_for: PATIENT,
};

/// The API, and who has the parts.
struct Page {
    front: Front,
    stand_in: StandIn,
    metrics: Metrics,
}

impl Page {
    fn with(limits: Limits) -> Self {
        let stand_in = StandIn::start();
        let members = MemberClient::new(client(PATIENT).unwrap(), stand_in.server.url.clone());
        Self::over(stand_in, Some(Arc::new(members)), limits)
    }

    fn over(
        stand_in: StandIn,
        directory: Option<Arc<dyn MemberDirectory>>,
        limits: Limits,
    ) -> Self {
        let metrics = Metrics::new().unwrap();
        let orders = OrderClient::new(client(PATIENT).unwrap(), stand_in.server.url.clone());
        let counted = MyPageMetrics::new(&metrics).unwrap();
        let parts = GuardedParts::new(directory, Arc::new(orders), each(limits), &counted);
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

    /// The page, and how long it took.
    async fn timed(&self) -> (Reply, Duration) {
        let begin = Instant::now();
        let reply = self.get().await;
        (reply, begin.elapsed())
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
    async fn given_all_parts_then_the_page_has_them_and_says_that_it_is_complete() {
        let reply = Page::with(ROOMY).get().await;

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
    async fn given_parts_of_one_and_of_two_seconds_then_the_page_takes_two_and_not_three() {
        let page = Page::with(ROOMY);
        let seconds = |seconds| Conduct::After(Duration::from_secs(seconds));
        page.stand_in.conduct(PROFILE, seconds(1));
        page.stand_in.conduct(ORDERS, seconds(2));

        let (reply, took) = page.timed().await;

        assert_eq!(statuses(&reply), ["ok"; 4]);
        let about_two = Duration::from_secs(2)..Duration::from_millis(2_900);
        assert!(about_two.contains(&took), "{took:?}");
    }

    #[actix::test]
    async fn given_a_member_whom_the_member_service_does_not_know_then_the_profile_is_there_and_says_so()
     {
        let page = Page::with(ROOMY);
        page.stand_in.conduct(PROFILE, Conduct::Failing(404));

        let reply = page.get().await;

        assert_eq!(reply.body["profile"], json!({"status": "ok", "data": null}));
        assert_eq!(reply.header(COMPLETE), Some("true"));
    }

    #[actix::test]
    async fn given_a_part_that_fails_then_it_alone_is_unavailable_and_has_no_data() {
        for path in ALL {
            let page = Page::with(ROOMY);
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
    async fn given_no_member_service_then_the_profile_is_unavailable_however_often_it_is_asked_for()
    {
        let page = Page::over(StandIn::start(), None, BRISK);
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
    async fn given_no_member_or_what_can_be_none_then_it_is_a_bad_request_and_nobody_is_asked() {
        let page = Page::with(ROOMY);
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
    async fn given_no_part_at_all_then_the_page_is_unavailable() {
        let page = Page::with(ROOMY);
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

    /// A page whose breaker of products has just opened.
    async fn opened() -> Page {
        let page = Page::with(BRISK);
        page.stand_in.conduct(PRODUCTS, Conduct::Silent);
        for _ in 0..BRISK.failures {
            let (reply, took) = page.timed().await;
            assert_eq!(statuses(&reply), with_products("timeout"));
            let in_time = BRISK.deadline..BRISK.deadline + AT_ONCE;
            assert!(in_time.contains(&took), "{took:?}");
        }
        page
    }

    #[actix::test]
    async fn given_a_silent_part_then_the_page_waits_its_deadline_then_not_at_all_and_is_whole_when_the_part_is_back()
     {
        let page = opened().await;
        page.assert_told("my_page_breaker_state{part=\"products\"} 2");

        // Nobody is asked while the breaker is open, not even when the part is back.
        page.stand_in
            .conduct(PRODUCTS, Conduct::After(Duration::ZERO));
        let asked = page.stand_in.asked(PRODUCTS);
        let (reply, took) = page.timed().await;
        assert_eq!(statuses(&reply), with_products("open"));
        assert_eq!(reply.header(COMPLETE), Some("false"));
        assert!(took < AT_ONCE, "{took:?}");
        assert_eq!(page.stand_in.asked(PRODUCTS), asked);

        sleep(BRISK.open_for).await;
        let healed = page.get().await;
        assert_eq!(statuses(&healed), with_products("ok"));
        assert_eq!(healed.header(COMPLETE), Some("true"));
        page.assert_told("my_page_breaker_state{part=\"products\"} 0");
        for (outcome, count) in [("timeout", 2), ("open", 1), ("ok", 1)] {
            page.assert_told(&format!(
                "my_page_part_duration_seconds_count{{outcome=\"{outcome}\",part=\"products\"}} {count}"
            ));
        }
        page.assert_told("my_page_breaker_state{part=\"orders\"} 0");
    }

    #[actix::test]
    async fn given_a_part_that_stays_away_then_one_call_in_a_while_finds_out_and_no_other_waits() {
        let page = opened().await;
        sleep(BRISK.open_for).await;
        let asked = page.stand_in.asked(PRODUCTS);

        let ((one, _), (other, _)) = join(page.timed(), page.timed()).await;

        let mut told = [&one, &other].map(|reply| statuses(reply)[3]);
        told.sort_unstable();
        assert_eq!(told, ["open", "timeout"]);
        assert_eq!(page.stand_in.asked(PRODUCTS), asked + 1);
        let (reply, took) = page.timed().await;
        assert_eq!(statuses(&reply), with_products("open"));
        assert!(took < AT_ONCE, "{took:?}");
    }

    #[actix::test]
    async fn given_a_shopper_who_leaves_while_his_call_finds_out_then_the_next_one_does() {
        let page = opened().await;
        sleep(BRISK.open_for).await;
        let left = timeout(BRISK.deadline / 4, page.get()).await;
        assert!(left.is_err(), "he has left before the deadline");
        page.stand_in
            .conduct(PRODUCTS, Conduct::After(Duration::ZERO));

        assert_eq!(statuses(&page.get().await), with_products("ok"));
    }

    #[actix::test]
    async fn given_failures_that_are_not_in_a_row_then_the_breaker_stays_closed() {
        let page = Page::with(BRISK);
        for _ in 0..3 {
            page.stand_in.conduct(PRODUCTS, Conduct::Failing(500));
            assert_eq!(statuses(&page.get().await), with_products("unavailable"));
            page.stand_in
                .conduct(PRODUCTS, Conduct::After(Duration::ZERO));
            assert_eq!(statuses(&page.get().await), with_products("ok"));
        }
    }
}
