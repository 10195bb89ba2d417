//! One order's commands are handled one at a time, in their order; each gets one reply, and its record is finished only after that.

use std::sync::Arc;

use order_service::domain::command::OrderCommand;
use order_service::domain::order::{Idempotency, OrderDraft, OrderState};
use order_service::ports::order_store::{OrderStore, StoreError};
use shared::reason::Reason;

use crate::harness::doubles::{Fault, Gate, StoreDouble};
use crate::harness::samples::*;
use crate::harness::shop::*;
use crate::harness::stores::write_in_turn;

fn refused() -> Fault {
    Fault::Before(StoreError::Refused("by the test".into()))
}

mod one_at_a_time {
    use super::*;

    #[actix::test]
    async fn no_write_overtakes_and_no_two_share_a_batch() {
        // A refused write leaves the actor knowing nothing, so that each command writes again.
        let gate = Arc::new(Gate::default());
        let store = StoreDouble::on_write(|_, _| refused()).behind(&gate);
        let mut shop = Shop::open(store, ROOMY);

        (0..12).for_each(|_| shop.send(create(1, &[(APPLE, 1)])));
        gate.reached().await;
        until_idle().await;
        gate.open();
        let outcomes = shop.outcomes(12).await;

        assert!(
            outcomes.iter().map(|(nth, _)| *nth).eq(0..12),
            "{outcomes:?}"
        );
        assert!(
            outcomes
                .iter()
                .all(|(_, outcome)| outcome.refusal == Some(Reason::InternalError))
        );
        assert_eq!(shop.store.batches(), [1; 12]);
    }

    #[actix::test]
    async fn no_read_overtakes() {
        let gate = Arc::new(Gate::default());
        let closed = Arc::clone(&gate);
        let store = StoreDouble::on_load(move |_| {
            closed.pass();
            refused()
        });
        let mut shop = Shop::open(store, ROOMY);

        (0..12).for_each(|_| shop.send(approve(1, "12000")));
        gate.reached().await;
        until_idle().await;
        assert_eq!(shop.store.loads(), 1);
        gate.open();
        let outcomes = shop.outcomes(12).await;

        assert!(
            outcomes.iter().map(|(nth, _)| *nth).eq(0..12),
            "{outcomes:?}"
        );
        assert_eq!(shop.store.loads(), 12);
    }

    #[actix::test]
    async fn the_first_of_many_approvals_and_rejections_decides() {
        for first_is_approval in [true, false] {
            let mut shop = Shop::open(StoreDouble::plain(), ROOMY);
            shop.send(create(1, &[(APPLE, 1)]));
            for nth in 0..20 {
                let is_approval = (nth % 2 == 0) == first_is_approval;
                shop.send(if is_approval {
                    approve(1, "12000")
                } else {
                    reject_command(1)
                });
            }

            let outcomes = shop.outcomes(21).await;

            assert_eq!(shop.store.batches(), [1, 1], "one opens, one ends");
            let stored = shop.store.inner.load(&number(1)).unwrap().unwrap();
            assert_eq!((stored.is_final(), stored.revision), (true, 1));
            for (nth, outcome) in &outcomes[1..] {
                assert_eq!(outcome.order.as_deref(), Some(&stored));
                let is_of_the_first_kind = nth % 2 == 1;
                assert_eq!(
                    outcome.refusal.is_none(),
                    is_of_the_first_kind,
                    "{nth}: {outcome:?}"
                );
            }
            assert_eq!(
                shop.store.inner.stock(APPLE),
                APPLES - u32::from(first_is_approval)
            );
        }
    }

    #[actix::test]
    async fn orders_that_are_placed_at_once_have_their_own_outcomes() {
        let mut shop = Shop::open(StoreDouble::plain(), ROOMY);
        for digits in 0..200 {
            shop.send(create(digits, &[(HOT[0], 1)]));
        }

        let outcomes = shop.outcomes(200).await;

        let mut numbers: Vec<_> = outcomes
            .iter()
            .map(|(nth, outcome)| (*nth, outcome.number.clone().unwrap()))
            .collect();
        numbers.sort();
        assert!(
            numbers
                .into_iter()
                .eq((0..200).map(|digits| (digits, number(digits))))
        );
        let created = outcomes
            .into_iter()
            .filter(|(_, outcome)| outcome.order.as_ref().unwrap().state == OrderState::Created);
        assert_eq!(created.count(), HOT_STOCK as usize);
        assert_eq!(shop.store.inner.stock(HOT[0]), 0);
    }
}

mod repeated_commands {
    use super::*;

    #[actix::test]
    async fn a_create_takes_stock_once() {
        let mut shop = Shop::open(StoreDouble::plain(), ROOMY);
        let first = shop.ask(create(1, &[(APPLE, 1)])).await;

        for _ in 0..3 {
            assert_eq!(shop.ask(create(1, &[(APPLE, 1)])).await, first);
        }

        assert_eq!(accepted(first).state, OrderState::Created);
        assert_eq!(shop.store.inner.stock(APPLE), APPLES - 1);
    }

    #[actix::test]
    async fn every_command_gets_the_same_reply_from_an_actor_that_knows_nothing() {
        let commands = [
            create(1, &[(APPLE, 1)]),
            create(2, &[(NO_ITEM, 1)]),
            create(3, &[(APPLE, 1)]),
            create(4, &[(APPLE, 1)]),
            approve(1, "12000"),
            approve(3, "1"),
            reject_command(4),
            approve(5, "1"),
        ];
        let mut shop = Shop::open(StoreDouble::plain(), ROOMY);
        let mut first = Vec::new();
        for command in &commands {
            first.push(shop.ask(command.clone()).await);
        }
        shop.until_live_actors_are(0).await;

        for (command, first) in commands[4..].iter().zip(&first[4..]) {
            assert_eq!(shop.ask(command.clone()).await, *first, "{command:?}");
            shop.until_live_actors_are(0).await;
        }
        assert_eq!(shop.ask(commands[1].clone()).await, first[1]);
        assert_eq!(shop.store.inner.stock(APPLE), APPLES - 1);
    }

    #[actix::test]
    async fn a_number_of_another_purchase_is_refused() {
        let mut shop = Shop::open(StoreDouble::plain(), ROOMY);
        let mine = accepted(shop.ask(create(1, &[(APPLE, 1)])).await);
        let stranger = OrderDraft {
            request_id: request_id("another"),
            ..draft(1, &[(APPLE, 5)])
        };

        let outcome = shop.ask(OrderCommand::Create(stranger)).await;

        assert_eq!(outcome.refusal, Some(Reason::OrderNumberTaken));
        assert_eq!(outcome.order, Some(mine));
        assert_eq!(shop.store.inner.stock(APPLE), APPLES - 1);
    }
}

mod idempotency_keys {
    use super::*;

    fn create_keyed(digits: u64, fingerprint: &str) -> OrderCommand {
        let idempotency = Idempotency {
            key: "key".parse().unwrap(),
            fingerprint: fingerprint.parse().unwrap(),
        };
        OrderCommand::Create(OrderDraft {
            idempotency: Some(idempotency),
            ..draft(digits, &[(APPLE, 1)])
        })
    }

    #[actix::test]
    async fn an_idempotency_key_finds_its_order_under_another_number() {
        let mut shop = Shop::open(StoreDouble::plain(), ROOMY);
        let first = accepted(shop.ask(create_keyed(1, "an apple")).await);

        let again = shop.ask(create_keyed(2, "an apple")).await;
        let another = shop.ask(create_keyed(3, "two apples")).await;

        assert_eq!(
            (again.number.clone(), accepted(again)),
            (Some(number(2)), Arc::clone(&first))
        );
        assert_eq!(
            (another.order, another.refusal),
            (Some(first), Some(Reason::IdempotencyKeyReused))
        );
        assert_eq!(shop.store.inner.stock(APPLE), APPLES - 1);
        // Only the first order's actor has something to wait for.
        shop.until_live_actors_are(1).await;
    }

    #[actix::test]
    async fn a_number_that_was_refused_for_its_key_is_not_an_order() {
        let mut shop = Shop::open(StoreDouble::plain(), ROOMY);
        shop.send(create_keyed(1, "an apple"));
        shop.send(create_keyed(2, "an apple"));
        shop.send(approve(2, "12000"));

        let outcomes = shop.outcomes(3).await;

        let of_the_approval = outcomes.into_iter().find(|(nth, _)| *nth == 2).unwrap().1;
        assert_eq!(
            (of_the_approval.order, of_the_approval.refusal),
            (None, Some(Reason::UnknownOrder))
        );
        let first = shop.store.inner.load(&number(1)).unwrap().unwrap();
        assert_eq!(first.state, OrderState::Created);
    }
}

mod stale_knowledge {
    use super::*;

    #[actix::test]
    async fn an_order_that_changed_behind_its_actor_is_decided_again() {
        let mut shop = Shop::open(StoreDouble::plain(), ROOMY);
        let order = accepted(shop.ask(create(1, &[(APPLE, 1)])).await);
        write_in_turn(&*shop.store.inner, &[reject(&order)]).unwrap();

        let outcome = shop.ask(approve(1, "12000")).await;

        assert_eq!(outcome.refusal, Some(Reason::AlreadyRejected));
        assert_eq!(
            outcome.order.unwrap().state,
            OrderState::Rejected(Reason::Expired)
        );
        assert_eq!(shop.store.inner.stock(APPLE), APPLES);
    }

    #[actix::test]
    async fn an_order_that_another_process_has_completed_is_done() {
        let mut shop = Shop::open(StoreDouble::plain(), ROOMY);
        let order = accepted(shop.ask(create(1, &[(APPLE, 1)])).await);
        write_in_turn(&*shop.store.inner, &[complete(&order, "key")]).unwrap();

        let paid = accepted(shop.ask(approve(1, "12000")).await);

        assert_eq!(
            (&paid.state, paid.revision),
            (&OrderState::Complete(payment("key", "12000")), 1)
        );
    }
}

mod unfinished_records {
    use super::*;

    #[actix::test]
    async fn a_record_is_unfinished_until_its_reply_is_acknowledged() {
        let mut shop = Shop::open(StoreDouble::plain(), ROOMY);
        shop.send(create(1, &[(APPLE, 1)]));
        let (_, reply) = shop.reply().await;
        until_idle().await;
        assert_eq!((shop.in_flight(), shop.commits()), (1, vec![(0, 0)]));

        reply.acknowledge();

        assert_eq!((shop.in_flight(), shop.commits()), (0, vec![(0, 1)]));
    }

    #[actix::test]
    async fn the_oldest_unfinished_record_holds_the_commit_back() {
        let mut shop = Shop::open(StoreDouble::plain(), ROOMY);
        (1..=3).for_each(|digits| shop.send(create(digits, &[(APPLE, 1)])));
        let mut replies = Vec::new();
        for _ in 0..3 {
            replies.push(shop.reply().await);
        }
        replies.sort_by_key(|(nth, _)| *nth);
        let [(_, first), (_, second), (_, third)] = <[_; 3]>::try_from(replies).ok().unwrap();

        third.acknowledge();
        second.acknowledge();
        assert_eq!(shop.commits(), [(0, 0)]);
        first.acknowledge();
        assert_eq!((shop.commits(), shop.in_flight()), (vec![(0, 3)], 0));
    }

    #[actix::test]
    async fn a_reply_that_is_dropped_frees_the_permit_and_not_the_offset() {
        let mut shop = Shop::open(StoreDouble::plain(), ROOMY);
        shop.send(create(1, &[(APPLE, 1)]));
        let (_, reply) = shop.reply().await;

        drop(reply);

        assert_eq!((shop.in_flight(), shop.commits()), (0, vec![(0, 0)]));
        let stored: Arc<_> = shop
            .store
            .inner
            .load(&number(1))
            .unwrap()
            .map(Arc::new)
            .unwrap();
        assert_eq!(accepted(shop.ask(create(1, &[(APPLE, 1)])).await), stored);
    }
}
