//! Group commit: what waits while a write is in flight goes into the next, one failure is one order's own, and nothing is lost.

use std::sync::Arc;

use order_service::config::ActorSettings;
use order_service::domain::decide::Transition;
use order_service::domain::order::OrderState;
use order_service::ports::order_store::{OrderStore, StoreError};
use shared::reason::Reason;

use crate::harness::doubles::{Fault, Gate, StoreDouble};
use crate::harness::samples::*;
use crate::harness::shop::*;

/// A store whose writes wait at a gate, with what goes wrong behind it.
fn gated(
    gate: &Arc<Gate>,
    script: impl Fn(usize, &[Transition]) -> Fault + Send + Sync + 'static,
) -> StoreDouble {
    let gate = Arc::clone(gate);
    StoreDouble::on_apply(move |nth, batch| {
        gate.pass();
        script(nth, batch)
    })
}

fn unavailable() -> StoreError {
    StoreError::Unavailable("by the test".into())
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
    async fn given_a_write_in_flight_then_all_that_comes_meanwhile_is_the_next_write() {
        let gate = Arc::new(Gate::default());
        let mut shop = Shop::open(gated(&gate, |_, _| Fault::None), ROOMY);
        send_behind_the_gate(&mut shop, &gate, 20).await;
        assert_eq!(shop.store.batches(), [1]);

        gate.open();

        shop.outcomes(21).await;
        assert_eq!(shop.store.batches(), [1, 20]);
        assert_eq!(shop.store.inner.stock(APPLE), APPLES - 21);
    }

    #[actix::test]
    async fn given_more_than_a_batch_may_have_then_it_is_split_and_keeps_its_order() {
        let gate = Arc::new(Gate::default());
        let settings = ActorSettings {
            max_batch: 8,
            ..ROOMY
        };
        let mut shop = Shop::open(gated(&gate, |_, _| Fault::None), settings);
        send_behind_the_gate(&mut shop, &gate, 20).await;

        gate.open();

        let outcomes = shop.outcomes(21).await;
        assert_eq!(shop.store.batches(), [1, 8, 8, 4]);
        assert!(outcomes.iter().map(|(nth, _)| *nth).eq(0..21));
    }

    #[actix::test]
    async fn given_nothing_in_flight_then_each_command_is_written_at_once() {
        let mut shop = Shop::open(StoreDouble::plain(), ROOMY);
        for digits in 1..=3 {
            shop.ask(create(digits, &[(APPLE, 1)])).await;
        }
        assert_eq!(shop.store.batches(), [1, 1, 1]);
    }
}

mod refusals {
    use super::*;

    #[actix::test]
    async fn given_one_transition_that_the_store_refuses_then_its_neighbours_are_stored() {
        let gate = Arc::new(Gate::default());
        let store = gated(&gate, |_, batch| {
            let is_refused = batch.iter().any(|transition| matches!(transition, Transition::Open(draft) if draft.number == number(7)));
            if is_refused {
                Fault::Before(StoreError::Refused("by the test".into()))
            } else {
                Fault::None
            }
        });
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
    async fn given_a_store_that_is_away_for_a_while_then_it_is_asked_again_and_nothing_is_lost() {
        let gate = Arc::new(Gate::default());
        let store = gated(&gate, |nth, _| {
            if (1..4).contains(&nth) {
                Fault::Before(unavailable())
            } else {
                Fault::None
            }
        });
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
    async fn given_a_store_that_can_not_be_read_for_a_while_then_it_is_asked_again() {
        let store = StoreDouble::on_load(|nth| {
            if nth < 3 {
                Fault::Before(unavailable())
            } else {
                Fault::None
            }
        });
        let order = store.inner.apply(&[open(draft(1, &[(APPLE, 1)]))]);
        assert!(order.is_ok());
        let mut shop = Shop::open(store, ROOMY);

        let paid = accepted(shop.ask(approve(1, "12000")).await);

        assert_eq!(
            (paid.state.clone(), shop.store.loads()),
            (OrderState::Complete(payment("key", "12000")), 4)
        );
    }

    #[actix::test]
    async fn given_writes_whose_answers_are_lost_then_each_command_still_gets_its_own_answer_and_is_done_once()
     {
        // The first try of every write is done, and told to have failed.
        let answer_is_lost = |nth, _: &[Transition]| {
            if nth % 2 == 0 {
                Fault::After(unavailable())
            } else {
                Fault::None
            }
        };
        let mut shop = Shop::open(StoreDouble::on_apply(answer_is_lost), ROOMY);

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
