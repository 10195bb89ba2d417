//! Refunds of paid orders.

use order_service::domain::order::Idempotency;
use order_service::domain::refund::{Pieces, RefundOutcome, RefundState};
use order_service::domain::refunding::begin;
use shared::money::Money;

use super::*;

/// A paid order of three apples and a thread, with the coupon.
fn paid(store: &dyn OrderStore) -> Arc<Order> {
    let wish = OrderDraft {
        coupon: Some(COUPON),
        ..draft(1, &[(APPLE, 3), (THREAD, 1)])
    };
    let order = applied(store, open(wish));
    applied(store, complete(&order, "key"))
}

fn begun(store: &dyn OrderStore, order: &Arc<Order>, pieces: Option<&[Pieces]>) -> Arc<Order> {
    let idempotency = Idempotency {
        // As a shopper may write it, and as SQL must not read it.
        key: format!("cancel \\' \"{}\"", order.revision)
            .parse()
            .unwrap(),
        fingerprint: "f".parse().unwrap(),
    };
    let refund = begin(order, pieces, &idempotency, now()).unwrap().unwrap();
    let begins = Transition::BeginRefund {
        order: Arc::clone(order),
        refund,
        review_at: now() + TimeDelta::seconds(60),
    };
    applied(store, begins)
}

fn ended(
    store: &dyn OrderStore,
    order: &Arc<Order>,
    refund: u16,
    outcome: RefundOutcome,
) -> Arc<Order> {
    let ends = Transition::EndRefund {
        order: Arc::clone(order),
        refund,
        outcome,
    };
    applied(store, ends)
}

fn assert_stored(store: &dyn OrderStore, order: &Arc<Order>) {
    let stored = store.load(&order.number).unwrap();
    assert_eq!(stored.as_ref(), Some(order.as_ref()));
}

pub(super) fn are_kept_with_their_order_and_give_its_pieces_back_when_they_are_done(
    world: &impl StoreWorld,
) {
    let store = world.store();
    let before = (world.stock(APPLE), world.stock(THREAD));
    let order = paid(&*store);
    let one = [Pieces {
        line: 1,
        quantity: 1,
    }];
    let begun_one = begun(&*store, &order, Some(&one));
    assert_stored(&*store, &begun_one);
    assert_eq!(world.stock(APPLE), before.0 - 3);

    let without_one = ended(&*store, &begun_one, 1, RefundOutcome::Done);
    assert_stored(&*store, &without_one);
    assert_eq!(
        (world.stock(APPLE), world.holder(COUPON)),
        (before.0 - 2, Some(number(1)))
    );

    let begun_rest = begun(&*store, &without_one, None);
    let empty = ended(&*store, &begun_rest, 2, RefundOutcome::Done);
    assert_stored(&*store, &empty);
    assert_eq!((world.stock(APPLE), world.stock(THREAD)), before);
    assert_eq!(world.holder(COUPON), None);
    let amounts = empty.refunds.iter().map(|refund| refund.amount);
    let sum = amounts.fold(Money::ZERO, |sum, amount| sum.checked_add(amount).unwrap());
    assert_eq!(sum, empty.final_price);
}

pub(super) fn that_were_refused_give_nothing_back(world: &impl StoreWorld) {
    let store = world.store();
    let order = paid(&*store);
    let held = (world.stock(APPLE), world.holder(COUPON));
    let begun = begun(&*store, &order, None);
    let refused = ended(&*store, &begun, 1, RefundOutcome::Refused);
    assert_stored(&*store, &refused);
    assert_eq!(refused.refunds[0].state, RefundState::Refused);
    assert_eq!((world.stock(APPLE), world.holder(COUPON)), held);
}

pub(super) fn are_due_for_review_until_they_end(world: &impl StoreWorld) {
    let store = world.store();
    let due = || -> Vec<Order> {
        let at = now() + TimeDelta::minutes(1);
        world.reviews().due(at, None, 10).unwrap().orders
    };
    let order = paid(&*store);
    assert_eq!(due(), []);
    let begun = begun(&*store, &order, None);
    assert_eq!(due(), [begun.as_ref().clone()]);
    ended(&*store, &begun, 1, RefundOutcome::Done);
    assert_eq!(due(), []);
}
