//! What members may have pending, however many writers there are.

use std::num::NonZeroU32;

use order_service::domain::pending_limits::PendingLimits;
use order_service::ports::order_store::{OnHeldRow, StoreRow};

use super::concurrent_writers::at_once_on;
use super::*;

fn limits(orders: u32, pieces: u32) -> PendingLimits {
    PendingLimits {
        orders: NonZeroU32::new(orders),
        pieces: NonZeroU32::new(pieces),
    }
}

/// So many threads for a member, to be paid within `digits` minutes.
fn of(name: &str, digits: u32, pieces: i64) -> OrderDraft {
    let thread = draft(digits.into(), &[(THREAD, pieces)]);
    OrderDraft {
        member: Some(member(name)),
        pay_by: thread.placed_at + TimeDelta::minutes(digits.into()),
        ..thread
    }
}

/// What becomes of an order, and when another one may be placed.
fn outcome(store: &dyn OrderStore, draft: OrderDraft) -> (Option<Reason>, Option<i64>) {
    let order = applied(store, open(draft));
    let wait = order.retry_at().map(|at| (at - now()).num_minutes());
    match order.state {
        OrderState::Created => (None, wait),
        OrderState::Rejected(reason) => (Some(reason), wait),
        OrderState::Complete(_) => panic!("{order:?}"),
    }
}

const CREATED: (Option<Reason>, Option<i64>) = (None, None);

/// Refused until the order ends that is to be paid after so many minutes.
fn too_many_orders(minutes: i64) -> (Option<Reason>, Option<i64>) {
    (Some(Reason::TooManyPendingOrders), Some(minutes))
}

pub(in crate::order_store_contract) fn let_a_member_have_so_many_orders_and_no_more(
    world: &impl StoreWorld,
) {
    let store = world.limited(limits(2, 0));
    assert_eq!(outcome(&*store, of("kim", 20, 7)), CREATED);
    assert_eq!(outcome(&*store, of("kim", 10, 7)), CREATED);
    assert_eq!(outcome(&*store, of("kim", 30, 7)), too_many_orders(10));
    assert_eq!(world.stock(THREAD), THREADS - 14);
}

pub(in crate::order_store_contract) fn let_a_member_have_so_many_pieces_and_no_more(
    world: &impl StoreWorld,
) {
    let store = world.limited(limits(0, 9));
    let too_many = Some(Reason::TooManyPendingPieces);
    assert_eq!(outcome(&*store, of("kim", 1, 10)), (too_many, None));
    assert_eq!(outcome(&*store, of("kim", 20, 4)), CREATED);
    assert_eq!(outcome(&*store, of("kim", 3, 6)), (too_many, Some(20)));
    assert_eq!(outcome(&*store, of("kim", 4, 5)), CREATED);
    assert_eq!(outcome(&*store, of("kim", 5, 1)), (too_many, Some(4)));
    assert_eq!(world.stock(THREAD), THREADS - 9);
}

pub(in crate::order_store_contract) fn are_of_each_member_alone(world: &impl StoreWorld) {
    let store = world.limited(limits(1, 0));
    for (digits, name) in [(1, "kim"), (2, "lee"), (3, "Kim")] {
        assert_eq!(outcome(&*store, of(name, digits, 1)), CREATED, "{name}");
    }
    for digits in [4, 5] {
        let guest = OrderDraft {
            member: None,
            ..of("kim", digits, 1)
        };
        assert_eq!(outcome(&*store, guest), CREATED);
    }
}

pub(in crate::order_store_contract) fn make_room_when_an_order_is_paid_or_rejected(
    world: &impl StoreWorld,
) {
    let store = world.limited(limits(1, 0));
    let mut last = applied(&*store, open(of("kim", 10, 1)));
    for digits in [11, 13] {
        assert_eq!(
            outcome(&*store, of("kim", digits, 1)).0,
            too_many_orders(0).0
        );
        let end = match digits {
            11 => complete(&last, "key"),
            _ => reject(&last),
        };
        applied(&*store, end);
        last = applied(&*store, open(of("kim", digits + 1, 1)));
        assert_eq!(last.state, OrderState::Created);
    }
    // A payment that has begun is none that was made.
    applied(&*store, begin_payment(&last, "begun"));
    assert_eq!(outcome(&*store, of("kim", 15, 1)), too_many_orders(14));
}

pub(in crate::order_store_contract) fn hold_within_a_batch(world: &impl StoreWorld) {
    let store = world.limited(limits(2, 0));
    let batch: Vec<Transition> = [("kim", 1), ("lee", 2), ("kim", 3), ("kim", 4), ("lee", 5)]
        .map(|(name, digits)| open(of(name, digits, 1)))
        .into();
    let created: Vec<bool> = all_applied(apply(&*store, &batch))
        .iter()
        .map(|order| order.state == OrderState::Created)
        .collect();
    assert_eq!(created, [true, true, true, false, true]);
}

pub(in crate::order_store_contract) fn hold_when_many_writers_open_at_once(
    world: &impl StoreWorld,
) {
    let stores = [world.limited(limits(5, 0)), world.limited(limits(5, 0))];
    let created = at_once_on(&stores, |store, writer| {
        let batches = (0..4).map(|batch| {
            let opens: Vec<_> = (0..3_u32)
                .map(|nth| {
                    let digits = 1_000 + 100 * u32::try_from(writer).unwrap() + 10 * batch + nth;
                    let name = if nth == 1 { "lee" } else { "kim" };
                    open(of(name, digits, 1))
                })
                .collect();
            all_applied(apply(store, &opens))
        });
        batches.flatten().collect::<Vec<_>>()
    });
    let of_member = |name: &str| {
        let all = created.iter().flatten();
        all.filter(|order| order.member == Some(member(name)))
            .filter(|order| order.state == OrderState::Created)
            .count()
    };
    assert_eq!((of_member("kim"), of_member("lee")), (5, 5));
    assert_eq!(world.stock(THREAD), THREADS - 10);
}

pub(in crate::order_store_contract) fn leave_the_key_of_a_refused_order_free(
    world: &impl StoreWorld,
) {
    let store = world.limited(limits(1, 0));
    let first = applied(&*store, open(of("kim", 1, 1)));
    let with_key = |digits| OrderDraft {
        idempotency: draft_with_key(0, "again").idempotency,
        ..of("kim", digits, 1)
    };
    assert_eq!(outcome(&*store, with_key(2)), too_many_orders(1));
    applied(&*store, complete(&first, "key"));
    assert_eq!(outcome(&*store, with_key(3)), CREATED);
}

pub(in crate::order_store_contract) fn do_not_refuse_a_repeated_order(world: &impl StoreWorld) {
    let store = world.limited(limits(1, 0));
    let first = applied(&*store, open(of("kim", 1, 1)));
    let fates = apply(&*store, &[open(of("kim", 1, 1))]);
    assert_eq!(fates, [Fate::Stale(Some(first))]);
    assert_eq!(world.stock(THREAD), THREADS - 1);
}

pub(in crate::order_store_contract) fn leave_out_orders_of_a_member_whose_row_is_held(
    world: &impl StoreWorld,
) {
    let store = world.limited(limits(9, 0));
    let first = applied(&*store, open(of("kim", 1, 1)));
    let row = StoreRow::Buyer(member("kim"));
    let hold = world.hold(row.clone());
    let batch = [
        open(of("kim", 2, 1)),
        open(of("lee", 3, 1)),
        complete(&first, "key"),
    ];
    let fates = store.write(&batch, OnHeldRow::Skip);
    assert_eq!(fates[0], Fate::Held(row));
    assert!(matches!(fates[1], Fate::Stored(_)), "{fates:?}");
    assert!(matches!(fates[2], Fate::Stored(_)), "{fates:?}");
    drop(hold);
    assert_eq!(outcome(&*store, of("kim", 2, 1)), CREATED);
}
