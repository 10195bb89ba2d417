//! Commands are understood as the golden files have them, and replies are written so, to the byte.

use std::sync::{Arc, mpsc};

use order_service::domain::command::OrderCommand;
use order_service::domain::order::{
    DraftLine, Idempotency, Offer, Order, OrderDraft, OrderLine, OrderState,
};
use order_service::domain::refund::{Pieces, Refund, RefundOutcome, RefundState};
use order_service::inbound::kafka::decode::{Decoded, Reading, decode};
use order_service::outbound::kafka::reply_publisher::{ReplyPublisher, reply_event};
use order_service::ports::reply_sink::{CommandOutcome, ReplySink, Requester};
use rdkafka::Timestamp;
use rdkafka::message::OwnedMessage;
use rdkafka::types::RDKafkaRespErr;
use serde_json::Value;
use shared::clock::FixedClock;
use shared::idempotency::{Fingerprint, IdempotencyKey};
use shared::kafka::publisher::Publisher;
use shared::metrics::IntCounter;
use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::headers::{EVENT_TYPE_ID, ReplyAddress};

use crate::golden::Golden;
use crate::harness::kafka::{PARTITIONS, TestBroker};
use crate::harness::samples::*;
use crate::harness::shop::LONGEST_WAIT;

fn the_number() -> OrderNumber {
    "20261123101540000000000000000042".parse().unwrap()
}

mod commands {
    use super::*;
    use chrono::{DateTime, TimeDelta, Utc};

    fn decoded(name: &str) -> Decoded {
        let golden = Golden::read(name);
        let (key, value) = (
            golden.key.as_deref().map(Into::into),
            golden.value.as_str().into(),
        );
        let timestamp = Timestamp::CreateTime(now().timestamp_millis());
        let record = OwnedMessage::new(
            Some(value),
            key,
            "orders".into(),
            timestamp,
            1,
            42,
            Some(golden.kafka_headers()),
        );
        decode(&record, reading(now())).unwrap()
    }

    fn reading(now: DateTime<Utc>) -> Reading {
        Reading::new(now, chrono_tz::Asia::Seoul, TimeDelta::minutes(30))
    }

    fn requester(partition: Option<i32>, last_id_byte: u8) -> Option<Requester> {
        let correlation_id = (0..15).chain([last_id_byte]).collect();
        let address = ReplyAddress {
            topic: "composite".into(),
            partition,
            correlation_id: Some(correlation_id),
            type_id: Some(EVENT_TYPE_ID.into()),
        };
        Some(Requester {
            address,
            record_key: the_number().as_str().into(),
        })
    }

    #[test]
    fn our_create_is_read_in_full() {
        let draft = OrderDraft {
            number: the_number(),
            request_id: request_id("8c2f4f0e-request"),
            member: None,
            lines: vec![
                DraftLine {
                    item: 1,
                    quantity: 2,
                },
                DraftLine {
                    item: 2,
                    quantity: 1,
                },
            ],
            coupon: Some(COUPON),
            intent: Some(payment("결제 \"key\"", "21000.01")),
            idempotency: None,
            placed_at: now(),
            pay_by: now() + TimeDelta::seconds(60),
        };
        let expected = Decoded {
            command: OrderCommand::Create(draft),
            requester: requester(Some(258), 0xff),
        };
        assert_eq!(decoded("order_create"), expected);
    }

    #[test]
    fn a_create_with_an_idempotency_key_has_it_and_the_time_to_be_paid() {
        let idempotency = Idempotency {
            key: "key of the shopper".parse().unwrap(),
            fingerprint: "9f86d081884c7d65".parse().unwrap(),
        };
        let draft = OrderDraft {
            number: the_number(),
            request_id: request_id("8c2f4f0e-request"),
            member: None,
            lines: vec![DraftLine {
                item: 1,
                quantity: 1,
            }],
            coupon: None,
            intent: None,
            idempotency: Some(idempotency),
            placed_at: now(),
            pay_by: now() + TimeDelta::minutes(30),
        };
        let expected = Decoded {
            command: OrderCommand::Create(draft),
            requester: requester(Some(3), 0x12),
        };
        assert_eq!(decoded("order_create_keyed"), expected);
    }

    #[test]
    fn a_create_of_a_member_names_the_member() {
        let OrderCommand::Create(draft) = decoded("order_create_of_member").command else {
            panic!("not a create");
        };
        assert_eq!(draft.member, Some("kim.minji-1".parse().unwrap()));
        assert_eq!(draft.request_id, request_id("8c2f4f0e-request"));
    }

    #[test]
    fn idempotency_keys_that_the_database_could_not_keep_are_malformed() {
        let golden = Golden::read("order_create_keyed").value;
        let sound = r#""idempotencyKey":"key of the shopper","fingerprint":"9f86d081884c7d65""#;
        let with = |members: &str| {
            let value = golden.replace(sound, members).into_bytes();
            let record = OwnedMessage::new(
                Some(value),
                None,
                "orders".into(),
                Timestamp::NotAvailable,
                0,
                0,
                None,
            );
            decode(&record, reading(now())).is_ok()
        };
        assert!(
            with(sound)
                && with(&format!(
                    r#""idempotencyKey":"{}","fingerprint":"f""#,
                    "k".repeat(255)
                ))
        );
        for key in ["", " ", "key ", " key", "열쇠", &"k".repeat(256)] {
            assert!(
                !with(&format!(r#""idempotencyKey":"{key}","fingerprint":"f""#)),
                "{key:?}"
            );
        }
        assert!(!with(r#""idempotencyKey":"key""#));
    }

    #[test]
    fn our_other_commands_are_read_in_full() {
        let number = the_number();
        let pay = OrderCommand::Pay {
            number: number.clone(),
            payment: payment("결제 \"key\"", "21000.01"),
            idempotency: Some(Idempotency {
                key: "key of the shopper".parse().unwrap(),
                fingerprint: "9f86d081884c7d65".parse().unwrap(),
            }),
        };
        assert_eq!(
            decoded("order_pay"),
            Decoded {
                command: pay,
                requester: requester(Some(4), 0x14)
            }
        );
        let approve = OrderCommand::Approve {
            number: number.clone(),
            payment: payment("결제 \"key\"", "21000.01"),
        };
        assert_eq!(
            decoded("order_approve"),
            Decoded {
                command: approve,
                requester: requester(Some(0), 0x10)
            }
        );
        let (reason, detail) = (Reason::PaymentDeclined, Some("한도 초과".to_owned()));
        let reject = OrderCommand::Reject {
            number: number.clone(),
            reason,
            detail,
        };
        assert_eq!(
            decoded("order_reject"),
            Decoded {
                command: reject,
                requester: requester(None, 0x11)
            }
        );
        let settle = OrderCommand::Settle { number };
        assert_eq!(
            decoded("order_settle"),
            Decoded {
                command: settle,
                requester: requester(None, 0x13)
            }
        );
        let cancel = OrderCommand::Cancel {
            number: the_number(),
            pieces: Some(vec![Pieces {
                line: 2,
                quantity: 1,
            }]),
            idempotency: Idempotency {
                key: "key of the shopper".parse().unwrap(),
                fingerprint: "9f86d081884c7d65".parse().unwrap(),
            },
        };
        assert_eq!(
            decoded("order_cancel"),
            Decoded {
                command: cancel,
                requester: requester(Some(5), 0x16)
            }
        );
        let end = OrderCommand::EndRefund {
            number: the_number(),
            refund: 1,
            outcome: RefundOutcome::NotNow,
        };
        assert_eq!(
            decoded("order_refund"),
            Decoded {
                command: end,
                requester: requester(Some(5), 0x17)
            }
        );
    }

    #[test]
    fn a_cancel_without_its_key_or_its_pieces_is_malformed() {
        let with = |data: &str| {
            let value = format!(
                r#"{{"eventType":"ORDER_CANCEL","key":"1","data":{{"orderNum":"1",{data}}}}}"#
            );
            let record = OwnedMessage::new(
                Some(value.into_bytes()),
                Some(b"1".to_vec()),
                "orders".into(),
                rdkafka::Timestamp::NotAvailable,
                0,
                0,
                None,
            );
            decode(&record, reading(now())).is_ok()
        };
        let key = r#""idempotencyKey":"k","fingerprint":"f""#;
        let pieces = |list: &str| format!(r#"{key},"refund":{{"orderLineList":{list}}}"#);
        assert!(with(key));
        assert!(with(&pieces(r#"[{"orderLineId":1,"quantity":1}]"#)));
        for wrong in [
            r#""refund":null"#.to_owned(),
            format!(r#"{key},"refund":{{}}"#),
            pieces("[]"),
            pieces(r#"[{"orderLineId":1,"quantity":0}]"#),
            pieces(r#"[{"orderLineId":-1,"quantity":1}]"#),
            pieces(r#"[{"orderLineId":1}]"#),
        ] {
            assert!(!with(&wrong), "{wrong}");
        }
    }

    #[test]
    fn the_spring_composites_create_is_an_empty_order_with_a_number_made_here() {
        let Decoded {
            command: OrderCommand::Create(draft),
            requester,
        } = decoded("spring_order_create")
        else {
            panic!("not a create");
        };
        assert!(
            // The time of its receipt: that of its key may be anything.
            draft.number.as_str().starts_with("20261123101540"),
            "{}",
            draft.number
        );
        assert_eq!(
            (draft.lines.len(), draft.coupon, draft.intent),
            (0, None, None)
        );
        let requester = requester.unwrap();
        assert_eq!(
            (requester.record_key.as_str(), requester.address.partition),
            ("20261123011540", None)
        );
    }

    #[test]
    fn an_order_is_placed_at_a_time_that_the_database_can_keep() {
        let golden = Golden::read("order_create");
        let record = OwnedMessage::new(
            Some(golden.value.into()),
            None,
            "orders".into(),
            Timestamp::NotAvailable,
            0,
            0,
            None,
        );
        let fine = "2026-11-23T01:15:40.582933504Z".parse().unwrap();
        let Decoded {
            command: OrderCommand::Create(draft),
            ..
        } = decode(&record, reading(fine)).unwrap()
        else {
            panic!("not a create");
        };
        assert_eq!(draft.placed_at, now());
    }
}

mod replies {
    use super::*;

    fn order(lines: Vec<OrderLine>, state: OrderState) -> Order {
        Order {
            number: the_number(),
            request_id: request_id("r"),
            member: None,
            lines,
            coupon: None,
            total_price: money("0"),
            final_price: money("0"),
            state,
            intent: Some(payment("intended", "1")),
            idempotency: None,
            payment_idempotency: None,
            pay_by: now(),
            reject_detail: None,
            review_at: Some(now()),
            refunds: Vec::new(),
            created_at: now(),
            revision: 1,
        }
    }

    fn bought(state: OrderState) -> Order {
        let line = |item: usize, quantity| {
            let offered = &items()[item - 1];
            let offer = Some(Offer {
                name: Arc::clone(&offered.name),
                price: offered.price,
            });
            OrderLine {
                item: offered.id,
                quantity,
                offer,
            }
        };
        let (total_price, final_price) = (money("24000.01"), money("21000.01"));
        Order {
            coupon: Some(COUPON),
            total_price,
            final_price,
            ..order(vec![line(1, 2), line(2, 1)], state)
        }
    }

    fn outcome(order: Order, refusal: Option<Reason>) -> CommandOutcome {
        CommandOutcome {
            number: Some(the_number()),
            order: Some(Arc::new(order)),
            refusal,
        }
    }

    fn requester(partition: Option<i32>) -> Requester {
        let correlation_id = Some((0..15).chain([0xff]).collect());
        let address = ReplyAddress {
            topic: "composite".into(),
            partition,
            correlation_id,
            type_id: Some(EVENT_TYPE_ID.into()),
        };
        Requester {
            address,
            record_key: the_number().as_str().into(),
        }
    }

    fn publisher(broker: &TestBroker) -> ReplyPublisher {
        publisher_that_counts(broker, IntCounter::new("lost", "Lost.").unwrap())
    }

    fn publisher_that_counts(broker: &TestBroker, lost: IntCounter) -> ReplyPublisher {
        let publisher = Publisher::start(&broker.settings.producer(None)).unwrap();
        ReplyPublisher::new(
            Arc::new(publisher),
            Arc::new(FixedClock(now())),
            chrono_tz::Asia::Seoul,
            lost,
        )
        .unwrap()
    }

    /// Replies, and waits until the reply counts as sent.
    fn reply(publisher: &ReplyPublisher, requester: &Requester, outcome: &CommandOutcome) {
        let (replied_tx, replied_rx) = mpsc::channel();
        publisher.reply(
            requester,
            outcome,
            None,
            Box::new(move || replied_tx.send(()).unwrap()),
        );
        replied_rx
            .recv_timeout(LONGEST_WAIT)
            .expect("the reply was neither sent nor given up");
    }

    #[test]
    fn are_the_golden_records_without_a_key_in_the_requested_partition() {
        let broker = TestBroker::embedded();
        let (publisher, replies) = (publisher(&broker), broker.replies());
        let unknown_line = OrderLine {
            item: NO_ITEM,
            quantity: 1,
            offer: None,
        };
        let rejected = |lines, reason| order(lines, OrderState::Rejected(reason));
        let declined = Order {
            reject_detail: Some("한도 초과".into()),
            ..rejected(vec![], Reason::PaymentDeclined)
        };
        let paid = |key, amount| OrderState::Complete(payment(key, amount));
        let refunding = Order {
            refunds: vec![Refund {
                number: 1,
                pieces: vec![Pieces {
                    line: 2,
                    quantity: 1,
                }],
                amount: money("0.01"),
                state: RefundState::Requested,
                idempotency: None,
                requested_at: "2026-11-24T00:00:01Z".parse().unwrap(),
            }],
            ..bought(paid("결제 \"key\"", "21000.01"))
        };
        for (partition, (name, outcome)) in (0..PARTITIONS).cycle().zip([
            ("order_created", outcome(bought(OrderState::Created), None)),
            (
                "order_completed",
                outcome(bought(paid("결제 \"key\"", "21000.01")), None),
            ),
            (
                "order_rejected",
                outcome(rejected(vec![unknown_line], Reason::UnknownItem), None),
            ),
            ("order_declined", outcome(declined, None)),
            ("order_refunding", outcome(refunding, None)),
            (
                "order_refused",
                outcome(order(vec![], paid("key", "0")), Some(Reason::AlreadyPaid)),
            ),
            (
                "malformed_command",
                CommandOutcome {
                    number: None,
                    order: None,
                    refusal: Some(Reason::MalformedCommand),
                },
            ),
        ]) {
            reply(&publisher, &requester(Some(partition)), &outcome);

            let (seen, golden) = (replies.next(), Golden::read(name));
            assert_eq!(seen.text(), golden.value, "{name}");
            assert_eq!(seen.headers, golden.headers, "{name}");
            assert_eq!((seen.key, seen.partition), (None, partition), "{name}");
        }
    }

    /// Of an order with everything that may be stored of one.
    #[test]
    fn a_reply_tells_these_members_of_an_order_and_no_others() {
        let everything = Order {
            member: Some(member("kim")),
            idempotency: Some(Idempotency {
                key: IdempotencyKey::recorded("key"),
                fingerprint: Fingerprint::recorded("fingerprint"),
            }),
            payment_idempotency: Some(Idempotency {
                key: IdempotencyKey::recorded("another key"),
                fingerprint: Fingerprint::recorded("fingerprint"),
            }),
            reject_detail: Some("한도 초과".to_owned()),
            ..bought(OrderState::Complete(payment("key", "21000.01")))
        };
        let outcome = outcome(everything, Some(Reason::AlreadyPaid));
        let reply = reply_event(&requester(None), &outcome, now(), chrono_tz::Asia::Seoul);

        let told = serde_json::to_value(&reply.data).unwrap();
        let names = |value: &Value| -> Vec<String> {
            let mut names: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
            names.sort();
            names
        };
        let of_order = [
            "couponId",
            "createdDate",
            "finalPrice",
            "orderLineList",
            "orderNum",
            "payment",
            "rejectDetail",
            "rejectReason",
            "status",
            "totalPrice",
        ];
        assert_eq!(names(&told), of_order);
        assert_eq!(names(&told["payment"]), ["amount", "paymentKey"]);
        let line = &told["orderLineList"][0];
        assert_eq!(names(line), ["item", "orderLineId", "quantity"]);
        assert_eq!(names(&line["item"]), ["itemId", "name", "price"]);
    }

    #[test]
    fn echo_correlation_ids_of_any_length() {
        let broker = TestBroker::embedded();
        let (publisher, replies) = (publisher(&broker), broker.replies());
        for correlation_id in [None, Some(vec![]), Some(vec![0]), Some((0..=255).collect())] {
            let mut requester = requester(Some(0));
            requester.address.correlation_id.clone_from(&correlation_id);

            reply(
                &publisher,
                &requester,
                &outcome(bought(OrderState::Created), None),
            );

            assert_eq!(
                replies.next().header("kafka_correlationId"),
                correlation_id.as_deref()
            );
        }
    }

    #[test]
    fn that_no_broker_will_take_are_given_up() {
        let broker = TestBroker::embedded();
        let (publisher, replies) = (publisher(&broker), broker.replies());
        let outcome = outcome(bought(OrderState::Created), None);
        // More than once: what the producer has learned of a topic changes how it tells of the failure.
        for _ in 0..3 {
            reply(&publisher, &requester(Some(99)), &outcome);
        }
        reply(&publisher, &requester(None), &outcome);
        assert_eq!(replies.next().text(), Golden::read("order_created").value);
    }

    #[test]
    fn that_the_broker_refuses_are_given_up_and_counted() {
        let broker = TestBroker::embedded();
        let lost = IntCounter::new("lost", "Lost.").unwrap();
        let (publisher, replies) = (
            publisher_that_counts(&broker, lost.clone()),
            broker.replies(),
        );
        let outcome = outcome(bought(OrderState::Created), None);
        broker.refuse_next(&[
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_RECORD,
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_POLICY_VIOLATION,
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN,
        ]);
        for nth in 1..=3 {
            reply(&publisher, &requester(Some(0)), &outcome);
            assert_eq!(lost.get(), nth);
        }
        reply(&publisher, &requester(Some(0)), &outcome);
        assert_eq!(lost.get(), 3);
        assert_eq!(replies.next().text(), Golden::read("order_created").value);
    }

    #[test]
    fn that_are_unsent_when_the_producer_ends_do_not_count_as_sent() {
        let broker = TestBroker::embedded();
        let lost = IntCounter::new("lost", "Lost.").unwrap();
        let publisher = publisher_that_counts(&broker, lost.clone());
        drop(broker);
        let (replied_tx, replied_rx) = mpsc::channel::<()>();
        publisher.reply(
            &requester(None),
            &outcome(bought(OrderState::Created), None),
            None,
            Box::new(move || replied_tx.send(()).unwrap()),
        );

        drop(publisher);

        assert_eq!(
            replied_rx.recv_timeout(LONGEST_WAIT),
            Err(mpsc::RecvTimeoutError::Disconnected)
        );
        assert_eq!(lost.get(), 0);
    }
}
