//! What operators are told of commands and of the gateway is what has happened.

use std::sync::Arc;

use composite_service::actors::kafka_bridge::SendCommand;
use composite_service::domain::order::{OrderCommand, OrderReply};
use composite_service::metrics::{BridgeMetrics, GatewayMetrics, ServiceMetrics};
use composite_service::outbound::measured_gateway::MeasuredGateway;
use composite_service::ports::order_bus::Undelivered;
use composite_service::ports::payment::{ConfirmAnswer, Origin, PaymentGateway};
use shared::metrics::Metrics;
use shared::reason::Reason;
use tokio::sync::oneshot;

use crate::doubles::PromptGateway;
use crate::harness::{Bridge, nth_number, payment, trace, trail};

fn assert_told(metrics: &Metrics, lines: &[&str]) {
    let text = metrics.render().unwrap();
    for line in lines {
        assert!(text.lines().any(|told| told == *line), "{line} in {text}");
    }
}

#[test]
fn no_two_metrics_have_the_same_name() {
    ServiceMetrics::new().unwrap();
}

#[actix::test]
async fn commands_are_counted_by_what_became_of_them() {
    let metrics = Metrics::new().unwrap();
    let mut bridge = Bridge::measured(BridgeMetrics::new(&metrics).unwrap());
    let send = |nth| {
        let (answer_tx, answer_rx) = oneshot::channel();
        let command = OrderCommand::Reject {
            number: nth_number(nth),
            reason: Reason::Expired,
            detail: None,
        };
        let message = SendCommand {
            command,
            answer_tx,
            trail: trail(nth),
        };
        (message, answer_rx)
    };
    let mut answers = Vec::new();
    for nth in 1..=3 {
        let (message, answer_rx) = send(nth);
        bridge.postbox.try_send(message).unwrap();
        answers.push(answer_rx);
    }
    let replied = bridge.published().await;
    for _ in 0..2 {
        let reply = OrderReply::Refused(Reason::Expired);
        bridge.reply(&replied, reply).await;
    }
    (bridge.published().await.on_undelivered)(Undelivered::Unknown);
    for answer_rx in answers.drain(..2) {
        answer_rx.await.unwrap();
    }
    bridge.home_tx.send_replace(None);
    bridge.postbox.try_send(send(4).0).unwrap();
    bridge.has_handled_all().await;

    assert_told(
        &metrics,
        &[
            "command_waiters 1",
            "command_reply_duration_seconds_count 1",
            "replies_late_total 1",
            r#"commands_unanswered_total{cause="overdue"} 1"#,
            r#"commands_unanswered_total{cause="not_sent"} 1"#,
            r#"commands_unanswered_total{cause="not_supported"} 0"#,
            "order_service_kind 1",
        ],
    );
}

#[actix::test]
async fn gateway_calls_are_counted_by_operation_and_outcome_and_their_answers_stay() {
    let metrics = Metrics::new().unwrap();
    let counted = GatewayMetrics::new(&metrics).unwrap();
    let payment = payment("pay-1");
    let answers = [
        ConfirmAnswer::Confirmed,
        ConfirmAnswer::Declined("no"),
        ConfirmAnswer::NotReached(Origin::Gateway.because("away")),
        ConfirmAnswer::NotReached(Origin::Key.because("UNAUTHORIZED_KEY")),
        ConfirmAnswer::NotAsked,
        ConfirmAnswer::Unknown(Origin::Gateway.because("lost")),
    ];
    for answer in answers {
        let inner = PromptGateway {
            answer: answer.clone(),
            refuses_for: None,
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
        refuses_for: None,
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
        ("confirm", "account"),
        ("confirm", "open"),
        ("confirm", "unknown"),
        ("look_up", "done"),
        ("cancel", "done"),
    ]
    .map(|(operation, outcome)| {
        format!(r#"{calls}{{operation="{operation}",outcome="{outcome}"}} 1"#)
    });
    assert_told(&metrics, &expected.each_ref().map(String::as_str));
}
