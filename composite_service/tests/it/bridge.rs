//! The bridge: each command has one answer, and each reply finds its asker.

use std::sync::Arc;

use composite_service::actors::kafka_bridge::{PeerSeen, SendCommand};
use composite_service::domain::correlation::correlation_id;
use composite_service::domain::order::{Basket, OrderCommand, OrderReply};
use composite_service::domain::peer::{Peer, PeerKnowledge, Replier, Unsupported};
use composite_service::domain::purchase::CommandAnswer;
use composite_service::ports::order_bus::Undelivered;
use shared::budget;
use shared::reason::Reason;
use tokio::sync::oneshot;
use tokio::time::Instant;
use uuid::Uuid;

use crate::doubles::{ClosedBus, Published, SinkingBus};
use crate::harness::{Bridge, HOME, REPLY_TOPIC, basket, granted, nth_number, payment, trail};

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
    send_this(bridge, reject(nth)).await
}

async fn send_this(bridge: &Bridge, command: OrderCommand) -> Answer {
    let (answer_tx, answer_rx) = oneshot::channel();
    let message = SendCommand {
        command,
        answer_tx,
        trail: trail(1),
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
            let id = correlation_id(Uuid::from_u128(nth.into()));
            assert_eq!(published.correlation_id(), id);
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
        (published.on_undelivered)(Undelivered::Unknown);
        assert_eq!(answer.await, Ok(CommandAnswer::Overdue));
        bridge.reply_to(id, reply).await;
        assert_eq!(bridge.waiters().await, 0);
    }

    #[actix::test]
    async fn a_command_that_the_brokers_refuse_is_not_sent() {
        let mut bridge = Bridge::start();
        let (published, answer) = ask(&mut bridge, 1).await;
        (published.on_undelivered)(Undelivered::Refused);
        assert_eq!(answer.await, Ok(CommandAnswer::NotSent));
        assert_eq!(bridge.waiters().await, 0);
    }

    #[actix::test]
    async fn a_reply_stands_although_the_delivery_is_given_up_afterwards() {
        let mut bridge = Bridge::start();
        let (published, answer) = ask(&mut bridge, 1).await;
        bridge.reply(&published, granted(&published.command)).await;
        (published.on_undelivered)(Undelivered::Unknown);
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

mod the_order_service {
    use super::*;

    fn create(basket: Basket, is_repetition: bool) -> OrderCommand {
        OrderCommand::Create {
            number: nth_number(1),
            basket,
            is_repetition,
        }
    }

    fn simple() -> OrderCommand {
        create(basket(None), false)
    }

    fn paid() -> OrderCommand {
        create(basket(Some(payment("key"))), false)
    }

    fn pay() -> OrderCommand {
        OrderCommand::Pay {
            number: nth_number(1),
            payment: payment("key"),
            idempotency: None,
        }
    }

    async fn see(bridge: &Bridge, peer: Peer) {
        bridge.postbox.try_send(PeerSeen(peer)).unwrap();
        bridge.has_handled_all().await;
    }

    async fn is_sent(bridge: &mut Bridge, command: OrderCommand) -> bool {
        let _answer = send_this(bridge, command).await;
        bridge.published_rx.try_recv().is_ok()
    }

    #[actix::test]
    async fn of_spring_gets_nothing_but_simple_creates_and_those_once() {
        let mut bridge = Bridge::to(PeerKnowledge::fixed(Peer::Spring));
        for (command, what) in [
            (pay(), Unsupported::Payment),
            (paid(), Unsupported::Payment),
            (create(basket(None), true), Unsupported::Repetition),
        ] {
            let answer = send_this(&bridge, command).await.await;
            assert_eq!(answer, Ok(CommandAnswer::NotSupported(what)));
        }
        assert_eq!(send(&bridge, 1).await.await, Ok(CommandAnswer::NotSent));
        assert!(bridge.published_rx.try_recv().is_err());
        assert!(is_sent(&mut bridge, simple()).await);
    }

    #[actix::test]
    async fn that_is_not_known_gets_no_more_until_it_is_found_out() {
        tokio::time::pause();
        let mut bridge = Bridge::to(PeerKnowledge::unknown());
        for command in [pay(), paid(), create(basket(None), true), reject(1)] {
            let answer = send_this(&bridge, command).await.await;
            assert_eq!(answer, Ok(CommandAnswer::NotSent));
        }
        assert!(is_sent(&mut bridge, simple()).await);
        see(&bridge, Peer::Mall).await;
        for command in [pay(), paid(), create(basket(None), true), reject(1)] {
            assert!(is_sent(&mut bridge, command).await);
        }
        see(&bridge, Peer::Spring).await;
        assert!(!is_sent(&mut bridge, pay()).await);
    }

    #[actix::test]
    async fn is_found_out_for_the_commands_that_wait_for_it() {
        for (peer, is_mall) in [(Peer::Mall, true), (Peer::Spring, false)] {
            let mut bridge = Bridge::to(PeerKnowledge::unknown());
            let [_, mut second] = [
                send_this(&bridge, pay()).await,
                send_this(&bridge, paid()).await,
            ];
            see(&bridge, Peer::Unknown).await;
            assert!(bridge.published_rx.try_recv().is_err());
            see(&bridge, peer).await;
            let sent = [(); 2].map(|()| bridge.published_rx.try_recv().ok());
            let sent = sent.map(|published| published.map(|published| published.command));
            if is_mall {
                assert_eq!(sent, [Some(pay()), Some(paid())]);
            } else {
                assert_eq!(sent, [None, None]);
                let answer = CommandAnswer::NotSupported(Unsupported::Payment);
                assert_eq!(second.try_recv(), Ok(answer));
            }
        }
    }

    #[actix::test]
    async fn is_known_by_its_replies() {
        for (by, is_mall) in [
            (Replier::Mall, true),
            (Replier::Unnamed, false),
            (Replier::Other, false),
        ] {
            let mut bridge = Bridge::to(PeerKnowledge::unknown());
            let answer = send_this(&bridge, simple()).await;
            let id = bridge.published().await.correlation_id();
            let reply = granted(&simple());
            bridge.reply_by(by, id, reply.clone()).await;
            let expected = if is_mall {
                CommandAnswer::Replied(reply)
            } else {
                CommandAnswer::RepliedByStranger(reply)
            };
            assert_eq!(answer.await, Ok(expected));
            assert_eq!(is_sent(&mut bridge, pay()).await, is_mall, "{by:?}");
        }
    }

    #[actix::test]
    async fn that_is_replaced_by_springs_is_noticed_by_its_first_reply() {
        let mut bridge = Bridge::to(PeerKnowledge::unknown());
        see(&bridge, Peer::Mall).await;
        let answer = send_this(&bridge, paid()).await;
        let id = bridge.published().await.correlation_id();
        let reply = granted(&paid());
        bridge.reply_by(Replier::Other, id, reply.clone()).await;
        assert_eq!(answer.await, Ok(CommandAnswer::RepliedByStranger(reply)));
        see(&bridge, Peer::Mall).await;
        assert!(!is_sent(&mut bridge, pay()).await);
    }
}
