//! What is handed over.

use composite_service::domain::order::OrderReply;
use composite_service::domain::peer::Replier;
use rdkafka::message::Header;
use shared::wire::headers::CORRELATION_ID;
use stack::BrokerKind;

use super::instance::Instance;
use crate::golden::Golden;
use crate::kafka::{TestBroker, id};

/// What a reply says.
fn told(reply: OrderReply) -> String {
    match reply {
        OrderReply::Pending(order) => format!("pending {}", order.order_num.unwrap()),
        OrderReply::Complete(order) => format!("complete {}", order.order_num.unwrap()),
        OrderReply::Rejected(_, reason) => format!("rejected {reason}"),
        OrderReply::Refused(reason) => format!("refused {reason}"),
    }
}

#[actix::test]
async fn of_every_kind_are_handed_over_under_their_correlation_ids() {
    for kind in [BrokerKind::Embedded, BrokerKind::Kafka] {
        let broker = TestBroker::start(kind, 3);
        let (mut instance, home) = Instance::at_home(&broker).await;
        for (name, expected) in [
            ("order_created", "pending 20261123101540000000000000000042"),
            ("spring_order_created", "pending 202611230115401234567890"),
            (
                "order_completed",
                "complete 20261123101540000000000000000042",
            ),
            ("order_rejected", "rejected UNKNOWN_ITEM"),
            ("order_declined", "rejected PAYMENT_DECLINED"),
            ("order_refused", "refused ALREADY_PAID"),
            ("malformed_command", "refused MALFORMED_COMMAND"),
        ] {
            let golden = Golden::read(name);
            // The last of two headers counts: the golden one is another composite's.
            let headers = golden.kafka_headers().insert(Header {
                key: CORRELATION_ID,
                value: Some(id(1).as_bytes()),
            });
            broker.put(home, Some(golden.value.as_bytes()), headers);
            let arrived = instance.arrived().await;
            assert_eq!(arrived.correlation_id, id(1));
            let by = match name {
                "spring_order_created" => Replier::Other,
                _ => Replier::Mall,
            };
            assert_eq!(arrived.by, by, "{name}");
            assert_eq!(told(arrived.reply), expected, "{kind:?}");
        }
        broker.until_drained();
        instance.stop().await;
    }
}

#[actix::test]
async fn from_before_the_start_are_not_handed_over() {
    let broker = TestBroker::embedded(2);
    (0..2).for_each(|partition| broker.reply(partition, 1..=3));
    let (mut instance, home) = Instance::at_home(&broker).await;
    broker.reply(home, [4]);
    assert_eq!(instance.ids(1).await, [id(4)]);
    broker.until_drained();
    instance.stop().await;
    // Nobody is there: these are for nobody.
    (0..2).for_each(|partition| broker.reply(partition, 5..=7));
    let (mut instance, home) = Instance::at_home(&broker).await;
    broker.reply(home, [8]);
    assert_eq!(instance.ids(1).await, [id(8)]);
    broker.until_drained();
}

#[actix::test]
async fn beyond_the_bridges_mailbox_are_not_lost() {
    let broker = TestBroker::embedded(1);
    let (mut instance, home) = Instance::at_home(&broker).await;
    // The bridge is on this thread, which is busy until all are there and committed as far as they were taken.
    broker.reply(home, 1..=2_000);
    let expected: Vec<_> = (1..=2_000).map(id).collect();
    assert_eq!(instance.ids(2_000).await, expected);
    broker.until_drained();
}

#[actix::test]
async fn are_handed_over_after_the_broker_was_away() {
    let broker = TestBroker::embedded(2);
    let (mut instance, home) = Instance::at_home(&broker).await;
    broker.reply(home, [1]);
    assert_eq!(instance.ids(1).await, [id(1)]);
    broker.set_up(false);
    broker.set_up(true);
    broker.reply(home, [2]);
    assert_eq!(instance.ids(1).await, [id(2)]);
    broker.until_drained();
}
