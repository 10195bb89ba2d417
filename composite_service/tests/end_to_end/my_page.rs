//! A member's page over the whole mall: what is on it, and what it does when those who have its parts are slow or away.

use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::mall::{Answer, Mall, basket, payment_key};

const PATH: &str = "/open-api/my-page";
const MEMBER: &str = "minji";
/// What the profile is waited for, and what a page on a busy machine may take besides.
const DEADLINE: Duration = Duration::from_millis(1_500);
const SLACK: Duration = Duration::from_millis(1_200);

pub(crate) fn trials() -> Vec<Trial> {
    [
        (
            "given_what_a_member_does_then_his_page_shows_it",
            shows as fn(),
        ),
        (
            "given_a_silent_member_service_then_the_page_waits_its_deadline_then_not_at_all_until_it_is_back",
            silence,
        ),
        (
            "given_nobody_who_has_any_part_then_503_and_the_page_is_whole_when_all_are_back",
            nobody,
        ),
    ]
    .into_iter()
    .map(|(name, test)| {
        Trial::test(format!("my_page::{name}"), move || {
            test();
            Ok(())
        })
    })
    .collect()
}

fn mall() -> Mall {
    Mall::start(|builder| {
        let deadline = DEADLINE.as_millis().to_string();
        builder.composite_env = vec![("MY_PAGE_PROFILE_MS".to_owned(), deadline)];
    })
}

/// The page, and how long it took.
fn page(mall: &Mall) -> (Answer, Duration) {
    let begin = Instant::now();
    let page = mall.run(mall.get_as(MEMBER, PATH));
    (page, begin.elapsed())
}

fn statuses(page: &Answer) -> [&str; 4] {
    ["profile", "orders", "coupons", "products"].map(|part| {
        page.body[part]["status"]
            .as_str()
            .unwrap_or_else(|| panic!("{page:?}"))
    })
}

fn is_complete(page: &Answer) -> bool {
    page.headers
        .get("x-my-page-complete")
        .is_some_and(|told| told == "true")
}

fn ids(page: &Answer, part: &str, member: &str) -> Vec<Value> {
    let data = page.body[part]["data"].as_array();
    data.unwrap_or_else(|| panic!("{page:?}"))
        .iter()
        .map(|one| one[member].clone())
        .collect()
}

fn shows() {
    let mall = mall();
    let (item, coupon) = (mall.new_item(10), mall.new_coupon(3_000));
    mall.sql("INSERT INTO products VALUES (2, '다른 상품')");
    mall.sql("INSERT INTO items VALUES (2, 2, '다른 물건', 12000, 1)");

    let (before, _) = page(&mall);
    assert_eq!(statuses(&before), ["ok"; 4]);
    assert!(is_complete(&before));
    let profile = json!({"memberId": MEMBER, "name": "김민지", "email": "minji@example.com"});
    assert_eq!(before.body["profile"]["data"], profile);
    assert_eq!(before.body["orders"]["data"], json!([]));
    assert_eq!(ids(&before, "coupons", "couponId"), [json!(coupon)]);
    assert_eq!(ids(&before, "products", "productId"), [json!(2), json!(1)]);

    let mut wish = basket(&[(item, 1)]);
    wish["couponId"] = json!(coupon);
    let order = mall.run(mall.buy_as(MEMBER, &wish, &payment_key("order")));
    order.assert_order("CREATED");

    let (after, _) = page(&mall);
    assert_eq!(
        ids(&after, "orders", "orderNum"),
        [json!(order.order_num())]
    );
    assert_eq!(after.body["coupons"]["data"], json!([]));
    assert_eq!(ids(&after, "products", "productId"), [json!(2)]);
    let strangers = mall.run(mall.get_as("nobody-known", PATH));
    assert_eq!(
        strangers.body["profile"],
        json!({"status": "ok", "data": null})
    );
    assert_eq!(strangers.body["orders"]["data"], json!([]));
    assert!(is_complete(&strangers));
    mall.run(mall.get(PATH))
        .assert_problem(400, "INVALID_MEMBER_ID");
}

fn silence() {
    let mut mall = mall();
    assert!(is_complete(&page(&mall).0));
    mall.stack.members.pause().expect("a pause");

    // The first failure may come with a connection that is still open, the others with new ones: all wait alike.
    let mut waited = 0;
    let (open, took) = loop {
        let (answer, took) = page(&mall);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(!is_complete(&answer));
        assert_eq!(statuses(&answer)[1..], ["ok"; 3]);
        match statuses(&answer)[0] {
            "timeout" => {
                assert!((DEADLINE..DEADLINE + SLACK).contains(&took), "{took:?}");
                waited += 1;
            }
            _ => break (answer, took),
        }
    };
    assert_eq!((statuses(&open)[0], waited), ("open", 5));
    assert!(open.body["profile"].get("data").is_none());
    assert!(took < SLACK, "{took:?}");
    let metrics = mall.run(mall.get_from(&format!(
        "{}/metrics",
        mall.stack.composites[0].internal_url()
    )));
    let told = metrics.body.as_str().unwrap();
    assert!(
        told.contains("my_page_breaker_state{part=\"profile\"} 2"),
        "{told}"
    );
    eprintln!("my page: {waited} pages waited for a silent profile, the next took {took:?}");

    mall.stack.members.resume().expect("a resumption");
    until_complete(&mall);
}

fn nobody() {
    let mut mall = mall();
    mall.stack.members.kill_9().expect("a kill");
    mall.stack.order_services[0].kill_9().expect("a kill");
    let (away, _) = page(&mall);
    away.assert_problem(503, "MY_PAGE_UNAVAILABLE");
    assert!(away.headers.contains_key("retry-after"));

    mall.stack.members.restart().expect("a restart");
    mall.stack.order_services[0].restart().expect("a restart");
    until_complete(&mall);
}

fn until_complete(mall: &Mall) {
    let begin = Instant::now();
    loop {
        let (answer, _) = page(mall);
        if is_complete(&answer) {
            assert_eq!(statuses(&answer), ["ok"; 4]);
            return;
        }
        assert!(begin.elapsed() < Duration::from_secs(40), "{answer:?}");
        std::thread::sleep(Duration::from_millis(200));
    }
}
