//! Prices without an order: what is told, and that nothing is taken or waited for.

use std::num::NonZeroU32;

use order_service::domain::order::Wish;
use order_service::domain::pending_limits::PendingLimits;
use order_service::domain::price::NotGranted;
use order_service::domain::quote::{Quote, quote};
use order_service::ports::order_store::StoreRow;

use super::*;

const UNLIMITED: PendingLimits = PendingLimits {
    orders: None,
    pieces: None,
};

fn quoted(
    world: &impl StoreWorld,
    limits: PendingLimits,
    wish: Wish<'_>,
) -> Result<Quote, NotGranted> {
    quote(&world.shelves(limits).shelf_for(wish).unwrap(), wish)
}

fn with_coupon(draft: OrderDraft, coupon: i64) -> OrderDraft {
    OrderDraft {
        coupon: Some(coupon),
        ..draft
    }
}

pub(in crate::order_store_contract) fn tell_what_the_order_then_costs(world: &impl StoreWorld) {
    let store = world.store();
    for draft in [
        draft(1, &[(APPLE, 1)]),
        draft(2, &[(APPLE, 1), (THREAD, 7), (APPLE, 2)]),
        with_coupon(draft(3, &[(APPLE, 1), (THREAD, 1)]), PERCENT_COUPON),
        with_coupon(draft(4, &[(HOT[0], 3)]), COUPON),
        with_coupon(draft(5, &[(APPLE, 1)]), COUPON),
        draft(6, &[(LAST_PIECE, 2)]),
        draft(7, &[(APPLE, 1), (NO_ITEM, 1)]),
        with_coupon(draft(8, &[(APPLE, 1)]), 404),
    ] {
        let told = quoted(world, UNLIMITED, draft.wish());
        let order = applied(&*store, open(draft.clone()));
        match told {
            Ok(quote) => {
                assert_eq!(order.state, OrderState::Created);
                assert_eq!(quote.price.total, order.total_price);
                assert_eq!(quote.price.to_pay(), order.final_price);
                assert_eq!(quote.lines, order.lines);
            }
            Err(why) => assert_eq!(order.state, OrderState::Rejected(why.reason())),
        }
    }
}

pub(in crate::order_store_contract) fn take_nothing_and_wait_for_nobody(world: &impl StoreWorld) {
    let _item = world.hold(StoreRow::Item(LAST_PIECE));
    let _coupon = world.hold(StoreRow::Coupon(COUPON));
    let last = with_coupon(draft(1, &[(LAST_PIECE, 1)]), COUPON);
    for _ in 0..3 {
        let quote = quoted(world, UNLIMITED, last.wish()).unwrap();
        assert_eq!(quote.price.to_pay(), money("0"));
        assert_eq!(quote.coupon_valid_until, Some(coupons()[0].valid_until));
    }
    assert_eq!((world.stock(LAST_PIECE), world.holder(COUPON)), (1, None));
}

pub(in crate::order_store_contract) fn count_what_a_member_has_pending(world: &impl StoreWorld) {
    let limits = PendingLimits {
        orders: NonZeroU32::new(1),
        pieces: None,
    };
    let store = world.limited(limits);
    let by_kim = OrderDraft {
        member: Some(member("kim")),
        ..draft(1, &[(APPLE, 1)])
    };
    assert!(quoted(world, limits, by_kim.wish()).is_ok());
    let pending = applied(&*store, open(by_kim.clone()));
    let why = quoted(world, limits, by_kim.wish()).unwrap_err();
    assert_eq!(why.reason(), Reason::TooManyPendingOrders);
    assert_eq!(why.retry_at(), Some(pending.pay_by));
    applied(&*store, complete(&pending, "key"));
    assert!(quoted(world, limits, by_kim.wish()).is_ok());
}
