//! Actors go when their order needs none, when they are idle, or when there are too many; whoever comes meanwhile is served all the same.

use std::time::Duration;

use order_service::config::ActorSettings;
use order_service::domain::order::OrderState;
use shared::reason::Reason;

use crate::harness::doubles::StoreDouble;
use crate::harness::samples::*;
use crate::harness::shop::*;

/// The registry looks for idle actors so often.
const SWEEP: Duration = Duration::from_secs(1);

mod actors_of_finished_orders {
    use super::*;

    #[actix::test]
    async fn retire_at_once() {
        let mut shop = Shop::open(StoreDouble::plain(), ROOMY);
        shop.ask(create(1, &[(APPLE, 1)])).await;
        shop.ask(create(2, &[(APPLE, 1)])).await;
        assert_eq!(shop.live_actors(), 2);

        shop.ask(approve(1, "12000")).await;
        shop.until_live_actors_are(1).await;
        shop.ask(reject_command(2)).await;
        shop.until_live_actors_are(0).await;
    }

    #[actix::test]
    async fn retire_when_the_order_was_never_open() {
        let mut shop = Shop::open(StoreDouble::plain(), ROOMY);
        shop.ask(create(1, &[(NO_ITEM, 1)])).await;
        let outcome = shop.ask(approve(404, "1")).await;

        assert_eq!(
            (outcome.order, outcome.refusal),
            (None, Some(Reason::UnknownOrder))
        );
        shop.until_live_actors_are(0).await;
    }

    #[actix::test]
    async fn stay_when_a_command_to_an_open_order_is_refused() {
        let mut shop = Shop::open(StoreDouble::plain(), ROOMY);
        shop.ask(create(1, &[(APPLE, 1)])).await;
        let mut stranger = draft(1, &[(APPLE, 1)]);
        stranger.request_id = request_id("another");

        let outcome = shop
            .ask(order_service::domain::command::OrderCommand::Create(
                stranger,
            ))
            .await;

        assert_eq!(outcome.refusal, Some(Reason::OrderNumberTaken));
        until_idle().await;
        assert_eq!(shop.live_actors(), 1);
    }

    #[actix::test]
    async fn leave_commands_that_arrive_meanwhile_to_their_successors() {
        let mut shop = Shop::open(StoreDouble::plain(), ROOMY);
        shop.ask(create(1, &[(APPLE, 1)])).await;
        let paid = accepted(shop.ask(approve(1, "12000")).await);
        // The reply wakes this task before the actor's report wakes the registry: the next commands reach the registry together
        // with the report, while the actor is going, and are kept for a successor.
        let customers = actix::spawn(async move {
            for round in 0..50 {
                (0..3).for_each(|_| shop.send(approve(1, "12000")));
                let outcomes = shop.outcomes(3).await;
                assert!(
                    outcomes
                        .iter()
                        .map(|(nth, _)| *nth)
                        .eq(2 + 3 * round..5 + 3 * round)
                );
                assert!(
                    outcomes
                        .into_iter()
                        .all(|(_, outcome)| accepted(outcome) == paid)
                );
            }
            shop
        });
        let mut shop = customers.await.unwrap();
        assert!(
            shop.store.loads() > 1,
            "no successor has ever looked the order up"
        );
        shop.until_live_actors_are(0).await;
        assert_eq!(shop.commits(), [(0, 152)]);
    }
}

mod idle_actors {
    use super::*;

    const IDLE: Duration = Duration::from_secs(60);

    #[actix::test]
    async fn retire_and_a_late_command_is_served() {
        let mut shop = Shop::open(StoreDouble::plain(), ROOMY);
        shop.ask(create(1, &[(APPLE, 1)])).await;

        let_pass(IDLE - SWEEP).await;
        assert_eq!(shop.live_actors(), 1);
        let_pass(3 * SWEEP).await;
        shop.until_live_actors_are(0).await;

        let paid = accepted(shop.ask(approve(1, "12000")).await);
        assert_eq!(
            (paid.state.clone(), shop.store.loads()),
            (OrderState::Complete(payment("key", "12000")), 1)
        );
    }

    #[actix::test]
    async fn stay_when_a_command_comes_now_and_then() {
        let mut shop = Shop::open(StoreDouble::plain(), ROOMY);
        for _ in 0..3 {
            shop.ask(create(1, &[(APPLE, 1)])).await;
            let_pass(IDLE / 2).await;
        }
        assert_eq!((shop.live_actors(), shop.store.loads()), (1, 0));
    }
}

mod too_many_actors {
    use super::*;

    #[actix::test]
    async fn the_longest_idle_retire_and_their_orders_are_served_all_the_same() {
        let mut shop = Shop::open(
            StoreDouble::plain(),
            ActorSettings {
                max_live: 3,
                ..ROOMY
            },
        );
        for digits in 1..=10 {
            shop.ask(create(digits, &[(APPLE, 1)])).await;
        }
        shop.until_live_actors_are(3).await;

        for digits in 1..=10 {
            accepted(shop.ask(approve(digits, "12000")).await);
        }

        shop.until_live_actors_are(0).await;
        assert!(
            shop.store.loads() >= 7,
            "{} were looked up",
            shop.store.loads()
        );
        assert_eq!(shop.store.inner.stock(APPLE), APPLES - 10);
    }

    #[actix::test]
    async fn a_burst_is_answered_and_the_cap_holds_afterwards() {
        let mut shop = Shop::open(
            StoreDouble::plain(),
            ActorSettings {
                max_live: 5,
                ..ROOMY
            },
        );
        (1..=500).for_each(|digits| shop.send(create(digits, &[(APPLE, 1)])));

        let outcomes = shop.outcomes(500).await;

        assert!(
            outcomes
                .into_iter()
                .all(|(_, outcome)| accepted(outcome).state == OrderState::Created)
        );
        shop.until_live_actors_are(5).await;
    }
}
