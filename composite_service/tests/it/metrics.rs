//! What operators are told of commands and of the gateway is what has happened.

use std::sync::Arc;

use actix::Actor;
use composite_service::actors::kafka_bridge::{KafkaBridge, KafkaBridgeParts, SendCommand};
use composite_service::domain::order::{OrderCommand, OrderReply};
use composite_service::metrics::{BridgeMetrics, GatewayMetrics, ServiceMetrics};
use composite_service::outbound::measured_gateway::MeasuredGateway;
use composite_service::ports::payment::{ConfirmAnswer, PaymentGateway};
use shared::mailboxes::Ticket;
use shared::metrics::Metrics;
use shared::reason::Reason;
use tokio::sync::watch;

use crate::doubles::{CountingIds, PromptGateway, Recorder, RecordingBus};
use crate::harness::{Bridge, HOME, REPLY_TOPIC, mailbox, nth_number, payment, trace, trail};

fn assert_told(metrics: &Metrics, lines: &[&str]) {
    let text = metrics.render().unwrap();
    for line in lines {
        assert!(text.lines().any(|told| told == *line), "{line} in {text}");
    }
}

#[test]
fn given_all_metrics_of_the_service_then_no_two_have_the_same_name() {
    ServiceMetrics::new().unwrap();
}

#[actix::test]
async fn given_commands_then_those_who_wait_and_what_became_of_the_others_are_counted() {
    let metrics = Metrics::new().unwrap();
    let (bus, published_rx) = RecordingBus::new();
    let (home_tx, reply_partition) = watch::channel(Some(HOME));
    let addr = KafkaBridge::new(KafkaBridgeParts {
        bus,
        ids: Arc::new(CountingIds::default()),
        reply_topic: REPLY_TOPIC.to_owned(),
        reply_partition,
        max_purchases: 16,
        mailbox: mailbox("KafkaBridge"),
        metrics: BridgeMetrics::new(&metrics).unwrap(),
    })
    .start();
    let mut bridge = Bridge {
        addr,
        home_tx,
        published_rx,
    };
    let (asker, mut answers) = Recorder::start();
    let send = |nth| SendCommand {
        command: OrderCommand::Reject {
            number: nth_number(nth),
            reason: Reason::Expired,
            detail: None,
        },
        asker: asker.clone(),
        trail: trail(nth),
        ticket: Ticket::default(),
    };
    for nth in 1..=3 {
        bridge.addr.send(send(nth)).await.unwrap();
    }
    let replied = bridge.published().await;
    for _ in 0..2 {
        let reply = OrderReply::Refused(Reason::Expired);
        bridge.reply(&replied, reply).await;
    }
    (bridge.published().await.on_undelivered)();
    for _ in 0..2 {
        answers.recv().await.unwrap();
    }
    bridge.home_tx.send_replace(None);
    bridge.addr.send(send(4)).await.unwrap();

    assert_told(
        &metrics,
        &[
            "command_waiters 1",
            "command_reply_duration_seconds_count 1",
            "replies_late_total 1",
            r#"commands_unanswered_total{cause="overdue"} 1"#,
            r#"commands_unanswered_total{cause="not_sent"} 1"#,
        ],
    );
}

#[actix::test]
async fn given_calls_of_the_gateway_then_each_is_counted_by_operation_and_outcome_and_answered_as_before()
 {
    let metrics = Metrics::new().unwrap();
    let counted = GatewayMetrics::new(&metrics).unwrap();
    let payment = payment("pay-1");
    let answers = [
        ConfirmAnswer::Confirmed,
        ConfirmAnswer::Declined("no".to_owned()),
        ConfirmAnswer::NotReached("away".to_owned()),
        ConfirmAnswer::Unknown("lost".to_owned()),
    ];
    for answer in answers {
        let inner = PromptGateway {
            answer: answer.clone(),
            asked: Default::default(),
        };
        let gateway = MeasuredGateway::new(Arc::new(inner), &counted);
        assert_eq!(
            gateway.confirm(&nth_number(1), &payment, trace()).await,
            answer
        );
    }
    let inner = PromptGateway {
        answer: ConfirmAnswer::Confirmed,
        asked: Default::default(),
    };
    let gateway = MeasuredGateway::new(Arc::new(inner), &counted);
    gateway.look_up(&nth_number(1), trace()).await;
    let cancelled = gateway.cancel(&nth_number(1), &payment, Reason::Expired, trace());
    cancelled.await.unwrap();

    let calls = "payment_gateway_call_duration_seconds_count";
    let expected = [
        ("confirm", "done"),
        ("confirm", "refused"),
        ("confirm", "not_reached"),
        ("confirm", "unknown"),
        ("look_up", "done"),
        ("cancel", "done"),
    ]
    .map(|(operation, outcome)| {
        format!(r#"{calls}{{operation="{operation}",outcome="{outcome}"}} 1"#)
    });
    assert_told(&metrics, &expected.each_ref().map(String::as_str));
}
