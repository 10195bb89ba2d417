//! Group commit: what waits while a write is in flight goes into the next, one failure is one order's own, who needs a row that somebody
//! else holds waits alone, and nothing is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use order_service::config::ActorSettings;
use order_service::domain::decide::Transition;
use order_service::domain::order::OrderState;
use order_service::ports::order_store::{StoreError, StoreRow};
use order_service::ports::reply_sink::CommandOutcome;
use shared::reason::Reason;
use tokio::time::{Instant, timeout};

use crate::harness::doubles::{Fault, Gate, StoreDouble};
use crate::harness::samples::*;
use crate::harness::shop::*;
use crate::harness::stores::write_in_turn;

fn unavailable() -> StoreError {
    StoreError::Unavailable("by the test".into())
}

/// A store that stores nothing of a batch, and says that it is away, when `is_failing` says so of the call and its batch.
fn failing_when(
    is_failing: impl Fn(usize, &[Transition]) -> bool + Send + Sync + 'static,
) -> StoreDouble {
    StoreDouble::on_write(move |nth, batch| {
        if is_failing(nth, batch) {
            Fault::Before(unavailable())
        } else {
            Fault::None
        }
    })
}

/// The numbers of commands that were all accepted.
fn numbers(outcomes: Vec<(u64, CommandOutcome)>) -> Vec<u64> {
    outcomes
        .into_iter()
        .map(|(nth, outcome)| {
            accepted(outcome);
            nth
        })
        .collect()
}

/// Waits until the sizes of the batches so far are such.
async fn until_batches(shop: &Shop, are_such: impl Fn(&[usize]) -> bool) {
    let waited = timeout(LONGEST_WAIT, async {
        while !are_such(&shop.store.batches()) {
            tokio::task::yield_now().await;
        }
    });
    assert!(waited.await.is_ok(), "{:?}", shop.store.batches());
}

/// Sends one create that stands before the gate, and `others` that gather behind it.
async fn send_behind_the_gate(shop: &mut Shop, gate: &Gate, others: u64) {
    shop.send(create(0, &[(APPLE, 1)]));
    gate.reached().await;
    (1..=others).for_each(|digits| shop.send(create(digits, &[(APPLE, 1)])));
    until_idle().await;
}

mod gathering {
    use super::*;

    #[actix::test]
    async fn what_comes_during_a_write_is_the_next_write() {
        let gate = Arc::new(Gate::default());
        let mut shop = Shop::open(StoreDouble::plain().behind(&gate), ROOMY);
        send_behind_the_gate(&mut shop, &gate, 20).await;
        assert_eq!(shop.store.batches(), [1]);

        gate.open();

        shop.outcomes(21).await;
        assert_eq!(shop.store.batches(), [1, 20]);
        assert_eq!(shop.store.inner.stock(APPLE), APPLES - 21);
    }

    #[actix::test]
    async fn more_than_a_batch_holds_is_split_in_its_order() {
        let gate = Arc::new(Gate::default());
        let settings = ActorSettings {
            max_batch: 8,
            ..ROOMY
        };
        let mut shop = Shop::open(StoreDouble::plain().behind(&gate), settings);
        send_behind_the_gate(&mut shop, &gate, 20).await;

        gate.open();

        let outcomes = shop.outcomes(21).await;
        assert_eq!(shop.store.batches(), [1, 8, 8, 4]);
        assert!(outcomes.iter().map(|(nth, _)| *nth).eq(0..21));
    }

    #[actix::test]
    async fn an_idle_journal_writes_at_once() {
        let mut shop = Shop::open(StoreDouble::plain(), ROOMY);
        for digits in 1..=3 {
            shop.ask(create(digits, &[(APPLE, 1)])).await;
        }
        assert_eq!(shop.store.batches(), [1, 1, 1]);
    }
}

mod refused_transitions {
    use super::*;

    #[actix::test]
    async fn leave_their_neighbours_stored() {
        let gate = Arc::new(Gate::default());
        let store = StoreDouble::on_write(|_, batch| {
            let is_refused = batch.iter().any(|transition| matches!(transition, Transition::Open(draft) if draft.number == number(7)));
            if is_refused {
                Fault::Before(StoreError::Refused("by the test".into()))
            } else {
                Fault::None
            }
        })
        .behind(&gate);
        let mut shop = Shop::open(store, ROOMY);
        send_behind_the_gate(&mut shop, &gate, 20).await;

        gate.open();

        for (nth, outcome) in shop.outcomes(21).await {
            match nth {
                7 => assert_eq!(
                    (outcome.order, outcome.refusal),
                    (None, Some(Reason::InternalError))
                ),
                _ => assert_eq!(accepted(outcome).state, OrderState::Created),
            }
        }
        assert_eq!(shop.store.batches()[..2], [1, 20]);
        assert_eq!(shop.store.inner.stock(APPLE), APPLES - 20);
        assert_eq!(
            shop.commits(),
            [(0, 21)],
            "a refused command is answered, too"
        );
    }
}

mod outages {
    use super::*;

    #[actix::test]
    async fn lose_nothing() {
        let gate = Arc::new(Gate::default());
        let store = failing_when(|nth, _| (1..4).contains(&nth)).behind(&gate);
        let mut shop = Shop::open(store, ROOMY);
        send_behind_the_gate(&mut shop, &gate, 20).await;

        gate.open();

        let outcomes = shop.outcomes(21).await;
        assert!(
            outcomes
                .into_iter()
                .all(|(_, outcome)| accepted(outcome).state == OrderState::Created)
        );
        assert_eq!(shop.store.batches(), [1, 20, 20, 20, 20]);
        assert_eq!(
            (shop.store.inner.stock(APPLE), shop.commits()),
            (APPLES - 21, vec![(0, 21)])
        );
    }

    #[actix::test]
    async fn leave_a_batch_whole_while_the_store_does_not_answer() {
        let (gate, failures) = (Arc::new(Gate::default()), 9);
        let store = failing_when(move |nth, _| (1..=failures).contains(&nth)).behind(&gate);
        store.answers.store(false, Ordering::SeqCst);
        let mut shop = Shop::open(store, ROOMY);
        send_behind_the_gate(&mut shop, &gate, 20).await;

        gate.open();

        shop.outcomes(21).await;
        let whole = [vec![1], vec![20; failures + 1]].concat();
        assert_eq!(shop.store.batches(), whole);
        assert_eq!(shop.failing.get(), 0);
    }

    #[actix::test]
    async fn are_survived_by_reads() {
        let store = StoreDouble::on_load(|nth| {
            if nth < 3 {
                Fault::Before(unavailable())
            } else {
                Fault::None
            }
        });
        let order = write_in_turn(&*store.inner, &[open(draft(1, &[(APPLE, 1)]))]);
        assert!(order.is_ok());
        let mut shop = Shop::open(store, ROOMY);

        let paid = accepted(shop.ask(approve(1, "12000")).await);

        assert_eq!(
            (paid.state.clone(), shop.store.loads()),
            (OrderState::Complete(payment("key", "12000")), 4)
        );
    }

    #[actix::test]
    async fn do_nothing_twice_when_an_answer_is_lost() {
        // The first try of every write is done, and told to have failed.
        let answer_is_lost = |nth, _: &[Transition]| {
            if nth % 2 == 0 {
                Fault::After(unavailable())
            } else {
                Fault::None
            }
        };
        let mut shop = Shop::open(StoreDouble::on_write(answer_is_lost), ROOMY);

        let states = [
            (create(1, &[(APPLE, 1)]), OrderState::Created),
            (
                approve(1, "12000"),
                OrderState::Complete(payment("key", "12000")),
            ),
            (create(2, &[(APPLE, 1)]), OrderState::Created),
            (
                reject_command(2),
                OrderState::Rejected(Reason::PaymentDeclined),
            ),
            (create(3, &[(APPLE, 1)]), OrderState::Created),
            (
                approve(3, "1"),
                OrderState::Rejected(Reason::AmountMismatch),
            ),
            (
                create(4, &[(NO_ITEM, 1)]),
                OrderState::Rejected(Reason::UnknownItem),
            ),
        ];
        for (command, state) in states {
            let order = accepted(shop.ask(command.clone()).await);
            assert_eq!(order.state, state, "{command:?}");
        }

        assert_eq!(shop.store.inner.stock(APPLE), APPLES - 1);
    }
}

mod failing_transitions {
    use super::*;

    /// A store that answers, but fails with each batch that order 7 is in, as long as it is told to.
    struct Trouble {
        is_there: Arc<AtomicBool>,
        /// How often order 7 was tried together with others.
        in_company: Arc<AtomicUsize>,
    }

    impl Trouble {
        fn behind(gate: &Arc<Gate>) -> (StoreDouble, Self) {
            let is_there = Arc::new(AtomicBool::new(true));
            let in_company = Arc::new(AtomicUsize::default());
            let (is_troubled, tries) = (Arc::clone(&is_there), Arc::clone(&in_company));
            let store = failing_when(move |_, batch| {
                let has_7 = batch.iter().any(|one| *one.number() == number(7));
                if has_7 && batch.len() > 1 {
                    tries.fetch_add(1, Ordering::SeqCst);
                }
                has_7 && is_troubled.load(Ordering::SeqCst)
            })
            .behind(gate);
            (
                store,
                Self {
                    is_there,
                    in_company,
                },
            )
        }
    }

    #[actix::test]
    async fn hold_no_others_up() {
        let gate = Arc::new(Gate::default());
        let (store, trouble) = Trouble::behind(&gate);
        let mut shop = Shop::open(store, ROOMY);
        send_behind_the_gate(&mut shop, &gate, 20).await;

        gate.open();

        let stored = numbers(shop.outcomes(20).await);
        assert!(!stored.contains(&7));
        // Those that come later are not in its company any more.
        let tries_in_company = trouble.in_company.load(Ordering::SeqCst);
        for digits in 21..40 {
            assert_eq!(
                accepted(shop.ask(create(digits, &[(APPLE, 1)])).await).number,
                number(digits)
            );
        }
        let_pass(Duration::from_secs(60)).await;
        assert_eq!((shop.in_flight(), shop.failing.get()), (1, 1));

        trouble.is_there.store(false, Ordering::SeqCst);
        assert_eq!(numbers(shop.outcomes(1).await), [7]);
        assert_eq!(trouble.in_company.load(Ordering::SeqCst), tries_in_company);
        assert_eq!(shop.store.inner.stock(APPLE), APPLES - 40);
        assert_eq!(shop.commits(), [(0, 40)]);
    }

    #[actix::test]
    async fn release_those_behind_them() {
        let (gate, row) = (Arc::new(Gate::default()), StoreRow::Item(APPLE));
        gate.open();
        let (store, trouble) = Trouble::behind(&gate);
        let mut shop = Shop::open(store, ROOMY);
        shop.store.inner.hold(row.clone());
        trouble.is_there.store(false, Ordering::SeqCst);
        shop.send(create(7, &[(APPLE, 1)]));
        until_batches(&shop, |batches| batches.len() >= 4).await;
        for digits in 8..12 {
            shop.send(create(digits, &[(APPLE, 1)]));
        }
        // What comes after a batch comes after its outcome: those behind order 7 are in its line by then.
        let are_in_line = |batches: &[usize]| {
            let last = batches.iter().rposition(|size| *size > 1);
            last.is_some_and(|last| last + 1 < batches.len())
        };
        until_batches(&shop, are_in_line).await;
        trouble.is_there.store(true, Ordering::SeqCst);

        shop.store.inner.let_go(&row);

        let mut followed = numbers(shop.outcomes(4).await);
        followed.sort_unstable();
        assert_eq!(followed, [1, 2, 3, 4]);
        trouble.is_there.store(false, Ordering::SeqCst);
        assert_eq!(numbers(shop.outcomes(1).await), [0]);
    }

    #[actix::test]
    async fn make_the_service_unready_when_nothing_else_is_written() {
        let (gate, is_there) = (Arc::new(Gate::default()), Arc::new(AtomicBool::new(true)));
        let is_troubled = Arc::clone(&is_there);
        let store = failing_when(move |_, _| is_troubled.load(Ordering::SeqCst)).behind(&gate);
        let mut shop = Shop::open(store, ROOMY);
        send_behind_the_gate(&mut shop, &gate, 20).await;
        assert!(shop.writing.is_well(Instant::now()));

        gate.open();
        let_pass(Duration::from_secs(31)).await;

        assert!(!shop.writing.is_well(Instant::now()));
        is_there.store(false, Ordering::SeqCst);
        let mut stored = numbers(shop.outcomes(21).await);
        stored.sort_unstable();
        assert!(stored.into_iter().eq(0..21));
        let_pass(Duration::from_secs(31)).await;
        assert!(shop.writing.is_well(Instant::now()), "nothing waits");
    }
}

mod held_rows {
    use super::*;

    #[actix::test]
    async fn of_an_item_hold_up_only_its_orders() {
        let row = StoreRow::Item(APPLE);
        let mut shop = Shop::open(StoreDouble::plain(), ROOMY);
        shop.store.inner.hold(row.clone());
        for digits in 0..10 {
            shop.send(create(digits, &[(APPLE, 1), (THREAD, 1)]));
        }

        for digits in 10..20 {
            let order = accepted(shop.ask(create(digits, &[(THREAD, 1)])).await);
            assert_eq!(order.number, number(digits));
        }
        assert_eq!(shop.in_flight(), 10);
        assert_eq!(shop.store.inner.stock(THREAD), THREADS - 10);

        shop.store.inner.let_go(&row);
        let mut followed = numbers(shop.outcomes(10).await);
        followed.sort_unstable();
        assert!(followed.into_iter().eq(0..10));
        assert_eq!(shop.store.inner.stock(APPLE), APPLES - 10);
    }

    #[actix::test]
    async fn of_an_order_hold_up_only_its_commands_which_keep_their_order() {
        let row = StoreRow::Order(number(1));
        let mut shop = Shop::open(StoreDouble::plain(), ROOMY);
        for digits in [1, 2] {
            shop.ask(create(digits, &[(APPLE, 1)])).await;
        }
        shop.store.inner.hold(row.clone());
        shop.send(approve(1, "12000"));
        shop.send(reject_command(1));

        let other = accepted(shop.ask(approve(2, "12000")).await);
        assert_eq!(other.number, number(2));
        assert_eq!(shop.in_flight(), 2);

        shop.store.inner.let_go(&row);
        let outcomes = shop.outcomes(2).await;
        let [(2, approved), (3, rejected)] = &outcomes[..] else {
            panic!("{outcomes:?}")
        };
        let complete = OrderState::Complete(payment("key", "12000"));
        assert_eq!(accepted(approved.clone()).state, complete);
        assert_eq!(rejected.order.as_ref().unwrap().state, complete);
        assert!(rejected.refusal.is_some());
    }

    #[actix::test]
    async fn are_tried_by_one_order_for_all() {
        let mut shop = Shop::open(StoreDouble::plain(), ROOMY);
        let row = StoreRow::Item(APPLE);
        shop.store.inner.hold(row.clone());
        (0..100).for_each(|digits| shop.send(create(digits, &[(APPLE, 1)])));

        let only_one_tries =
            |batches: &[usize]| batches.len() > 4 && batches.ends_with(&[1, 1, 1, 1]);
        until_batches(&shop, only_one_tries).await;

        shop.store.inner.let_go(&row);
        assert_eq!(numbers(shop.outcomes(100).await).len(), 100);
        assert_eq!(shop.store.inner.stock(APPLE), APPLES - 100);
        assert_eq!(shop.commits(), [(0, 100)]);
    }

    #[actix::test]
    async fn that_are_not_known_hold_up_one_order() {
        let (gate, is_in_the_way) = (Arc::new(Gate::default()), Arc::new(AtomicBool::new(true)));
        let is_there = Arc::clone(&is_in_the_way);
        let store = StoreDouble::on_write(move |_, batch| {
            let is_held = batch
                .iter()
                .any(|transition| *transition.number() == number(7));
            if is_held && is_there.load(Ordering::SeqCst) {
                Fault::Before(StoreError::Held("by the test".into()))
            } else {
                Fault::None
            }
        })
        .behind(&gate);
        let mut shop = Shop::open(store, ROOMY);
        send_behind_the_gate(&mut shop, &gate, 20).await;

        gate.open();

        let stored = numbers(shop.outcomes(20).await);
        assert!(!stored.contains(&7));
        assert_eq!(shop.in_flight(), 1);
        is_in_the_way.store(false, Ordering::SeqCst);
        assert_eq!(numbers(shop.outcomes(1).await), [7]);
        assert_eq!(shop.store.inner.stock(APPLE), APPLES - 21);
    }
}
