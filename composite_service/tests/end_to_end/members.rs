//! Orders of members: whose they are, and how they are listed.

use crate::Behaviour;
use crate::mall::{Answer, Mall, basket, paid_basket, payment_key};

pub(crate) const BEHAVIOURS: &[Behaviour] = &[
    ("members::orders::listed_newest_first_in_pages", listed),
    (
        "members::idempotency_key::belongs_to_one_member",
        keys_of_members,
    ),
];

/// A member that no other test is.
fn new_member() -> String {
    payment_key("member")
}

fn numbers(page: &Answer) -> Vec<String> {
    let orders = page.body.as_array().unwrap_or_else(|| panic!("{page:?}"));
    orders
        .iter()
        .map(|order| order["orderNum"].as_str().unwrap().to_owned())
        .collect()
}

fn listed(mall: &Mall) {
    let (member, other, item) = (new_member(), new_member(), mall.new_item(100));
    let mut bought = Vec::new();
    for nth in 0..5 {
        let wish = match nth {
            0 => paid_basket(&[(item, 1)], "pay", 12_000),
            1 => paid_basket(&[(item, 1)], "decline", 12_000),
            _ => basket(&[(item, 1)]),
        };
        let answer = mall.run(mall.buy_as(&member, &wish, &payment_key("order")));
        bought.insert(0, answer.order_num());
        mall.run(mall.buy_as(&other, &basket(&[(item, 1)]), &payment_key("order")));
        mall.run(mall.buy(&basket(&[(item, 1)])));
    }

    let (mut found, mut pages) = (Vec::new(), Vec::new());
    let mut next = Some("?limit=2".to_owned());
    while let Some(query) = next {
        let page = mall.run(mall.get_as(&member, &format!("/open-api/order{query}")));
        assert_eq!(page.status, 200, "{page:?}");
        found.extend(numbers(&page));
        next = page.headers.get("link").map(|link| {
            let link = link.to_str().unwrap().strip_prefix('<').unwrap();
            link.strip_suffix(">; rel=\"next\"").unwrap().to_owned()
        });
        pages.push(page);
    }

    assert_eq!(found, bought);
    assert_eq!(pages.len(), 3);
    let oldest = &pages[2].body[0];
    assert_eq!(oldest["status"], "COMPLETE");
    assert_eq!(pages[1].body[1]["rejectReason"], "PAYMENT_DECLINED");
    for secret in ["payment", "requestId", "memberId"] {
        assert!(oldest.get(secret).is_none(), "{oldest}");
    }
    let others = mall.run(mall.get_as(&other, "/open-api/order"));
    assert_eq!(numbers(&others).len(), 5);
    assert!(
        numbers(&others)
            .iter()
            .all(|number| !bought.contains(number))
    );
    let strangers = mall.run(mall.get_as(&new_member(), "/open-api/order"));
    assert_eq!((strangers.status, numbers(&strangers).len()), (200, 0));
    mall.run(mall.get("/open-api/order"))
        .assert_problem(400, "INVALID_MEMBER_ID");
    mall.run(mall.get_as(&member, "/open-api/order?after=nowhere"))
        .assert_problem(400, "MALFORMED_REQUEST");
}

fn keys_of_members(mall: &Mall) {
    let (member, item, key) = (new_member(), mall.new_item(10), payment_key("key"));
    let wish = basket(&[(item, 1)]);
    let first = mall.run(mall.buy_as(&member, &wish, &key));
    first.assert_order("CREATED");

    let again = mall.run(mall.buy_as(&member, &wish, &key));
    assert_eq!(again.order_num(), first.order_num());
    assert_eq!(again.headers["idempotent-replayed"], "true");
    mall.run(mall.buy_as(&new_member(), &wish, &key))
        .assert_problem(422, "IDEMPOTENCY_KEY_REUSED");
    mall.run(mall.buy_with_key(&wish, &key))
        .assert_problem(422, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(mall.stock(item), 9);
}
