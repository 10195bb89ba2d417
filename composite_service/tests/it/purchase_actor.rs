//! Purchases: they run to their end whoever listens, answer in time, and are no more than allowed.

use std::collections::HashSet;
use std::time::Duration;

use composite_service::actors::purchase_actor::NotBegun;
use composite_service::domain::order::{OrderCommand, OrderReply};
use composite_service::domain::purchase::Outcome;
use composite_service::ports::order_bus::Undelivered;
use composite_service::ports::payment::{CancelError, ConfirmAnswer};
use shared::budget;
use shared::reason::Reason;
use shared::trace::Arrival;
use shared::wire::order_dto::OrderStatus;
use tokio::time::{Instant, timeout};

use crate::doubles::{Recorder, ScriptedGateway};
use crate::harness::{
    LONG, Mall, arrival, basket, granted, nth_number, order, payment, purchases, trace,
};
use composite_service::domain::purchase::CommandAnswer;

mod a_purchase {
    use super::*;

    #[actix::test]
    async fn is_completed_and_leaves_no_command_waiting() {
        let mut mall = Mall::open(1);
        let outcome_rx = mall
            .purchases
            .place(basket(Some(payment("key"))), arrival())
            .unwrap();
        let created = OrderCommand::Create {
            number: nth_number(1),
            basket: basket(Some(payment("key"))),
            is_repetition: false,
        };
        assert_eq!(mall.bridge.grant().await, created);
        let (number, charged, answer_tx) = mall.gateway_call().await.confirm();
        assert_eq!((number, charged), (nth_number(1), payment("key")));
        answer_tx.send(ConfirmAnswer::Confirmed).unwrap();
        let approved = OrderCommand::Approve {
            number: nth_number(1),
            payment: payment("key"),
        };
        assert_eq!(mall.bridge.grant().await, approved);
        assert_eq!(
            outcome_rx.await,
            Ok(Outcome::Complete(order(
                &nth_number(1),
                OrderStatus::Complete
            )))
        );
        mall.close().await;
    }

    #[actix::test]
    async fn sends_its_commands_in_the_requests_trace_under_every_number() {
        let mut mall = Mall::open(1);
        let caller = Some(trace());
        let outcome_rx = mall
            .purchases
            .place(
                basket(None),
                Arrival {
                    caller,
                    ..arrival()
                },
            )
            .unwrap();
        let taken = mall.bridge.published().await;
        let refusal = OrderReply::Refused(Reason::OrderNumberTaken);
        mall.bridge.reply(&taken, refusal).await;
        let created = mall.bridge.published().await;
        mall.bridge.reply(&created, granted(&created.command)).await;
        assert!(matches!(outcome_rx.await, Ok(Outcome::Pending(_))));
        mall.close().await;

        for (command, nth) in [(taken, 1), (created, 2)] {
            assert_eq!(command.command.number(), &nth_number(nth));
            assert_eq!(command.trail.number(), &nth_number(nth));
            let context = command.trail.context();
            assert_eq!(
                Some(context.trace_id()),
                caller.map(|caller| caller.trace_id())
            );
        }
    }

    #[actix::test]
    async fn is_rejected_when_its_payment_is_declined() {
        let mut mall = Mall::open(1);
        let outcome_rx = mall.paying(7).await;
        let (_, _, answer_tx) = mall.gateway_call().await.confirm();
        answer_tx
            .send(ConfirmAnswer::Declined("over the limit"))
            .unwrap();
        let rejected = OrderCommand::Reject {
            number: nth_number(7),
            reason: Reason::PaymentDeclined,
            detail: Some("over the limit".to_owned()),
        };
        assert_eq!(mall.bridge.grant().await, rejected);
        let refused = Outcome::Refused {
            number: nth_number(7),
            reason: Reason::PaymentDeclined,
            detail: Some("over the limit".to_owned()),
            retry_at: None,
        };
        assert_eq!(outcome_rx.await, Ok(refused));
        mall.close().await;
    }

    #[actix::test]
    async fn keeps_its_basket_under_another_number() {
        let mut mall = Mall::open(1);
        let outcome_rx = mall.purchases.place(basket(None), arrival()).unwrap();
        let taken = mall.bridge.published().await;
        mall.bridge
            .reply(&taken, OrderReply::Refused(Reason::OrderNumberTaken))
            .await;
        assert_eq!(
            mall.bridge.grant().await,
            OrderCommand::Create {
                number: nth_number(2),
                basket: basket(None),
                is_repetition: false,
            }
        );
        assert_eq!(
            outcome_rx.await,
            Ok(Outcome::Pending(order(
                &nth_number(2),
                OrderStatus::Created
            )))
        );
        mall.close().await;
    }

    #[actix::test]
    async fn is_answered_at_once_and_refunded_when_the_order_has_expired() {
        tokio::time::pause();
        let mut mall = Mall::open(1);
        let outcome_rx = mall.paying(1).await;
        let (_, _, answer_tx) = mall.gateway_call().await.confirm();
        answer_tx.send(ConfirmAnswer::Confirmed).unwrap();
        let approval = mall.bridge.published().await;
        let expired = OrderReply::Rejected(
            order(&nth_number(1), OrderStatus::Rejected),
            Reason::Expired,
        );
        mall.bridge.reply(&approval, expired).await;
        let refused = Outcome::Refused {
            number: nth_number(1),
            reason: Reason::Expired,
            detail: None,
            retry_at: None,
        };
        assert_eq!(outcome_rx.await, Ok(refused));
        for answer in [
            Err(CancelError::NotYet("500".to_owned())),
            Err(CancelError::NotYet("429".to_owned())),
            Ok(()),
        ] {
            let (number, charged, reason, answer_tx) = mall.gateway_call().await.cancel();
            assert_eq!(
                (number, charged, reason),
                (nth_number(1), payment("key"), Reason::Expired)
            );
            answer_tx.send(answer).unwrap();
        }
        mall.close().await;
    }

    #[actix::test]
    async fn ends_when_the_gateway_refuses_for_good_to_give_the_money_back() {
        tokio::time::pause();
        let mut mall = Mall::open(1);
        let _outcome_rx = mall.paying(1).await;
        let (_, _, answer_tx) = mall.gateway_call().await.confirm();
        answer_tx.send(ConfirmAnswer::Confirmed).unwrap();
        let approval = mall.bridge.published().await;
        let expired = OrderReply::Rejected(
            order(&nth_number(1), OrderStatus::Rejected),
            Reason::Expired,
        );
        mall.bridge.reply(&approval, expired).await;
        let (_, _, _, answer_tx) = mall.gateway_call().await.cancel();
        let refused = CancelError::Refused("NOT_CANCELABLE_PAYMENT".to_owned());
        answer_tx.send(Err(refused)).unwrap();
        mall.close().await;
    }
}

mod a_command {
    use super::*;

    #[actix::test]
    async fn that_is_not_delivered_is_sent_again() {
        let mut mall = Mall::open(1);
        let outcome_rx = mall.purchases.place(basket(None), arrival()).unwrap();
        (mall.bridge.published().await.on_undelivered)(Undelivered::Unknown);
        mall.bridge.grant().await;
        assert!(matches!(outcome_rx.await, Ok(Outcome::Pending(_))));
        mall.close().await;
    }

    #[actix::test]
    async fn that_exceeds_the_bridges_mailbox_is_not_sent_and_its_shopper_told() {
        let (bridge, mut sent_rx) = Recorder::start();
        let purchases = purchases(bridge, ScriptedGateway::new().0, 100);
        let outcomes: Vec<_> = (0..100)
            .map(|_| purchases.place(basket(None), arrival()).unwrap())
            .collect();
        actix::spawn(async move {
            while let Some(message) = sent_rx.recv().await {
                let reply = CommandAnswer::Replied(granted(&message.command));
                message.answer_tx.send(reply).unwrap();
            }
        });
        let (mut sent, mut unavailable) = (0, 0);
        for outcome_rx in outcomes {
            match outcome_rx.await.unwrap() {
                Outcome::Pending(_) => sent += 1,
                Outcome::Unavailable => unavailable += 1,
                outcome => panic!("{outcome:?}"),
            }
        }
        assert!(sent > 0 && unavailable > 0, "{sent}, {unavailable}");
    }

    #[actix::test]
    async fn without_a_reply_is_repeated_after_half_to_all_of_the_delay() {
        tokio::time::pause();
        let mut mall = Mall::open(1);
        let outcome_rx = mall.purchases.place(basket(None), arrival()).unwrap();
        let first = mall.bridge.published().await;
        let sent_at = Instant::now();
        let second = mall.bridge.published().await;
        let waited = sent_at.elapsed() - budget::REPLY_WAIT;
        assert!((50..=250).contains(&waited.as_millis()), "{waited:?}");
        for (published, is_repetition) in [(&first, false), (&second, true)] {
            let created = OrderCommand::Create {
                number: nth_number(1),
                basket: basket(None),
                is_repetition,
            };
            assert_eq!(published.command, created);
        }
        assert_ne!(first.correlation_id(), second.correlation_id());
        mall.bridge
            .reply(&first, OrderReply::Refused(Reason::InternalError))
            .await;
        mall.bridge.reply(&second, granted(&second.command)).await;
        assert_eq!(
            outcome_rx.await,
            Ok(Outcome::Pending(order(
                &nth_number(1),
                OrderStatus::Created
            )))
        );
        mall.close().await;
    }
}

mod a_shopper {
    use super::*;

    #[actix::test]
    async fn hears_the_number_at_the_deadline_and_the_purchase_goes_on() {
        tokio::time::pause();
        let mut mall = Mall::open(1);
        let begin = Instant::now();
        let outcome_rx = mall
            .purchases
            .place(basket(Some(payment("key"))), arrival())
            .unwrap();
        assert_eq!(outcome_rx.await, Ok(Outcome::Late(nth_number(1))));
        assert!(begin.elapsed() - budget::HTTP_ANSWER < Duration::from_millis(10));
        // The first was overdue meanwhile.
        mall.bridge.published().await;
        mall.bridge.grant().await;
        let (_, _, answer_tx) = mall.gateway_call().await.confirm();
        tokio::time::advance(budget::HTTP_ANSWER).await;
        answer_tx.send(ConfirmAnswer::Confirmed).unwrap();
        assert!(matches!(
            mall.bridge.grant().await,
            OrderCommand::Approve { .. }
        ));
        mall.close().await;
    }

    #[actix::test]
    async fn who_has_gone_does_not_stop_the_purchase() {
        let mut mall = Mall::open(1);
        drop(
            mall.purchases
                .place(basket(Some(payment("key"))), arrival())
                .unwrap(),
        );
        mall.bridge.grant().await;
        let (_, _, answer_tx) = mall.gateway_call().await.confirm();
        answer_tx.send(ConfirmAnswer::Confirmed).unwrap();
        assert!(matches!(
            mall.bridge.grant().await,
            OrderCommand::Approve { .. }
        ));
        mall.close().await;
    }
}

mod an_unknown_charge {
    use super::*;

    #[actix::test]
    async fn is_left_to_the_review_before_that_begins() {
        tokio::time::pause();
        let mut mall = Mall::open(1);
        let outcome_rx = mall.paying(1).await;
        let begin = Instant::now();
        let mut asked_at = begin.elapsed();
        while let Ok(call) = timeout(Duration::from_secs(120), mall.gateway_call()).await {
            asked_at = begin.elapsed();
            drop(call.confirm());
        }
        assert_eq!(outcome_rx.await, Ok(Outcome::Late(nth_number(1))));
        assert!(
            (Duration::from_secs(10)..Duration::from_secs(45)).contains(&asked_at),
            "{asked_at:?}"
        );
        mall.close().await;
    }
}

mod permits {
    use super::*;

    #[actix::test]
    async fn beyond_the_limit_are_refused_until_a_purchase_has_ended() {
        tokio::time::pause();
        let mut mall = Mall::open(2);
        let second_rx = mall.paying(9).await;
        let first_rx = mall.purchases.place(basket(None), arrival()).unwrap();
        assert_eq!(
            mall.purchases.place(basket(None), arrival()).unwrap_err(),
            NotBegun::Overloaded
        );
        assert_eq!(
            mall.purchases
                .pay(nth_number(9), payment("key"), None, arrival())
                .unwrap_err(),
            NotBegun::Overloaded
        );
        mall.bridge.grant().await;
        assert!(matches!(first_rx.await, Ok(Outcome::Pending(_))));
        // Answered, but not ended.
        assert!(matches!(second_rx.await, Ok(Outcome::Late(_))));
        let third_rx = mall.purchases.place(basket(None), arrival()).unwrap();
        assert_eq!(
            mall.purchases.place(basket(None), arrival()).unwrap_err(),
            NotBegun::Overloaded
        );
        mall.bridge.grant().await;
        assert!(matches!(third_rx.await, Ok(Outcome::Pending(_))));
        let (_, _, answer_tx) = mall.gateway_call().await.confirm();
        answer_tx.send(ConfirmAnswer::PaidOtherwise).unwrap();
        mall.close().await;
    }
}

mod draining {
    use super::*;

    #[actix::test]
    async fn ends_at_once_without_purchases_and_lets_none_start() {
        tokio::time::pause();
        let mall = Mall::open(3);
        let begin = Instant::now();
        assert_eq!(mall.purchases.drain(LONG, 3).await, 0);
        assert_eq!(begin.elapsed(), Duration::ZERO);
        assert_eq!(
            mall.purchases.place(basket(None), arrival()).unwrap_err(),
            NotBegun::Overloaded
        );
    }

    #[actix::test]
    async fn waits_for_the_purchases_under_way() {
        let mut mall = Mall::open(3);
        let outcome_rx = mall.purchases.place(basket(None), arrival()).unwrap();
        let purchases = mall.purchases.clone();
        let (left, _) = tokio::join!(purchases.drain(LONG, 3), mall.bridge.grant());
        assert_eq!(left, 0);
        assert!(matches!(outcome_rx.await, Ok(Outcome::Pending(_))));
        mall.close().await;
    }

    #[actix::test]
    async fn counts_the_purchases_that_are_left_at_its_end() {
        tokio::time::pause();
        let mall = Mall::open(5);
        let _outcomes = [
            mall.purchases
                .pay(nth_number(1), payment("a"), None, arrival()),
            mall.purchases
                .pay(nth_number(2), payment("b"), None, arrival()),
        ];
        let begin = Instant::now();
        assert_eq!(mall.purchases.drain(Duration::from_secs(20), 5).await, 2);
        assert_eq!(begin.elapsed().as_secs(), 20);
        assert_eq!(
            mall.purchases.place(basket(None), arrival()).unwrap_err(),
            NotBegun::Overloaded
        );
    }
}

mod crowds {
    use super::*;

    const CROWD: u64 = 1_000;

    #[actix::test]
    async fn of_a_thousand_shoppers_each_get_their_own_order() {
        let mut mall = Mall::open(CROWD as usize);
        let baskets: Vec<_> = (0..CROWD)
            .map(|nth| basket((nth % 2 == 0).then(|| payment(&format!("key-{nth}")))))
            .collect();
        let outcomes: Vec<_> = baskets
            .iter()
            .map(|basket| mall.purchases.place(basket.clone(), arrival()).unwrap())
            .collect();
        answer_in_reverse(&mut mall, CROWD).await;
        assert_eq!(mall.bridge.waiters().await, 0);
        let mut keys = HashSet::new();
        for _ in 0..CROWD / 2 {
            let (_, payment, answer_tx) = mall.gateway_call().await.confirm();
            keys.insert(payment.key);
            answer_tx.send(ConfirmAnswer::Confirmed).unwrap();
        }
        assert_eq!(keys.len() as u64, CROWD / 2);
        answer_in_reverse(&mut mall, CROWD / 2).await;
        for (nth, (outcome_rx, basket)) in (1..).zip(outcomes.into_iter().zip(baskets)) {
            let number = nth_number(nth);
            let expected = match basket.payment {
                Some(_) => Outcome::Complete(order(&number, OrderStatus::Complete)),
                None => Outcome::Pending(order(&number, OrderStatus::Created)),
            };
            assert_eq!(outcome_rx.await, Ok(expected));
        }
        mall.close().await;
    }

    /// Takes so many commands, and grants the last first.
    async fn answer_in_reverse(mall: &mut Mall, commands: u64) {
        let mut published = Vec::new();
        for _ in 0..commands {
            published.push(mall.bridge.published().await);
        }
        for command in published.iter().rev() {
            mall.bridge.reply(command, granted(&command.command)).await;
        }
    }
}
