//! The bridge: each command has one answer, and each reply finds its asker.

use std::sync::Arc;

use actix::{Actor, Addr, Recipient};
use composite_service::actors::kafka_bridge::{
    CommandAnswered, KafkaBridge, ReplyArrived, SendCommand,
};
use composite_service::domain::order::{OrderCommand, OrderReply};
use composite_service::domain::purchase::CommandAnswer;
use shared::budget;
use shared::mailboxes::Ticket;
use shared::reason::Reason;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;
use uuid::Uuid;

use crate::doubles::{ClosedBus, Gone, Published, Recorder, SinkingBus};
use crate::harness::{Bridge, HOME, REPLY_TOPIC, granted, nth_number, trail};

type Asker = Recipient<CommandAnswered>;
type Answers = UnboundedReceiver<CommandAnswered>;

fn reject(nth: u64) -> OrderCommand {
    OrderCommand::Reject {
        number: nth_number(nth),
        reason: Reason::PaymentDeclined,
        detail: None,
    }
}

/// Sends a command, and returns it as it was published.
async fn ask(bridge: &mut Bridge, nth: u64, asker: &Asker) -> Published {
    bridge
        .addr
        .send(SendCommand {
            command: reject(nth),
            asker: asker.clone(),
            trail: trail(nth),
            ticket: Ticket::default(),
        })
        .await
        .unwrap();
    bridge.published().await
}

/// What the bridge answers a command that it does not publish.
async fn answer_unpublished(bridge: &Addr<KafkaBridge>) -> CommandAnswer {
    let (asker, mut answers) = Recorder::start();
    bridge
        .send(SendCommand {
            command: reject(1),
            asker,
            trail: trail(1),
            ticket: Ticket::default(),
        })
        .await
        .unwrap();
    next(&mut answers).await
}

async fn next(answers: &mut Answers) -> CommandAnswer {
    answers.recv().await.unwrap().0
}

/// Nothing has been sent to the asker so far: what is sent now comes first.
async fn hears_nothing(asker: &Asker, answers: &mut Answers) {
    let marker = CommandAnswer::Replied(OrderReply::Refused(Reason::CouponUsed));
    asker.send(CommandAnswered(marker.clone())).await.unwrap();
    assert_eq!(next(answers).await, marker);
}

mod routing {
    use super::*;

    #[actix::test]
    async fn given_two_askers_when_the_replies_come_in_the_opposite_order_then_each_gets_its_own() {
        let mut bridge = Bridge::start();
        let ((first, mut first_answers), (second, mut second_answers)) =
            (Recorder::start(), Recorder::start());
        let one = ask(&mut bridge, 1, &first).await;
        let two = ask(&mut bridge, 2, &second).await;
        assert_eq!(bridge.waiters().await, 2);
        for published in [&two, &one] {
            bridge.reply(published, granted(&published.command)).await;
        }
        assert_eq!(
            next(&mut first_answers).await,
            CommandAnswer::Replied(granted(&reject(1)))
        );
        assert_eq!(
            next(&mut second_answers).await,
            CommandAnswer::Replied(granted(&reject(2)))
        );
        assert_eq!(bridge.waiters().await, 0);
    }

    #[actix::test]
    async fn given_a_doubled_reply_when_it_comes_then_its_asker_hears_of_the_first_only() {
        let mut bridge = Bridge::start();
        let (asker, mut answers) = Recorder::start();
        let published = ask(&mut bridge, 1, &asker).await;
        for reason in [Reason::Expired, Reason::AlreadyPaid] {
            bridge.reply(&published, OrderReply::Refused(reason)).await;
        }
        assert_eq!(
            next(&mut answers).await,
            CommandAnswer::Replied(OrderReply::Refused(Reason::Expired))
        );
        hears_nothing(&asker, &mut answers).await;
    }

    #[actix::test]
    async fn given_a_reply_to_somebody_else_when_it_comes_then_nobody_hears_of_it() {
        let mut bridge = Bridge::start();
        let (asker, mut answers) = Recorder::start();
        let published = ask(&mut bridge, 1, &asker).await;
        let foreign = ReplyArrived {
            correlation_id: Uuid::from_u128(99),
            reply: granted(&published.command),
            ticket: Ticket::default(),
        };
        bridge.addr.send(foreign).await.unwrap();
        assert_eq!(bridge.waiters().await, 1);
        hears_nothing(&asker, &mut answers).await;
    }

    #[actix::test]
    async fn given_an_asker_that_has_gone_when_its_reply_comes_then_the_others_still_get_theirs() {
        let mut bridge = Bridge::start();
        let lost = ask(&mut bridge, 1, &Gone.start().recipient()).await;
        let (asker, mut answers) = Recorder::start();
        let published = ask(&mut bridge, 2, &asker).await;
        for published in [&lost, &published] {
            bridge.reply(published, granted(&published.command)).await;
        }
        assert_eq!(
            next(&mut answers).await,
            CommandAnswer::Replied(granted(&reject(2)))
        );
        assert_eq!(bridge.waiters().await, 0);
    }
}

mod addressing {
    use super::*;

    #[actix::test]
    async fn given_a_home_when_commands_are_sent_then_each_asks_for_its_reply_there_by_an_id_of_its_own()
     {
        let mut bridge = Bridge::start();
        let (asker, _answers) = Recorder::start();
        for nth in 1..=3 {
            let Published {
                command, address, ..
            } = ask(&mut bridge, nth, &asker).await;
            assert_eq!(command, reject(nth));
            assert_eq!(
                (address.topic.as_str(), address.partition),
                (REPLY_TOPIC, Some(HOME))
            );
            assert_eq!(
                address.correlation_id,
                Some(Uuid::from_u128(nth.into()).as_bytes().to_vec())
            );
        }
    }

    #[actix::test]
    async fn given_a_home_that_moves_then_the_next_command_names_the_new_one() {
        let mut bridge = Bridge::start();
        let (asker, _answers) = Recorder::start();
        bridge.home_tx.send_replace(Some(7));
        assert_eq!(ask(&mut bridge, 1, &asker).await.address.partition, Some(7));
    }

    #[actix::test]
    async fn given_no_home_when_a_command_is_sent_then_it_does_not_leave() {
        let mut bridge = Bridge::start();
        bridge.home_tx.send_replace(None);
        assert_eq!(
            answer_unpublished(&bridge.addr).await,
            CommandAnswer::NotSent
        );
        assert!(bridge.published_rx.try_recv().is_err());
        assert_eq!(bridge.waiters().await, 0);
    }
}

mod delivery {
    use super::*;

    #[actix::test]
    async fn given_a_bus_that_takes_nothing_then_the_command_is_not_sent() {
        let (addr, _home_tx) = Bridge::over(Arc::new(ClosedBus));
        assert_eq!(answer_unpublished(&addr).await, CommandAnswer::NotSent);
    }

    #[actix::test]
    async fn given_a_bus_that_fails_before_the_command_is_registered_then_it_is_overdue_all_the_same()
     {
        let (addr, _home_tx) = Bridge::over(Arc::new(SinkingBus));
        assert_eq!(answer_unpublished(&addr).await, CommandAnswer::Overdue);
    }

    #[actix::test]
    async fn given_a_command_when_its_delivery_is_given_up_then_it_is_overdue_and_a_reply_comes_too_late()
     {
        let mut bridge = Bridge::start();
        let (asker, mut answers) = Recorder::start();
        let published = ask(&mut bridge, 1, &asker).await;
        let (correlation_id, reply) = (published.correlation_id(), granted(&published.command));
        (published.on_undelivered)();
        assert_eq!(next(&mut answers).await, CommandAnswer::Overdue);
        bridge
            .addr
            .send(ReplyArrived {
                correlation_id,
                reply,
                ticket: Ticket::default(),
            })
            .await
            .unwrap();
        hears_nothing(&asker, &mut answers).await;
    }

    #[actix::test]
    async fn given_a_reply_when_the_delivery_is_given_up_afterwards_then_the_reply_stands() {
        let mut bridge = Bridge::start();
        let (asker, mut answers) = Recorder::start();
        let published = ask(&mut bridge, 1, &asker).await;
        bridge.reply(&published, granted(&published.command)).await;
        (published.on_undelivered)();
        assert_eq!(bridge.waiters().await, 0);
        assert_eq!(
            next(&mut answers).await,
            CommandAnswer::Replied(granted(&reject(1)))
        );
        hears_nothing(&asker, &mut answers).await;
    }
}

mod when_no_reply_comes {
    use super::*;

    #[actix::test]
    async fn given_no_reply_when_the_wait_is_over_then_the_command_is_overdue_and_a_reply_comes_too_late()
     {
        tokio::time::pause();
        let mut bridge = Bridge::start();
        let (asker, mut answers) = Recorder::start();
        let published = ask(&mut bridge, 1, &asker).await;
        let sent_at = Instant::now();
        assert_eq!(next(&mut answers).await, CommandAnswer::Overdue);
        let waited = sent_at.elapsed();
        assert!(
            (budget::REPLY_WAIT..budget::HTTP_ANSWER).contains(&waited),
            "{waited:?}"
        );
        assert_eq!(bridge.waiters().await, 0);
        bridge.reply(&published, granted(&published.command)).await;
        hears_nothing(&asker, &mut answers).await;
    }

    #[actix::test]
    async fn given_commands_of_different_times_then_each_is_overdue_in_its_own() {
        tokio::time::pause();
        let mut bridge = Bridge::start();
        let (asker, mut answers) = Recorder::start();
        let begin = Instant::now();
        ask(&mut bridge, 1, &asker).await;
        tokio::time::advance(budget::REPLY_WAIT / 2).await;
        ask(&mut bridge, 2, &asker).await;
        for due in [budget::REPLY_WAIT, budget::REPLY_WAIT * 3 / 2] {
            assert_eq!(next(&mut answers).await, CommandAnswer::Overdue);
            let late = begin.elapsed() - due;
            assert!(late.as_millis() <= 200, "{late:?}");
        }
    }
}
