//! A member's page over the whole mall: what is on it, and what happens when the services that have its parts are slow or away.

use std::thread::sleep;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::mall::{Answer, Mall, basket, payment_key};

const PATH: &str = "/open-api/my-page";
const MEMBER: &str = "minji";
/// How long the profile is waited for where nobody has one; a busy machine may need more for one that is there.
const SHORT_MS: &str = "700";
/// How many failures in a row open a breaker.
const FAILURES: usize = 5;
/// A breaker lets somebody try again after a while, and a busy machine starts a part slowly.
const RECOVERY: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(200);

pub(crate) fn trials() -> Vec<Trial> {
    [
        ("content::follows_what_the_member_does", shows as fn()),
        (
            "silent_member_service::asked_until_the_breaker_opens",
            silence,
        ),
        ("no_part::unavailable_until_all_are_back", nobody),
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

fn page(mall: &Mall) -> Answer {
    mall.run(mall.get_as(MEMBER, PATH))
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
    let mall = Mall::start(|_| {});
    let (item, coupon) = (mall.new_item(10), mall.new_coupon(3_000));
    mall.sql("INSERT INTO products VALUES (2, '다른 상품')");
    mall.sql("INSERT INTO items VALUES (2, 2, '다른 물건', 12000, 1)");

    let before = page(&mall);
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

    let after = page(&mall);
    assert_eq!(
        ids(&after, "orders", "orderNum"),
        [json!(order.order_num())]
    );
    assert_eq!(after.body["coupons"]["data"], json!([]));
    assert_eq!(ids(&after, "products", "productId"), [json!(2)]);
    let strangers = mall.run(mall.get_as("unknown", PATH));
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
    let mut mall = Mall::start(|builder| {
        let limit = ("MY_PAGE_PROFILE_MS".to_owned(), SHORT_MS.to_owned());
        builder.composite_env = vec![limit];
    });
    until_complete(&mall);
    mall.stack.members.pause().expect("a pause");

    // A paused process still accepts connections, so only the limit ends the wait, and only an open breaker says that nobody waited.
    for _ in 0..FAILURES {
        assert_eq!(without_profile(&page(&mall)), "timeout");
    }
    let open = page(&mall);
    assert_eq!(without_profile(&open), "open");
    assert!(open.body["profile"].get("data").is_none());
    let url = format!("{}/metrics", mall.stack.composites[0].internal_url());
    let metrics = mall.run(mall.get_from(&url));
    let metrics = metrics.body.as_str().unwrap();
    let state = r#"my_page_breaker_state{part="profile"} 2"#;
    assert!(metrics.contains(state), "{metrics}");

    mall.stack.members.resume().expect("a resumption");
    until_complete(&mall);
}

/// Why the profile is missing, on a page that has everything else.
fn without_profile(page: &Answer) -> &str {
    assert_eq!(page.status, 200, "{page:?}");
    assert!(!is_complete(page));
    let [profile, others @ ..] = statuses(page);
    assert_eq!(others, ["ok"; 3]);
    profile
}

fn nobody() {
    let mut mall = Mall::start(|_| {});
    mall.stack.members.kill_9().expect("a kill");
    mall.stack.order_services[0].kill_9().expect("a kill");
    let away = page(&mall);
    away.assert_problem(503, "MY_PAGE_UNAVAILABLE");
    assert!(away.headers.contains_key("retry-after"));

    mall.stack.members.restart().expect("a restart");
    mall.stack.order_services[0].restart().expect("a restart");
    until_complete(&mall);
}

fn until_complete(mall: &Mall) {
    let deadline = Instant::now() + RECOVERY;
    loop {
        let answer = page(mall);
        if is_complete(&answer) {
            assert_eq!(statuses(&answer), ["ok"; 4]);
            return;
        }
        assert!(Instant::now() < deadline, "{answer:?}");
        sleep(LOOK);
    }
}
