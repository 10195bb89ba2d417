//! Commands on a broker, byte for byte.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::time::Duration;

use composite_service::domain::order::{
    Basket, Cancellation, Idempotency, OrderCommand, RefundOutcome,
};
use composite_service::outbound::kafka::command_publisher::CommandPublisher;
use composite_service::ports::order_bus::{OnUndelivered, OrderBus, Undelivered};
use rdkafka::ClientConfig;
use shared::clock::FixedClock;
use shared::kafka::publisher::Publisher;
use shared::order_number::OrderNumber;
use shared::payment::{Payment, PaymentKey};
use shared::reason::Reason;
use shared::trace::context::TRACEPARENT;
use shared::wire::headers::{EVENT_TYPE_ID, ReplyAddress};
use shared::wire::order_dto::{ItemDto, OrderLineDto, RefundLineDto};
use stack::BrokerKind;

use crate::golden::Golden;
use crate::harness::trail;
use crate::kafka::{LONGEST_WAIT, TestBroker};

/// A publisher whose clock stands at that time in Seoul, and which gives up after `delivery`.
fn publisher(broker: &TestBroker, at: &str, delivery: Duration) -> CommandPublisher {
    over(&broker.settings.producer(Some(delivery)), broker, at)
}

fn over(config: &ClientConfig, broker: &TestBroker, at: &str) -> CommandPublisher {
    let clock = FixedClock(format!("{at}+09:00").parse().unwrap());
    let publisher = Publisher::start(config).unwrap();
    CommandPublisher::new(
        publisher,
        &broker.settings.orders.name,
        Arc::new(clock),
        chrono_tz::Asia::Seoul,
    )
}

/// A call-back, and what it was called with.
fn watched() -> (OnUndelivered, Receiver<Undelivered>) {
    let (called_tx, called_rx) = sync_channel(2);
    let on_undelivered = Box::new(move |undelivered| called_tx.send(undelivered).unwrap());
    (on_undelivered, called_rx)
}

fn number() -> OrderNumber {
    "20261123101540000000000000000042".parse().unwrap()
}

fn payment() -> Payment {
    Payment {
        key: "결제 \"key\"".parse().unwrap(),
        amount: "21000.01".parse().unwrap(),
    }
}

fn wish(item_id: i64, quantity: i64) -> OrderLineDto {
    let item = ItemDto {
        item_id,
        ..ItemDto::default()
    };
    OrderLineDto {
        order_line_id: None,
        item,
        quantity,
    }
}

/// A purchase of one piece, by nobody in particular.
fn basket() -> Basket {
    Basket {
        request_id: "8c2f4f0e-request".to_owned(),
        member: None,
        idempotency: None,
        lines: vec![wish(1, 1)],
        coupon_id: None,
        payment: None,
    }
}

fn create_of(basket: Basket) -> OrderCommand {
    OrderCommand::Create {
        number: number(),
        basket,
        is_repetition: false,
    }
}

fn create() -> OrderCommand {
    create_of(Basket {
        lines: vec![wish(1, 2), wish(2, 1)],
        coupon_id: Some(7),
        payment: Some(payment()),
        ..basket()
    })
}

fn idempotency() -> Option<Idempotency> {
    Some(Idempotency {
        key: "key of the shopper".parse().unwrap(),
        fingerprint: "9f86d081884c7d65".parse().unwrap(),
    })
}

fn reject() -> OrderCommand {
    OrderCommand::Reject {
        number: number(),
        reason: Reason::PaymentDeclined,
        detail: Some("한도 초과".to_owned()),
    }
}

fn address(partition: Option<i32>, last_id_byte: u8) -> ReplyAddress {
    let mut correlation_id: Vec<u8> = (0..16).collect();
    correlation_id[15] = last_id_byte;
    ReplyAddress {
        topic: "composite".to_owned(),
        partition,
        correlation_id: Some(correlation_id),
        type_id: Some(EVENT_TYPE_ID.into()),
    }
}

mod a_command {
    use super::*;

    #[test]
    fn is_byte_for_byte_its_golden_file_beside_its_trace() {
        let broker = TestBroker::embedded(1);
        let trail = trail(1);
        let create_keyed = create_of(Basket {
            idempotency: idempotency(),
            ..basket()
        });
        let create_of_member = create_of(Basket {
            member: Some("kim.minji-1".parse().unwrap()),
            ..basket()
        });
        let approve = OrderCommand::Approve {
            number: number(),
            payment: payment(),
        };
        let pay = OrderCommand::Pay {
            number: number(),
            payment: payment(),
            idempotency: idempotency(),
        };
        let settle = OrderCommand::Settle { number: number() };
        let cancel = OrderCommand::Cancel {
            number: number(),
            cancellation: Cancellation {
                pieces: Some(vec![RefundLineDto {
                    order_line_id: 2,
                    quantity: 1,
                }]),
                idempotency: idempotency().unwrap(),
            },
        };
        let refund = OrderCommand::EndRefund {
            number: number(),
            refund: 1,
            outcome: RefundOutcome::NotNow,
        };
        for (command, at, address) in [
            (
                create(),
                "2026-11-23T10:15:40.582933",
                address(Some(258), 0xff),
            ),
            (
                create_keyed,
                "2026-11-23T10:15:40.000001",
                address(Some(3), 0x12),
            ),
            (
                create_of_member,
                "2026-11-23T10:15:40.000001",
                address(Some(3), 0x15),
            ),
            (pay, "2026-11-23T10:15:40.9", address(Some(4), 0x14)),
            (approve, "2026-11-23T10:15:41", address(Some(0), 0x10)),
            (reject(), "2026-11-23T10:16:00", address(None, 0x11)),
            (settle, "2026-11-23T10:17:00", address(None, 0x13)),
            (cancel, "2026-11-24T09:00:01", address(Some(5), 0x16)),
            (refund, "2026-11-24T09:00:02", address(Some(5), 0x17)),
        ] {
            let publisher = publisher(&broker, at, LONGEST_WAIT);
            publisher
                .publish(
                    &command,
                    &address,
                    &trail,
                    Box::new(|_| panic!("it is delivered")),
                )
                .unwrap();
            publisher.flush(LONGEST_WAIT).unwrap();
        }
        let golden = [
            "order_create",
            "order_create_keyed",
            "order_create_of_member",
            "order_pay",
            "order_approve",
            "order_reject",
            "order_settle",
            "order_cancel",
            "order_refund",
        ];
        let traceparent = (TRACEPARENT.to_owned(), trail.context().header().to_vec());
        let commands = broker.commands(9).into_iter().map(|mut command| {
            assert_eq!(command.headers.pop().as_ref(), Some(&traceparent));
            command
        });
        assert_eq!(commands.collect::<Vec<_>>(), golden.map(Golden::read));
    }

    #[test]
    fn is_undelivered_once_when_the_broker_stays_away() {
        let broker = TestBroker::embedded(1);
        broker.set_up(false);
        let publisher = publisher(&broker, "2026-11-23T10:15:40", Duration::from_millis(300));
        let (on_undelivered, undelivered_rx) = watched();
        publisher
            .publish(&create(), &address(Some(0), 0), &trail(1), on_undelivered)
            .unwrap();
        assert_eq!(
            undelivered_rx.recv_timeout(LONGEST_WAIT),
            Ok(Undelivered::Unknown)
        );
        // The sender is gone with its call.
        assert!(undelivered_rx.recv().is_err());
    }

    #[test]
    fn too_large_for_a_record_is_refused_at_once() {
        let broker = TestBroker::embedded(1);
        let publisher = publisher(&broker, "2026-11-23T10:15:40", LONGEST_WAIT);
        let payment = Payment {
            key: PaymentKey::recorded("k".repeat(2_000_000)),
            ..payment()
        };
        let too_large = OrderCommand::Approve {
            number: number(),
            payment,
        };
        let (on_undelivered, undelivered_rx) = watched();
        publisher
            .publish(&too_large, &address(Some(0), 0), &trail(1), on_undelivered)
            .unwrap();
        assert_eq!(undelivered_rx.try_recv(), Ok(Undelivered::Refused));
    }

    /// What becomes of a command that no broker takes.
    fn told(publisher: &CommandPublisher) -> Undelivered {
        let (on_undelivered, undelivered_rx) = watched();
        publisher
            .publish(&create(), &address(Some(0), 0), &trail(1), on_undelivered)
            .unwrap();
        undelivered_rx.recv_timeout(LONGEST_WAIT).unwrap()
    }

    #[test]
    fn is_refused_when_the_brokers_refuse_its_size() {
        let broker = TestBroker::start(BrokerKind::Kafka, 1);
        broker.limit_commands(200);
        let publisher = publisher(&broker, "2026-11-23T10:15:40", LONGEST_WAIT);
        assert_eq!(told(&publisher), Undelivered::Refused);
    }

    #[test]
    fn is_refused_when_the_brokers_no_longer_have_its_topic() {
        let broker = TestBroker::start(BrokerKind::Kafka, 1);
        broker.limit_commands(200);
        let publisher = publisher(&broker, "2026-11-23T10:15:40", LONGEST_WAIT);
        told(&publisher);
        broker.delete_commands();
        // Unknown when it is in flight while librdkafka drops the partition: it then gives up what the partition holds, and does not say
        // whether a broker has it.
        told(&publisher);
        assert_eq!(told(&publisher), Undelivered::Refused);
    }

    #[test]
    fn is_refused_when_the_queue_is_full() {
        let broker = TestBroker::embedded(1);
        broker.set_up(false);
        let mut config = broker.settings.producer(Some(LONGEST_WAIT));
        let publisher = over(
            config.set("queue.buffering.max.messages", "1"),
            &broker,
            "2026-11-23T10:15:40",
        );
        publisher
            .publish(&create(), &address(Some(0), 0), &trail(1), Box::new(|_| {}))
            .unwrap();
        let (on_undelivered, undelivered_rx) = watched();
        let refused = publisher.publish(&create(), &address(Some(0), 1), &trail(1), on_undelivered);
        assert!(
            refused
                .unwrap_err()
                .to_string()
                .contains("could not be sent")
        );
        assert_eq!(undelivered_rx.try_recv(), Err(TryRecvError::Disconnected));
    }
}
