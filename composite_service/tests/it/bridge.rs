//! The bridge: each command has one answer, and each reply finds its asker.

use std::sync::Arc;

use composite_service::actors::kafka_bridge::SendCommand;
use composite_service::domain::order::{OrderCommand, OrderReply};
use composite_service::domain::purchase::CommandAnswer;
use shared::budget;
use shared::reason::Reason;
use tokio::sync::oneshot;
use tokio::time::Instant;
use uuid::Uuid;

use crate::doubles::{ClosedBus, Published, SinkingBus};
use crate::harness::{Bridge, HOME, REPLY_TOPIC, granted, nth_number, trail};

type Answer = oneshot::Receiver<CommandAnswer>;

fn reject(nth: u64) -> OrderCommand {
    OrderCommand::Reject {
        number: nth_number(nth),
        reason: Reason::PaymentDeclined,
        detail: None,
    }
}

fn granted_reject(nth: u64) -> CommandAnswer {
    CommandAnswer::Replied(granted(&reject(nth)))
}

/// Sends a command, and waits until the bridge has handled it.
async fn send(bridge: &Bridge, nth: u64) -> Answer {
    let (answer_tx, answer_rx) = oneshot::channel();
    let message = SendCommand {
        command: reject(nth),
        answer_tx,
        trail: trail(nth),
    };
    bridge.postbox.try_send(message).unwrap();
    bridge.has_handled_all().await;
    answer_rx
}

/// Sends a command, and returns it as it was published.
async fn ask(bridge: &mut Bridge, nth: u64) -> (Published, Answer) {
    let answer_rx = send(bridge, nth).await;
    (bridge.published().await, answer_rx)
}

mod routing {
    use super::*;

    #[actix::test]
    async fn replies_in_another_order_find_their_askers() {
        let mut bridge = Bridge::start();
        let (one, first) = ask(&mut bridge, 1).await;
        let (two, second) = ask(&mut bridge, 2).await;
        assert_eq!(bridge.waiters().await, 2);
        for published in [&two, &one] {
            bridge.reply(published, granted(&published.command)).await;
        }
        assert_eq!(first.await, Ok(granted_reject(1)));
        assert_eq!(second.await, Ok(granted_reject(2)));
        assert_eq!(bridge.waiters().await, 0);
    }

    #[actix::test]
    async fn of_a_doubled_reply_the_first_is_the_answer() {
        let mut bridge = Bridge::start();
        let (published, answer) = ask(&mut bridge, 1).await;
        for reason in [Reason::Expired, Reason::AlreadyPaid] {
            bridge.reply(&published, OrderReply::Refused(reason)).await;
        }
        let first = CommandAnswer::Replied(OrderReply::Refused(Reason::Expired));
        assert_eq!(answer.await, Ok(first));
    }

    #[actix::test]
    async fn a_reply_to_another_instance_is_heard_by_nobody() {
        let mut bridge = Bridge::start();
        let (published, mut answer) = ask(&mut bridge, 1).await;
        let theirs = Uuid::from_u128(99);
        bridge.reply_to(theirs, granted(&published.command)).await;
        assert_eq!(bridge.waiters().await, 1);
        assert!(answer.try_recv().is_err());
    }

    #[actix::test]
    async fn an_asker_that_has_gone_costs_the_others_nothing() {
        let mut bridge = Bridge::start();
        let (lost, gone) = ask(&mut bridge, 1).await;
        drop(gone);
        let (published, answer) = ask(&mut bridge, 2).await;
        for published in [&lost, &published] {
            bridge.reply(published, granted(&published.command)).await;
        }
        assert_eq!(answer.await, Ok(granted_reject(2)));
        assert_eq!(bridge.waiters().await, 0);
    }

    #[actix::test]
    async fn a_sender_gets_the_answer_to_its_command() {
        let mut bridge = Bridge::start();
        let answer = bridge.commands().send(reject(1), &trail(1));
        assert_eq!(bridge.grant().await, reject(1));
        assert_eq!(answer.await, granted_reject(1));
    }

    #[actix::test]
    async fn a_command_leaves_although_nobody_waits_for_its_answer() {
        let mut bridge = Bridge::start();
        drop(bridge.commands().send(reject(1), &trail(1)));
        assert_eq!(bridge.grant().await, reject(1));
        assert_eq!(bridge.waiters().await, 0);
    }
}

mod addressing {
    use super::*;

    #[actix::test]
    async fn each_command_asks_for_its_reply_at_home_by_an_id_of_its_own() {
        let mut bridge = Bridge::start();
        for nth in 1..=3 {
            let (published, _) = ask(&mut bridge, nth).await;
            let address = &published.address;
            assert_eq!(published.command, reject(nth));
            assert_eq!(
                (address.topic.as_str(), address.partition),
                (REPLY_TOPIC, Some(HOME))
            );
            assert_eq!(published.correlation_id(), Uuid::from_u128(nth.into()));
        }
    }

    #[actix::test]
    async fn the_next_command_names_a_home_that_has_moved() {
        let mut bridge = Bridge::start();
        bridge.home_tx.send_replace(Some(7));
        assert_eq!(ask(&mut bridge, 1).await.0.address.partition, Some(7));
    }

    #[actix::test]
    async fn without_a_home_no_command_leaves() {
        let mut bridge = Bridge::start();
        bridge.home_tx.send_replace(None);
        assert_eq!(send(&bridge, 1).await.await, Ok(CommandAnswer::NotSent));
        assert!(bridge.published_rx.try_recv().is_err());
        assert_eq!(bridge.waiters().await, 0);
    }
}

mod delivery {
    use super::*;

    #[actix::test]
    async fn a_command_that_the_bus_does_not_take_is_not_sent() {
        let bridge = Bridge::over(Arc::new(ClosedBus));
        assert_eq!(send(&bridge, 1).await.await, Ok(CommandAnswer::NotSent));
    }

    #[actix::test]
    async fn a_command_that_is_given_up_before_it_is_registered_is_overdue() {
        let bridge = Bridge::over(Arc::new(SinkingBus));
        assert_eq!(send(&bridge, 1).await.await, Ok(CommandAnswer::Overdue));
    }

    #[actix::test]
    async fn a_command_that_is_given_up_is_overdue_and_its_reply_comes_too_late() {
        let mut bridge = Bridge::start();
        let (published, answer) = ask(&mut bridge, 1).await;
        let (id, reply) = (published.correlation_id(), granted(&published.command));
        (published.on_undelivered)();
        assert_eq!(answer.await, Ok(CommandAnswer::Overdue));
        bridge.reply_to(id, reply).await;
        assert_eq!(bridge.waiters().await, 0);
    }

    #[actix::test]
    async fn a_reply_stands_although_the_delivery_is_given_up_afterwards() {
        let mut bridge = Bridge::start();
        let (published, answer) = ask(&mut bridge, 1).await;
        bridge.reply(&published, granted(&published.command)).await;
        (published.on_undelivered)();
        assert_eq!(bridge.waiters().await, 0);
        assert_eq!(answer.await, Ok(granted_reject(1)));
    }
}

mod without_a_reply {
    use super::*;

    #[actix::test]
    async fn a_command_is_overdue_when_the_wait_is_over_and_its_reply_comes_too_late() {
        tokio::time::pause();
        let mut bridge = Bridge::start();
        let (published, answer) = ask(&mut bridge, 1).await;
        let sent_at = Instant::now();
        assert_eq!(answer.await, Ok(CommandAnswer::Overdue));
        let waited = sent_at.elapsed();
        assert!(
            (budget::REPLY_WAIT..budget::HTTP_ANSWER).contains(&waited),
            "{waited:?}"
        );
        bridge.reply(&published, granted(&published.command)).await;
        assert_eq!(bridge.waiters().await, 0);
    }

    #[actix::test]
    async fn each_command_is_overdue_in_its_own_time() {
        tokio::time::pause();
        let mut bridge = Bridge::start();
        let begin = Instant::now();
        let (_, first) = ask(&mut bridge, 1).await;
        tokio::time::advance(budget::REPLY_WAIT / 2).await;
        let (_, second) = ask(&mut bridge, 2).await;
        for (answer, due) in [
            (first, budget::REPLY_WAIT),
            (second, budget::REPLY_WAIT * 3 / 2),
        ] {
            assert_eq!(answer.await, Ok(CommandAnswer::Overdue));
            let late = begin.elapsed() - due;
            assert!(late.as_millis() <= 200, "{late:?}");
        }
    }
}
