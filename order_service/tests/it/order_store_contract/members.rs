//! The orders of members.

use super::*;
use order_service::ports::member_orders::OrderCursor;
use shared::order_number::OrderNumber;

/// An apple for a member, so many seconds after all others.
fn of(name: &str, digits: u64, seconds: i64) -> Transition {
    let apple = draft(digits, &[(APPLE, 1)]);
    open(OrderDraft {
        member: Some(member(name)),
        placed_at: apple.placed_at + TimeDelta::seconds(seconds),
        ..apple
    })
}

fn numbers(orders: &[Order]) -> Vec<OrderNumber> {
    orders.iter().map(|order| order.number.clone()).collect()
}

pub(in crate::order_store_contract) fn have_their_own_orders_newest_first(world: &impl StoreWorld) {
    let store = world.store();
    let batch = [
        of("kim", 9, 0),
        of("lee", 2, 1),
        of("kim", 3, 2),
        open(draft(4, &[(APPLE, 1)])),
        of("Kim", 5, 3),
        of("kim", 6, 2),
    ];
    let orders = all_applied(apply(&*store, &batch));
    let listed = |name| {
        world
            .member_orders()
            .of_member(&member(name), None, 10)
            .unwrap()
    };

    // Two of one time come by their numbers.
    assert_eq!(numbers(&listed("kim")), [6, 3, 9].map(number));
    assert_eq!(listed("lee"), [orders[1].as_ref().clone()]);
    assert_eq!(numbers(&listed("Kim")), [number(5)]);
    assert_eq!(listed("nobody"), []);
}

pub(in crate::order_store_contract) fn get_their_orders_page_by_page_each_once(
    world: &impl StoreWorld,
) {
    let store = world.store();
    // Pairs of one time, and pages that end within a pair.
    let batch: Vec<_> = (1..=7)
        .map(|nth| of("kim", 1_000 + nth, i64::try_from(nth).unwrap() / 2))
        .chain([of("lee", 1, 1)])
        .collect();
    all_applied(apply(&*store, &batch));
    let (mut found, mut after): (Vec<Order>, _) = (Vec::new(), None);
    for count in [2, 2, 2, 1, 0] {
        let page = world
            .member_orders()
            .of_member(&member("kim"), after.as_ref(), 2)
            .unwrap();
        assert_eq!(page.len(), count);
        after = page.last().map(OrderCursor::from).or(after);
        found.extend(page);
    }
    let newest_first: Vec<OrderNumber> = (1..=7).rev().map(|nth| number(1_000 + nth)).collect();
    assert_eq!(numbers(&found), newest_first);
    assert!(found.iter().all(|order| order.lines.len() == 1));
}

pub(in crate::order_store_contract) fn get_orders_as_they_stand(world: &impl StoreWorld) {
    let store = world.store();
    let order = applied(&*store, of("kim", 1, 0));
    let paid = applied(&*store, complete(&order, "key"));

    assert_eq!(paid.member, Some(member("kim")));
    let listed = world.member_orders().of_member(&member("kim"), None, 10);
    assert_eq!(listed.unwrap(), [paid.as_ref().clone()]);
}
