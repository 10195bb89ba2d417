//! Rows that somebody else holds: who does not want to wait leaves out what needs them, whole, and stores the rest.

use std::sync::Arc;

use order_service::domain::order::{Order, OrderDraft, OrderState};
use order_service::ports::order_store::{Fate, OrderStore, StoreError, StoreRow};
use shared::reason::Reason;

use super::concurrent_writers::at_once;
use super::{draft_with_coupon, draft_with_key};
use crate::harness::samples::*;
use crate::harness::stores::*;

fn is_stored(store: &dyn OrderStore, fate: &Fate) -> bool {
    match fate {
        Fate::Stored(order) => store.load(&order.number).unwrap().as_ref() == Some(order.as_ref()),
        Fate::Stale(_) | Fate::Held(_) | Fate::Failing(_) => false,
    }
}

pub(super) fn of_an_item_leave_its_orders_out_and_no_others(world: &impl StoreWorld) {
    let store = world.store();
    let (kept, ended) = (
        opened(&*store, 1, &[(APPLE, 1)]),
        opened(&*store, 2, &[(APPLE, 1)]),
    );
    let mut with_coupon = draft(5, &[(THREAD, 1_000_000), (APPLE, 1)]);
    with_coupon.coupon = Some(COUPON);
    let batch = [
        open(draft(3, &[(APPLE, 1)])),
        open(draft(4, &[(THREAD, 1)])),
        open(with_coupon),
        complete(&kept, "key"),
        reject(&ended),
        open(draft(6, &[])),
    ];
    let hold = world.hold(StoreRow::Item(APPLE));

    let fates = apply_what_is_free(&*store, &batch);

    let held = Fate::Held(StoreRow::Item(APPLE));
    for nth in [0, 2, 4] {
        assert_eq!(fates[nth], held, "{nth}");
    }
    for nth in [1, 3, 5] {
        assert!(is_stored(&*store, &fates[nth]), "{nth}");
    }
    assert_eq!(
        (
            world.stock(APPLE),
            world.stock(THREAD),
            world.holder(COUPON)
        ),
        (APPLES - 2, THREADS - 1, None)
    );
    assert_eq!(store.load(&number(5)).unwrap(), None);

    drop(hold);
    let left_out = [batch[0].clone(), batch[2].clone(), batch[4].clone()];
    let fates = apply_what_is_free(&*store, &left_out);
    assert!(fates.iter().all(|fate| is_stored(&*store, fate)));
    assert_eq!(
        (world.stock(APPLE), world.holder(COUPON)),
        (APPLES - 3, Some(number(5)))
    );
}

pub(super) fn of_a_coupon_leave_its_order_out(world: &impl StoreWorld) {
    let store = world.store();
    let other = OrderDraft {
        coupon: Some(PERCENT_COUPON),
        ..draft(2, &[(APPLE, 1)])
    };
    let hold = world.hold(StoreRow::Coupon(COUPON));

    let fates = apply_what_is_free(&*store, &[open(draft_with_coupon(1)), open(other)]);

    assert_eq!(fates[0], Fate::Held(StoreRow::Coupon(COUPON)));
    assert!(is_stored(&*store, &fates[1]));
    assert_eq!(
        (world.stock(APPLE), world.holder(COUPON)),
        (APPLES - 1, None)
    );

    drop(hold);
    let fates = apply_what_is_free(&*store, &[open(draft_with_coupon(1))]);
    assert!(is_stored(&*store, &fates[0]));
    assert_eq!(world.holder(COUPON), Some(number(1)));
}

pub(super) fn of_an_order_leave_its_move_out(world: &impl StoreWorld) {
    let store = world.store();
    let orders = [1, 2, 3].map(|digits| opened(&*store, digits, &[(APPLE, 1)]));
    let batch = [
        complete(&orders[0], "key"),
        reject(&orders[1]),
        complete(&orders[2], "key"),
    ];
    let hold = world.hold(StoreRow::Order(number(2)));

    let fates = apply_what_is_free(&*store, &batch);

    assert_eq!(fates[1], Fate::Held(StoreRow::Order(number(2))));
    assert!(is_stored(&*store, &fates[0]) && is_stored(&*store, &fates[2]));
    assert_eq!(
        world.stock(APPLE),
        APPLES - 3,
        "nothing of it is given back"
    );

    drop(hold);
    let fates = apply_what_is_free(&*store, &[reject(&orders[1])]);
    assert!(is_stored(&*store, &fates[0]));
    assert_eq!(world.stock(APPLE), APPLES - 2);
}

pub(super) fn of_an_order_do_not_hide_that_its_number_is_taken(world: &impl StoreWorld) {
    let store = world.store();
    let current = opened(&*store, 1, &[(APPLE, 1)]);
    let _hold = world.hold(StoreRow::Order(number(1)));

    let fates = apply_what_is_free(
        &*store,
        &[open(draft(1, &[(APPLE, 1)])), open(draft(2, &[(APPLE, 1)]))],
    );

    assert_eq!(fates[0], Fate::Stale(Some(current)));
    assert!(is_stored(&*store, &fates[1]));
    assert_eq!(world.stock(APPLE), APPLES - 2);
}

pub(super) fn are_told_from_missing_ones(world: &impl StoreWorld) {
    let store = world.store();
    let stored = opened(&*store, 1, &[(THREAD, 1)]);
    let imagined = Arc::new(Order {
        number: number(2),
        ..stored.as_ref().clone()
    });
    let with_coupon = |digits, coupon| OrderDraft {
        coupon: Some(coupon),
        ..draft(digits, &[(APPLE, 1)])
    };
    let batch = [
        open(draft(3, &[(NO_ITEM, 1)])),
        open(draft(4, &[(LAST_PIECE, 1), (NO_ITEM, 1)])),
        open(with_coupon(5, 404)),
        open(with_coupon(6, COUPON)),
        complete(&imagined, "key"),
        complete(&stored, "key"),
    ];
    let _holds = [
        StoreRow::Item(LAST_PIECE),
        StoreRow::Coupon(COUPON),
        StoreRow::Order(number(1)),
    ]
    .map(|row| world.hold(row));

    let fates = apply_what_is_free(&*store, &batch);

    let state = |fate: &Fate| match fate {
        Fate::Stored(order) => Some(order.state.clone()),
        Fate::Stale(_) | Fate::Held(_) | Fate::Failing(_) => None,
    };
    let rejected = |reason| Some(OrderState::Rejected(reason));
    assert_eq!(state(&fates[0]), rejected(Reason::UnknownItem));
    assert_eq!(fates[1], Fate::Held(StoreRow::Item(LAST_PIECE)));
    assert_eq!(state(&fates[2]), rejected(Reason::CouponUnknown));
    assert_eq!(fates[3], Fate::Held(StoreRow::Coupon(COUPON)));
    assert_eq!(fates[4], Fate::Stale(None));
    assert_eq!(fates[5], Fate::Held(StoreRow::Order(number(1))));
}

pub(super) fn are_told_from_stale_transitions(world: &impl StoreWorld) {
    let store = world.store();
    let [moved_on, kept, held] = [1, 2, 3].map(|digits| opened(&*store, digits, &[(THREAD, 1)]));
    let paid = applied(&*store, complete(&moved_on, "key"));
    let holder = applied(&*store, open(draft_with_key(4, "key")));
    let batch = [
        reject(&moved_on),
        complete(&kept, "key"),
        reject(&held),
        open(draft(4, &[(THREAD, 1)])),
        open(OrderDraft {
            lines: draft(5, &[(THREAD, 1)]).lines,
            ..draft_with_key(5, "key")
        }),
        open(draft(6, &[(APPLE, 1)])),
        open(draft(7, &[(THREAD, 1)])),
    ];
    let _holds = [StoreRow::Item(APPLE), StoreRow::Order(number(3))].map(|row| world.hold(row));

    let fates = apply_what_is_free(&*store, &batch);

    let conflict = |order: &Arc<Order>| Fate::Stale(Some(Arc::clone(order)));
    assert_eq!(fates[0], conflict(&paid));
    assert!(is_stored(&*store, &fates[1]));
    assert_eq!(fates[2], Fate::Held(StoreRow::Order(number(3))));
    assert_eq!(fates[3], conflict(&holder));
    assert_eq!(fates[4], conflict(&holder));
    assert_eq!(fates[5], Fate::Held(StoreRow::Item(APPLE)));
    assert!(is_stored(&*store, &fates[6]));
    assert_eq!(world.stock(THREAD), THREADS - 4);
}

pub(super) fn of_a_keys_order_do_not_hide_that_the_key_is_taken(world: &impl StoreWorld) {
    let store = world.store();
    let holder = applied(&*store, open(draft_with_key(1, "key")));
    let _hold = world.hold(StoreRow::Order(number(1)));

    let fates = apply_what_is_free(&*store, &[open(draft_with_key(2, "key"))]);

    assert_eq!(fates, [Fate::Stale(Some(holder))]);
}

pub(super) fn that_are_waited_for_in_vain_fail_the_batch(world: &impl StoreWorld) {
    let store = world.store();
    let _hold = world.hold(StoreRow::Item(APPLE));
    let batch = [
        open(draft(1, &[(THREAD, 1)])),
        open(draft(2, &[(APPLE, 1)])),
    ];

    let result = write_in_turn(&*store, &batch);

    assert!(matches!(&result, Err(StoreError::Held(_))), "{result:?}");
    assert_eq!(store.load(&number(1)).unwrap(), None);
    assert_eq!(world.stock(THREAD), THREADS);
}

pub(super) fn that_are_skipped_by_many_writers_sell_exactly_the_stock(world: &impl StoreWorld) {
    let sold = at_once(world, |store, writer| {
        let mut sold = 0;
        for nth in 0..30 {
            let batch = [open(draft(1_000 + 100 * writer + nth, &[(HOT[0], 1)]))];
            // Others hold the item for no longer than their batch takes.
            let outcome = loop {
                match write_what_is_free(store, &batch) {
                    Ok(mut fates) => match fates.remove(0) {
                        Fate::Held(row) => assert_eq!(row, StoreRow::Item(HOT[0])),
                        other => break other,
                    },
                    Err(error) => assert!(error.is_passing(), "{error}"),
                }
            };
            let order = all_applied(vec![outcome]).remove(0);
            sold += u32::from(order.state == OrderState::Created);
        }
        sold
    });

    assert_eq!(sold.iter().sum::<u32>(), HOT_STOCK);
    assert_eq!(world.stock(HOT[0]), 0);
}
