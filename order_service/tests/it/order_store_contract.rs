//! One contract for every order store: what it promises in its port's words, held by memory, MariaDB and MySQL alike.

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier};
use std::thread;

use chrono::TimeDelta;
use order_service::domain::decide::Transition;
use order_service::domain::order::{Idempotency, Order, OrderDraft, OrderState, Payment};
use order_service::ports::order_store::{Fate, OrderStore};
use shared::reason::Reason;

use crate::harness::samples::*;
use crate::harness::stores::*;

/// Makes the contract's tests for one kind of store: a module of them for each behaviour.
macro_rules! order_store_contract {
    ($name:ident, $make_store:path) => {
        mod $name {
            order_store_contract! { $make_store,
                new_orders {
                    are_stored_and_take_their_stock,
                    without_stock_are_rejected_alone,
                    of_every_kind_are_loaded_as_they_were_stored,
                    of_the_largest_size_are_not_cut_off,
                    of_other_numbers_do_not_exist,
                }
                stored_orders {
                    keep_what_they_took_when_completed,
                    give_stock_and_coupon_back_when_rejected,
                    neither_take_nor_give_when_a_payment_begins_or_ends,
                    move_beside_new_ones_in_the_order_of_the_batch,
                    take_payment_keys_that_look_like_sql_as_text,
                }
                stale_transitions {
                    open_a_number_that_is_stored,
                    start_from_an_old_revision,
                    move_an_order_that_does_not_exist,
                    are_a_batch_that_is_stored_already,
                }
                idempotency_keys {
                    are_taken_once,
                    are_taken_by_the_first_of_a_batch,
                    that_are_freed_can_be_taken_again,
                    are_taken_by_one_of_many_writers,
                }
                reviews {
                    come_page_by_page_each_once,
                    are_listed_longest_due_first_until_they_are_settled,
                }
                refunds {
                    are_kept_with_their_order_and_give_its_pieces_back_when_they_are_done,
                    that_were_refused_give_nothing_back,
                    are_due_for_review_until_they_end,
                }
                members {
                    have_their_own_orders_newest_first,
                    get_their_orders_page_by_page_each_once,
                    get_orders_as_they_stand,
                }
                pending_limits {
                    let_a_member_have_so_many_orders_and_no_more,
                    let_a_member_have_so_many_pieces_and_no_more,
                    are_of_each_member_alone,
                    make_room_when_an_order_is_paid_or_rejected,
                    hold_within_a_batch,
                    hold_when_many_writers_open_at_once,
                    leave_the_key_of_a_refused_order_free,
                    do_not_refuse_a_repeated_order,
                    leave_out_orders_of_a_member_whose_row_is_held,
                }
                quotes {
                    tell_what_the_order_then_costs,
                    take_nothing_and_wait_for_nobody,
                    count_what_a_member_has_pending,
                }
                held_rows {
                    of_an_item_leave_its_orders_out_and_no_others,
                    of_a_coupon_leave_its_order_out,
                    of_an_order_leave_its_move_out,
                    of_an_order_do_not_hide_that_its_number_is_taken,
                    are_told_from_missing_ones,
                    are_told_from_stale_transitions,
                    of_a_keys_order_do_not_hide_that_the_key_is_taken,
                    that_are_waited_for_in_vain_fail_the_batch,
                    that_are_skipped_by_many_writers_sell_exactly_the_stock,
                }
                batches {
                    of_nothing_are_nothing,
                    of_512_orders_are_stored,
                    of_more_lines_than_a_statement_binds_are_stored,
                    of_more_unknown_items_than_a_statement_binds_are_rejected,
                }
                concurrent_writers {
                    of_one_item_sell_exactly_its_stock,
                    of_two_items_in_opposite_order_never_deadlock_or_oversell,
                    of_one_number_open_it_once,
                    of_one_order_end_it_once,
                    of_one_coupon_use_it_once,
                }
            }
        }
    };
    ($make_store:path, $($behaviour:ident { $($test:ident,)+ })+) => {
        $(mod $behaviour {
            $(#[test]
            fn $test() {
                if let Some(world) = $make_store() {
                    $crate::order_store_contract::$behaviour::$test(&world);
                }
            })+
        })+
    };
}

order_store_contract!(memory, crate::harness::stores::MemoryWorld::make);
order_store_contract!(mariadb, crate::harness::stores::DatabaseWorld::mariadb);
order_store_contract!(mysql, crate::harness::stores::DatabaseWorld::mysql);

mod held_rows;
mod members;
mod pending_limits;
mod refunds;
mod quotes;

mod new_orders {
    use super::*;

    pub(super) fn are_stored_and_take_their_stock(world: &impl StoreWorld) {
        let store = world.store();
        let batch = [
            open(draft(1, &[(APPLE, 2)])),
            open(draft(2, &[(APPLE, 3), (THREAD, 1)])),
            open(draft(3, &[])),
        ];

        let orders = all_applied(apply(&*store, &batch));

        for order in &orders {
            assert_eq!(order.state, OrderState::Created);
            assert_eq!(
                store.load(&order.number).unwrap().as_ref(),
                Some(order.as_ref())
            );
        }
        assert_eq!(orders[1].final_price, money("36000.01"));
        assert_eq!(
            (world.stock(APPLE), world.stock(THREAD)),
            (APPLES - 5, THREADS - 1)
        );
    }

    pub(super) fn without_stock_are_rejected_alone(world: &impl StoreWorld) {
        let store = world.store();
        let batch = [
            open(draft(1, &[(APPLE, 1), (LAST_PIECE, 2)])),
            open(draft(2, &[(LAST_PIECE, 1)])),
        ];

        let orders = all_applied(apply(&*store, &batch));

        assert_eq!(orders[0].state, OrderState::Rejected(Reason::OutOfStock));
        assert_eq!(orders[1].state, OrderState::Created);
        assert_eq!(
            store.load(&number(1)).unwrap().as_ref(),
            Some(orders[0].as_ref())
        );
        assert_eq!((world.stock(APPLE), world.stock(LAST_PIECE)), (APPLES, 0));
    }

    pub(super) fn of_every_kind_are_loaded_as_they_were_stored(world: &impl StoreWorld) {
        let store = world.store();
        let mut fixed = draft(1, &[(THREAD, 7), (APPLE, 1), (THREAD, 2)]);
        (fixed.coupon, fixed.intent) = (Some(COUPON), Some(payment("🔑 'key'", "9000.09")));
        fixed.member = Some(member("kim.minji"));
        let mut percent = draft(2, &[(APPLE, 1)]);
        percent.coupon = Some(PERCENT_COUPON);
        let mut used = draft(3, &[(APPLE, 1)]);
        used.coupon = Some(COUPON);
        let unknown = draft(4, &[(APPLE, 1), (NO_ITEM, 1)]);
        let senseless = draft(5, &[(THREAD, -3)]);
        let empty = draft(6, &[]);
        let batch = [fixed, percent, used, unknown, senseless, empty].map(open);

        let orders = all_applied(apply(&*store, &batch));

        let told: Vec<_> = orders
            .iter()
            .map(|order| (order.final_price, order.state.clone()))
            .collect();
        let refused = |reason| OrderState::Rejected(reason);
        let expected = [
            (money("9000.09"), OrderState::Created),
            (money("11000"), OrderState::Created),
            (money("12000"), refused(Reason::CouponUsed)),
            (money("0"), refused(Reason::UnknownItem)),
            (money("0"), refused(Reason::InvalidQuantity)),
            (money("0"), OrderState::Created),
        ];
        assert_eq!(told, expected);
        for order in orders {
            assert_eq!(
                store.load(&order.number).unwrap().as_ref(),
                Some(order.as_ref())
            );
        }
    }

    pub(super) fn of_the_largest_size_are_not_cut_off(world: &impl StoreWorld) {
        let store = world.store();
        let key = "🗝".repeat(200);
        let mut draft = draft(1, &[(THREAD, 3_999_999_999)]);
        draft.number = "9".repeat(40).parse().unwrap();
        draft.request_id = request_id(&"~".repeat(64));
        draft.member = Some(member(&"m".repeat(64)));
        draft.intent = Some(payment(&key, "99999999999999999"));
        draft.placed_at = "9999-12-31T23:59:59.999999Z".parse().unwrap();
        let beyond = super::draft(2, &[(THREAD, i64::MAX), (THREAD, i64::MIN)]);

        let orders = all_applied(apply(&*store, &[open(draft), open(beyond)]));
        let complete = applied(&*store, complete(&orders[0], &key));

        assert_eq!(
            complete.state,
            OrderState::Complete(Payment {
                key: key.parse().unwrap(),
                amount: money("39999999.99")
            })
        );
        assert_eq!(
            store.load(&complete.number).unwrap().as_ref(),
            Some(complete.as_ref())
        );
        assert_eq!(
            store.load(&number(2)).unwrap().as_ref(),
            Some(orders[1].as_ref())
        );
    }

    pub(super) fn of_other_numbers_do_not_exist(world: &impl StoreWorld) {
        let store = world.store();
        opened(&*store, 12, &[(APPLE, 1)]);

        for digits in [1, 2, 120] {
            assert_eq!(store.load(&number(digits)).unwrap(), None);
        }
        assert_eq!(store.ping(), Ok(()));
    }
}

mod stored_orders {
    use super::*;

    pub(super) fn keep_what_they_took_when_completed(world: &impl StoreWorld) {
        let store = world.store();
        let order = applied(&*store, open(draft_with_coupon(1)));

        let paid = applied(&*store, complete(&order, "key"));

        assert_eq!(paid.state, OrderState::Complete(payment("key", "9000")));
        assert_eq!(
            *paid,
            Order {
                state: paid.state.clone(),
                review_at: None,
                revision: 1,
                ..order.as_ref().clone()
            }
        );
        assert_eq!(
            store.load(&paid.number).unwrap().as_ref(),
            Some(paid.as_ref())
        );
        assert_eq!(
            (world.stock(APPLE), world.holder(COUPON)),
            (APPLES - 1, Some(number(1)))
        );
    }

    pub(super) fn give_stock_and_coupon_back_when_rejected(world: &impl StoreWorld) {
        let store = world.store();
        let order = applied(&*store, open(draft_with_coupon(1)));
        assert_eq!(
            (world.stock(APPLE), world.holder(COUPON)),
            (APPLES - 1, Some(number(1)))
        );

        let rejected = applied(&*store, reject(&order));

        assert_eq!(
            (&rejected.state, rejected.revision),
            (&OrderState::Rejected(Reason::Expired), 1)
        );
        assert_eq!(
            store.load(&rejected.number).unwrap().as_ref(),
            Some(rejected.as_ref())
        );
        assert_eq!((world.stock(APPLE), world.holder(COUPON)), (APPLES, None));
        assert_eq!(
            applied(&*store, open(draft_with_coupon(2))).state,
            OrderState::Created
        );
        assert_eq!(world.holder(COUPON), Some(number(2)));
    }

    pub(super) fn neither_take_nor_give_when_a_payment_begins_or_ends(world: &impl StoreWorld) {
        let store = world.store();
        let pending = opened(&*store, 1, &[(APPLE, 2)]);
        let paying = applied(&*store, begin_payment(&pending, "결제 \\' OR 1=1 -- "));
        assert_eq!(
            (paying.review_at, paying.revision),
            (Some(now() + TimeDelta::seconds(60)), 1)
        );
        assert_eq!(store.load(&paying.number).unwrap().as_ref(), Some(&*paying));
        let waiting = applied(&*store, Transition::EndPayment { order: paying });
        assert_eq!(
            (&waiting.intent, waiting.review_at, waiting.revision),
            (&None, Some(pending.pay_by), 2)
        );
        assert_eq!(
            store.load(&waiting.number).unwrap().as_ref(),
            Some(&*waiting)
        );
        assert_eq!(world.stock(APPLE), APPLES - 2);

        let paying = applied(&*store, begin_payment(&waiting, "second"));
        let declined = applied(&*store, reject(&paying));
        let stored = store.load(&declined.number).unwrap().unwrap();
        assert_eq!(stored, *declined);
        assert_eq!(
            (stored.intent.as_ref(), stored.revision),
            (paying.intent.as_ref(), 4)
        );
        assert_eq!(world.stock(APPLE), APPLES);
    }

    pub(super) fn move_beside_new_ones_in_the_order_of_the_batch(world: &impl StoreWorld) {
        let store = world.store();
        let paid = opened(&*store, 1, &[(APPLE, 1)]);
        let ended = opened(&*store, 2, &[(LAST_PIECE, 1)]);
        let batch = [
            complete(&paid, "key"),
            open(draft(3, &[(LAST_PIECE, 1)])),
            reject(&ended),
            open(draft(4, &[(LAST_PIECE, 1)])),
        ];

        let orders = all_applied(apply(&*store, &batch));

        let revisions: Vec<u32> = orders.iter().map(|order| order.revision).collect();
        assert_eq!(revisions, [1, 0, 1, 0]);
        // In the batch's order: the piece was still held when the third order asked, and free when the fourth did.
        assert_eq!(orders[1].state, OrderState::Rejected(Reason::OutOfStock));
        assert_eq!(orders[3].state, OrderState::Created);
        assert_eq!(
            (world.stock(APPLE), world.stock(LAST_PIECE)),
            (APPLES - 1, 0)
        );
        for order in orders {
            assert_eq!(
                store.load(&order.number).unwrap().as_ref(),
                Some(order.as_ref())
            );
        }
    }

    pub(super) fn take_payment_keys_that_look_like_sql_as_text(world: &impl StoreWorld) {
        let store = world.store();
        let keys = [
            "'",
            "''",
            "\"",
            "`",
            "\\",
            "\\'",
            "?",
            "%s",
            "-- ",
            "/*",
            "' OR '1'='1",
            "'); DROP TABLE orders; -- ",
            "결제 🔑",
            " ",
            "null",
            // No longer taken in, but on record from earlier.
            ".",
            "a\tb\r\n",
        ];
        let opens: Vec<_> = (1..)
            .zip(keys)
            .map(|(digits, _)| open(draft(digits, &[(APPLE, 1)])))
            .collect();
        let open_orders = all_applied(apply(&*store, &opens));
        let payments: Vec<_> = open_orders
            .iter()
            .zip(keys)
            .map(|(order, key)| complete(order, key))
            .collect();

        let paid = all_applied(apply(&*store, &payments));

        for (order, key) in paid.iter().zip(keys) {
            assert_eq!(order.state, OrderState::Complete(payment(key, "12000")));
            assert_eq!(
                store.load(&order.number).unwrap().as_ref(),
                Some(order.as_ref()),
                "{key}"
            );
        }
    }
}

mod stale_transitions {
    use super::*;

    pub(super) fn open_a_number_that_is_stored(world: &impl StoreWorld) {
        let store = world.store();
        let current = opened(&*store, 2, &[(APPLE, 1)]);
        let waiting = opened(&*store, 4, &[(APPLE, 1)]);
        let batch = [
            open(draft(1, &[(APPLE, 1)])),
            open(draft(2, &[(APPLE, 50)])),
            open(draft(3, &[(APPLE, 1)])),
            complete(&waiting, "key"),
        ];

        let outcomes = apply(&*store, &batch);

        assert_eq!(outcomes[1], Fate::Stale(Some(current)));
        for neighbour in [0, 2, 3] {
            let Fate::Stored(order) = &outcomes[neighbour] else {
                panic!("{:?}", outcomes[neighbour])
            };
            assert_eq!(
                store.load(&order.number).unwrap().as_ref(),
                Some(order.as_ref())
            );
        }
        assert_eq!(world.stock(APPLE), APPLES - 4);
    }

    pub(super) fn start_from_an_old_revision(world: &impl StoreWorld) {
        let store = world.store();
        let [first, second] = [1, 2].map(|digits| opened(&*store, digits, &[(APPLE, 1)]));
        let paid = applied(&*store, complete(&first, "key"));

        let outcomes = apply(&*store, &[reject(&first), complete(&second, "key")]);

        assert_eq!(outcomes[0], Fate::Stale(Some(Arc::clone(&paid))));
        assert!(matches!(outcomes[1], Fate::Stored(_)));
        assert_eq!(
            store.load(&paid.number).unwrap().as_ref(),
            Some(paid.as_ref())
        );
        assert_eq!(world.stock(APPLE), APPLES - 2);
    }

    pub(super) fn move_an_order_that_does_not_exist(world: &impl StoreWorld) {
        let store = world.store();
        let stored = opened(&*store, 1, &[(APPLE, 1)]);
        let imagined = Arc::new(Order {
            number: number(2),
            ..stored.as_ref().clone()
        });

        let outcomes = apply(&*store, &[reject(&imagined), complete(&stored, "key")]);

        assert_eq!(outcomes[0], Fate::Stale(None));
        assert!(matches!(outcomes[1], Fate::Stored(_)));
        assert_eq!(
            (store.load(&number(2)).unwrap(), world.stock(APPLE)),
            (None, APPLES - 1)
        );
    }

    pub(super) fn are_a_batch_that_is_stored_already(world: &impl StoreWorld) {
        let store = world.store();
        let paid = opened(&*store, 1, &[(APPLE, 1)]);
        let ended = opened(&*store, 2, &[(APPLE, 1)]);
        let batch = [
            complete(&paid, "key"),
            open(draft_with_coupon(3)),
            reject(&ended),
            open(draft(4, &[(NO_ITEM, 1)])),
        ];
        let orders = all_applied(apply(&*store, &batch));

        let again = apply(&*store, &batch);

        let itself: Vec<_> = orders
            .into_iter()
            .map(|order| Fate::Stale(Some(order)))
            .collect();
        assert_eq!(again, itself);
        assert_eq!(
            (world.stock(APPLE), world.holder(COUPON)),
            (APPLES - 2, Some(number(3)))
        );
    }
}

mod idempotency_keys {
    use super::concurrent_writers::at_once;
    use super::*;

    pub(super) fn are_taken_once(world: &impl StoreWorld) {
        let store = world.store();
        let holder = applied(&*store, open(draft_with_key(1, "key")));
        let batch = [
            open(draft_with_key(2, "other key")),
            open(draft_with_key(3, "key")),
            open(draft_with_key(4, "KEY")),
        ];

        let outcomes = apply(&*store, &batch);

        assert_eq!(outcomes[1], Fate::Stale(Some(holder)));
        assert!(matches!(outcomes[0], Fate::Stored(_)));
        assert!(matches!(outcomes[2], Fate::Stored(_)));
        assert_eq!(store.load(&number(3)).unwrap(), None);
        assert_eq!(world.stock(APPLE), APPLES - 3);
    }

    pub(super) fn are_taken_by_the_first_of_a_batch(world: &impl StoreWorld) {
        let store = world.store();
        let batch = [
            open(draft_with_key(1, "key")),
            open(draft_with_key(2, "key")),
        ];

        let outcomes = apply(&*store, &batch);

        let Fate::Stored(holder) = &outcomes[0] else {
            panic!("{outcomes:?}")
        };
        assert_eq!(outcomes[1], Fate::Stale(Some(Arc::clone(holder))));
        assert_eq!(world.stock(APPLE), APPLES - 1);
    }

    pub(super) fn that_are_freed_can_be_taken_again(world: &impl StoreWorld) {
        let store = world.store();
        let give_up = |order: &Arc<Order>| Transition::Reject {
            order: Arc::clone(order),
            reason: Reason::PaymentUnavailable,
            detail: None,
            review_at: now(),
        };
        let first = applied(&*store, open(draft_with_key(1, "key")));
        let outcomes = apply(&*store, &[give_up(&first), open(draft_with_key(2, "key"))]);
        let [freed, second] = &all_applied(outcomes)[..] else {
            panic!("two were applied")
        };
        assert_eq!((&freed.idempotency, freed.revision), (&None, 1));
        assert_eq!(store.load(&freed.number).unwrap().as_ref(), Some(&**freed));
        applied(&*store, give_up(second));
        applied(&*store, open(draft_with_key(3, "key")));

        let outcomes = apply(&*store, &[open(draft_with_key(4, "key"))]);
        assert!(
            matches!(&outcomes[..], [Fate::Stale(Some(holder))] if holder.number == number(3)),
            "{outcomes:?}"
        );
        assert_eq!(world.stock(APPLE), APPLES - 1);
    }

    pub(super) fn are_taken_by_one_of_many_writers(world: &impl StoreWorld) {
        for round in 0..10 {
            let outcomes = at_once(world, |store, writer| {
                let digits = 100 * (round + 1) + writer;
                apply(
                    store,
                    &[open(draft_with_key(digits, &format!("key {round}")))],
                )
                .remove(0)
            });

            let opened: BTreeSet<String> = outcomes
                .iter()
                .map(|outcome| match outcome {
                    Fate::Stored(order) | Fate::Stale(Some(order)) => order.number.to_string(),
                    other => panic!("{other:?}"),
                })
                .collect();
            assert_eq!(opened.len(), 1, "{outcomes:?}");
        }
        assert_eq!(world.stock(APPLE), APPLES - 10);
    }
}

mod reviews {
    use super::*;

    pub(super) fn come_page_by_page_each_once(world: &impl StoreWorld) {
        let store = world.store();
        // Four that are due together, and one that is due long before them though its number is higher.
        (1..=4).for_each(|digits| {
            opened(&*store, digits, &[(APPLE, 1)]);
        });
        let given_up = opened(&*store, 5, &[(APPLE, 1)]);
        applied(&*store, reject(&given_up));
        let reviews = world.reviews();
        let at = now() + TimeDelta::minutes(30);
        let (mut found, mut after) = (Vec::new(), None);
        for count in [2, 2, 1] {
            let page = reviews.due(at, after.as_ref(), 2).unwrap();
            assert_eq!(page.orders.len(), count);
            found.extend(page.orders.into_iter().map(|order| order.number));
            after = page.next;
        }
        assert_eq!(found, [5, 1, 2, 3, 4].map(number));
        assert_eq!(after, None);
    }

    pub(super) fn are_listed_longest_due_first_until_they_are_settled(world: &impl StoreWorld) {
        let store = world.store();
        let due = |minutes| -> Vec<Order> {
            let at = now() + TimeDelta::minutes(minutes);
            world.reviews().due(at, None, 10).unwrap().orders
        };
        let unpaid = opened(&*store, 1, &[(APPLE, 1)]);
        let paid = opened(&*store, 2, &[(APPLE, 1)]);
        applied(&*store, complete(&paid, "key"));
        let given_up = opened(&*store, 3, &[(APPLE, 1)]);
        let rejected = applied(&*store, reject(&given_up));
        applied(&*store, open(draft(4, &[(APPLE, 1_000_000)])));

        assert_eq!(due(0), []);
        assert_eq!(due(1), [rejected.as_ref().clone()]);
        assert_eq!(
            due(30),
            [rejected.as_ref().clone(), unpaid.as_ref().clone()]
        );
        let settled = applied(&*store, Transition::Settle { order: rejected });
        assert_eq!(settled.review_at, None);
        assert_eq!(
            store.load(&settled.number).unwrap().as_ref(),
            Some(settled.as_ref())
        );
        assert_eq!(due(30), [unpaid.as_ref().clone()]);
    }
}

mod batches {
    use super::*;

    pub(super) fn of_nothing_are_nothing(world: &impl StoreWorld) {
        assert_eq!(write_in_turn(&*world.store(), &[]), Ok(vec![]));
    }

    pub(super) fn of_512_orders_are_stored(world: &impl StoreWorld) {
        let store = world.store();
        let opens: Vec<_> = (1..=512)
            .map(|digits| open(draft(digits, &[(THREAD, 1), (APPLE, 1)])))
            .collect();

        let open_orders = all_applied(apply(&*store, &opens));
        let moves = open_orders.iter().enumerate().map(|(nth, order)| {
            if nth % 2 == 0 {
                complete(order, "key")
            } else {
                reject(order)
            }
        });
        let moved = all_applied(apply(&*store, &moves.collect::<Vec<_>>()));

        for order in [&moved[0], &moved[255], &moved[511]] {
            assert_eq!(
                store.load(&order.number).unwrap().as_ref(),
                Some(order.as_ref())
            );
        }
        assert_eq!(
            (world.stock(APPLE), world.stock(THREAD)),
            (APPLES - 256, THREADS - 256)
        );
    }

    pub(super) fn of_more_lines_than_a_statement_binds_are_stored(world: &impl StoreWorld) {
        let store = world.store();
        let lines = [(THREAD, 1); 1_000];
        let batch: Vec<_> = (1..=12).map(|digits| open(draft(digits, &lines))).collect();

        let orders = all_applied(apply(&*store, &batch));

        for order in orders {
            assert_eq!(
                store.load(&order.number).unwrap().as_ref(),
                Some(order.as_ref())
            );
        }
        assert_eq!(world.stock(THREAD), THREADS - 12_000);
    }

    pub(super) fn of_more_unknown_items_than_a_statement_binds_are_rejected(
        world: &impl StoreWorld,
    ) {
        let store = world.store();
        let lines = |digits: u64| {
            (0..1_000)
                .map(move |nth| (1_000 * i64::try_from(digits).unwrap() + nth, 1))
                .collect::<Vec<_>>()
        };
        let batch: Vec<_> = (1..=66)
            .map(|digits| open(draft(digits, &lines(digits))))
            .collect();

        let orders = all_applied(apply(&*store, &batch));

        assert!(
            orders
                .iter()
                .all(|order| order.state == OrderState::Rejected(Reason::UnknownItem))
        );
        assert_eq!(
            store.load(&number(66)).unwrap().as_ref(),
            Some(orders[65].as_ref())
        );
    }
}

mod concurrent_writers {
    use super::*;

    const WRITERS: u64 = 6;

    /// Runs `work` on two stores and [`WRITERS`] threads, all at once, each with its number.
    pub(super) fn at_once<R: Send>(
        world: &impl StoreWorld,
        work: impl Fn(&dyn OrderStore, u64) -> R + Sync,
    ) -> Vec<R> {
        at_once_on(&[world.store(), world.store()], work)
    }

    /// The same on these two stores.
    pub(super) fn at_once_on<R: Send>(
        stores: &[Arc<dyn OrderStore>; 2],
        work: impl Fn(&dyn OrderStore, u64) -> R + Sync,
    ) -> Vec<R> {
        let start = Barrier::new(usize::try_from(WRITERS).unwrap());
        let (start, work) = (&start, &work);
        thread::scope(|scope| {
            let writers = (0..WRITERS).map(|writer| {
                scope.spawn(move || {
                    start.wait();
                    work(&*stores[usize::try_from(writer % 2).unwrap()], writer)
                })
            });
            writers
                .collect::<Vec<_>>()
                .into_iter()
                .map(|writer| writer.join().unwrap())
                .collect()
        })
    }

    fn are_created(outcomes: impl IntoIterator<Item = Fate>) -> usize {
        let orders = all_applied(outcomes.into_iter().collect());
        orders
            .iter()
            .filter(|order| order.state == OrderState::Created)
            .count()
    }

    pub(super) fn of_one_item_sell_exactly_its_stock(world: &impl StoreWorld) {
        let sold = at_once(world, |store, writer| {
            let batches = (0..10).map(|batch| {
                let opens: Vec<_> = (0..3)
                    .map(|nth| {
                        open(draft(
                            1_000 + 100 * writer + 10 * batch + nth,
                            &[(HOT[0], 1)],
                        ))
                    })
                    .collect();
                are_created(apply(store, &opens))
            });
            batches.sum::<usize>()
        });

        assert_eq!(sold.iter().sum::<usize>(), HOT_STOCK as usize);
        assert_eq!(world.stock(HOT[0]), 0);
    }

    pub(super) fn of_two_items_in_opposite_order_never_deadlock_or_oversell(
        world: &impl StoreWorld,
    ) {
        let held = at_once(world, |store, writer| {
            let [first, second] = if writer % 2 == 0 {
                HOT
            } else {
                [HOT[1], HOT[0]]
            };
            let mut held = 0;
            for nth in 0..20 {
                let digits = 1_000 + 100 * writer + nth;
                let outcomes = apply(store, &[open(draft(digits, &[(first, 1), (second, 1)]))]);
                let order = all_applied(outcomes).remove(0);
                // Every third gives back what it has got, so that stock goes both ways.
                match order.state {
                    OrderState::Created if nth % 3 == 0 => drop(applied(store, reject(&order))),
                    OrderState::Created => held += 1,
                    _ => {}
                }
            }
            held
        });

        let held: u32 = held.iter().sum();
        assert!(held <= HOT_STOCK && held > 0, "{held} are held");
        assert_eq!(HOT.map(|item| world.stock(item)), [HOT_STOCK - held; 2]);
    }

    pub(super) fn of_one_number_open_it_once(world: &impl StoreWorld) {
        for digits in 1..=10 {
            let outcomes = at_once(world, |store, _| {
                apply(store, &[open(draft(digits, &[(APPLE, 1)]))]).remove(0)
            });

            let (applied, conflicts): (Vec<_>, Vec<_>) = outcomes
                .into_iter()
                .partition(|outcome| matches!(outcome, Fate::Stored(_)));
            let [Fate::Stored(order)] = &applied[..] else {
                panic!("{applied:?}")
            };
            assert!(
                conflicts
                    .iter()
                    .all(|outcome| *outcome == Fate::Stale(Some(Arc::clone(order))))
            );
            assert_eq!(world.stock(APPLE), APPLES - u32::try_from(digits).unwrap());
        }
    }

    pub(super) fn of_one_order_end_it_once(world: &impl StoreWorld) {
        let store = world.store();
        let mut completed = 0;
        for digits in 1..=10 {
            let order = opened(&*store, digits, &[(APPLE, 1)]);
            let outcomes = at_once(world, |store, writer| {
                let transition: Transition = if writer < WRITERS / 2 {
                    complete(&order, "key")
                } else {
                    reject(&order)
                };
                apply(store, &[transition]).remove(0)
            });

            let ends: BTreeSet<String> = outcomes
                .iter()
                .map(|outcome| match outcome {
                    Fate::Stored(order) | Fate::Stale(Some(order)) => {
                        format!("{order:?}")
                    }
                    other => panic!("{other:?}"),
                })
                .collect();
            let winners = outcomes
                .iter()
                .filter(|outcome| matches!(outcome, Fate::Stored(_)))
                .count();
            assert_eq!((winners, ends.len()), (1, 1), "{outcomes:?}");
            let stored = store.load(&order.number).unwrap().unwrap();
            completed += u32::from(matches!(stored.state, OrderState::Complete(_)));
            assert_eq!(world.stock(APPLE), APPLES - completed);
        }
    }

    pub(super) fn of_one_coupon_use_it_once(world: &impl StoreWorld) {
        let created = at_once(world, |store, writer| {
            let opens = (0..5).map(|nth| {
                apply(store, &[open(draft_with_coupon(100 * (writer + 1) + nth))]).remove(0)
            });
            are_created(opens)
        });

        assert_eq!(created.iter().sum::<usize>(), 1);
        let holder = world
            .store()
            .load(&world.holder(COUPON).unwrap())
            .unwrap()
            .unwrap();
        assert_eq!(holder.state, OrderState::Created);
        assert_eq!(world.stock(APPLE), APPLES - 1);
    }
}

/// An apple with the fixed coupon.
fn draft_with_coupon(digits: u64) -> OrderDraft {
    OrderDraft {
        coupon: Some(COUPON),
        ..draft(digits, &[(APPLE, 1)])
    }
}

fn draft_with_key(digits: u64, key: &str) -> OrderDraft {
    let idempotency = Idempotency {
        key: key.parse().unwrap(),
        fingerprint: "an apple".parse().unwrap(),
    };
    OrderDraft {
        idempotency: Some(idempotency),
        ..draft(digits, &[(APPLE, 1)])
    }
}
