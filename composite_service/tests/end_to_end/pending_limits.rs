//! What a member may have pending, over the whole mall.

use libtest_mimic::Trial;
use serde_json::json;

use crate::mall::{Answer, Mall, basket, payment_key};

const MEMBER: &str = "minji";
/// The most that a pending order waits, in seconds.
const UNPAID_SECONDS: u64 = 30 * 60;

pub(crate) fn trials() -> Vec<Trial> {
    let test = || {
        a_member_buys_until_the_limit_and_again_after_paying();
        Ok(())
    };
    vec![Trial::test(
        "pending_limits::a_member_buys_until_the_limit_and_again_after_paying",
        test,
    )]
}

fn a_member_buys_until_the_limit_and_again_after_paying() {
    let mall = Mall::start(|builder| {
        let limits = [
            ("PENDING_ORDERS_PER_MEMBER", "3"),
            ("PENDING_PIECES_PER_MEMBER", "10"),
        ];
        let named = limits.map(|(name, value)| (name.to_owned(), value.to_owned()));
        builder.order_env.extend(named);
        builder.order_services = 2;
    });
    let item = mall.new_item(100);
    let buy = |key: &str, pieces| mall.run(mall.buy_as(MEMBER, &basket(&[(item, pieces)]), key));

    // Many at once: exactly as many as are allowed, whichever order service gets them.
    let placed = mall.run(async {
        let baskets: Vec<_> = (0..12).map(|_| basket(&[(item, 1)])).collect();
        let keys: Vec<_> = (0..12).map(|nth| format!("at-once-{nth}")).collect();
        let buying = baskets.iter().zip(&keys);
        let buying = buying.map(|(basket, key)| mall.buy_as(MEMBER, basket, key));
        futures_util::future::join_all(buying).await
    });
    let created: Vec<&Answer> = placed
        .iter()
        .filter(|answer| answer.status == 200)
        .collect();
    assert_eq!(created.len(), 3, "{placed:?}");
    for refused in placed.iter().filter(|answer| answer.status != 200) {
        refused.assert_problem(429, "TOO_MANY_PENDING_ORDERS");
        let wait = refused.headers["retry-after"].to_str().unwrap();
        assert!(
            (1..=UNPAID_SECONDS).contains(&wait.parse().unwrap()),
            "{wait}"
        );
        let told = format!("\"pending-orders\";r=0;t={wait}");
        assert_eq!(refused.headers["ratelimit"], told.as_str());
    }
    assert_eq!((mall.stock(item), mall.held(item)), (97, 3));

    // Another member and a guest are not refused.
    let others = mall.run(mall.buy_as("junho", &basket(&[(item, 1)]), "junhos"));
    others.assert_order("CREATED");
    mall.run(mall.buy(&basket(&[(item, 1)])))
        .assert_order("CREATED");

    // The same request with the same key, once an order is paid.
    buy("later", 1).assert_problem(429, "TOO_MANY_PENDING_ORDERS");
    let payment = json!({"paymentKey": payment_key("pay"), "amount": 12_000});
    let path = format!("{}/payment", created[0].location());
    mall.run(mall.post(&path, &payment))
        .assert_order("COMPLETE");
    buy("later", 1).assert_order("CREATED");

    // A declined payment ends an order, too; then there is room for pieces, but not for so many.
    let payment = json!({"paymentKey": payment_key("decline"), "amount": 12_000});
    let path = format!("{}/payment", created[1].location());
    mall.run(mall.post(&path, &payment))
        .assert_problem(402, "PAYMENT_DECLINED");
    buy("many", 9).assert_problem(429, "TOO_MANY_PENDING_PIECES");
    buy("fewer", 8).assert_order("CREATED");
    assert_eq!(mall.held(item), 2 + 1 + 1 + 1 + 8);
}
