//! Commands from a broker and replies back to it: nothing is lost, doubled or stuck, whoever joins, leaves or sends nonsense.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::System;
use memory_store::MemoryOrderStore;
use order_service::config::ActorSettings;
use rdkafka::message::OwnedHeaders;
use rdkafka::types::RDKafkaRespErr;
use shared::reason::Reason;
use shared::wire::event::{Event, EventType};
use shared::wire::headers::{EVENT_TYPE_ID, ReplyAddress};
use shared::wire::order_dto::{ItemDto, OrderDto, OrderLineDto};
use tokio::sync::mpsc;

use crate::harness::doubles::{Gate, RecordingReplies, StoreDouble};
use crate::harness::kafka::{Outgoing, PARTITIONS, Reader, Seen, TestBroker, headers};
use crate::harness::member::{GROUP, Member};
use crate::harness::samples::*;
use crate::harness::shop::{LONGEST_WAIT, ROOMY};

/// Sends an order of one apple, whose reply goes to the partition after its own.
pub(crate) fn send_create(broker: &TestBroker, digits: u64, partition: i32) {
    send_create_with(broker, digits, partition, |headers| headers);
}

/// The same with so many lines of an apple each.
pub(crate) fn send_create_of_lines(broker: &TestBroker, digits: u64, lines: usize) {
    with_create(digits, lines, 0, |record| broker.send(record));
}

/// The same, as a transaction.
pub(crate) fn send_create_in_transaction(broker: &TestBroker, digits: u64, partition: i32) {
    with_create(digits, 1, partition, |record| {
        broker.send_in_transaction(record)
    });
}

/// The same, with more in its headers.
pub(crate) fn send_create_with(
    broker: &TestBroker,
    digits: u64,
    partition: i32,
    more: impl FnOnce(OwnedHeaders) -> OwnedHeaders,
) {
    with_create(digits, 1, partition, |record| {
        let headers = more(record.headers.clone());
        broker.send(Outgoing { headers, ..record });
    });
}

fn with_create(digits: u64, lines: usize, partition: i32, send: impl FnOnce(Outgoing<'_>)) {
    let line = OrderLineDto {
        order_line_id: None,
        item: ItemDto {
            item_id: APPLE,
            ..ItemDto::default()
        },
        quantity: 1,
    };
    let data = OrderDto {
        order_num: Some(number(digits)),
        order_line_list: Some(vec![line; lines]),
        request_id: Some(format!("r{digits}")),
        ..OrderDto::default()
    };
    let key = digits.to_string();
    let event = Event {
        event_type: EventType::OrderCreate,
        key: key.clone(),
        data,
        event_created_at: None,
    };
    let address = ReplyAddress {
        topic: "composite".into(),
        partition: Some((partition + 1) % PARTITIONS),
        correlation_id: Some(digits.to_be_bytes().to_vec()),
        type_id: Some(EVENT_TYPE_ID.into()),
    };
    send(Outgoing {
        partition: Some(partition),
        key: Some(&key),
        value: Some(&serde_json::to_vec(&event).unwrap()),
        headers: address.request_headers(),
    });
}

/// Orders `digits`, spread over all partitions.
pub(crate) fn send_creates(broker: &TestBroker, digits: impl IntoIterator<Item = u64>) {
    for digits in digits {
        send_create(broker, digits, i32::try_from(digits).unwrap() % PARTITIONS);
    }
    broker.flush();
}

pub(crate) fn event(seen: &Seen) -> Event<OrderDto> {
    serde_json::from_str(seen.text()).unwrap()
}

/// The order number that a reply answers by its correlation id.
fn asked(seen: &Seen) -> u64 {
    u64::from_be_bytes(
        seen.header("kafka_correlationId")
            .unwrap()
            .try_into()
            .unwrap(),
    )
}

/// The replies so far, by the order number that they answer. A command that came again is answered again, with the same words.
pub(crate) struct Answers {
    replies: Reader,
    by_order: BTreeMap<u64, Seen>,
}

impl Answers {
    pub(crate) fn of(broker: &TestBroker) -> Self {
        Self {
            replies: broker.replies(),
            by_order: BTreeMap::new(),
        }
    }

    /// Reads until so many orders are answered, each with `ORDER_CREATED`.
    pub(crate) fn until(&mut self, count: usize) {
        while self.by_order.len() < count {
            let seen = self.replies.next();
            let (digits, event) = (asked(&seen), event(&seen));
            assert_eq!(
                (event.event_type, event.data.order_num),
                (EventType::OrderCreated, Some(number(digits)))
            );
            if let Some(earlier) = self.by_order.insert(digits, seen.clone()) {
                assert_eq!(earlier.value, seen.value);
            }
        }
    }
}

/// Offsets of `records` that are spread evenly over all partitions.
fn spread(records: i64) -> Vec<Option<i64>> {
    vec![Some(records / i64::from(PARTITIONS)); PARTITIONS as usize]
}

pub(crate) fn member(broker: &TestBroker, store: &Arc<StoreDouble>) -> Member {
    Member::new(&broker.settings, Arc::clone(store) as _)
}

fn wait_for_arrival(gate: &Gate) {
    System::new().block_on(gate.reached());
}

mod replying {
    use super::*;

    #[test]
    fn commands_are_answered_in_the_requested_partition_with_their_correlation_ids() {
        let broker = TestBroker::embedded();
        let (store, mut answers) = (Arc::new(StoreDouble::plain()), Answers::of(&broker));
        let member = member(&broker, &store).start();

        send_creates(&broker, 0..40);

        answers.until(40);
        for (digits, seen) in &answers.by_order {
            let partition = i32::try_from(digits + 1).unwrap() % PARTITIONS;
            assert_eq!((&seen.key, seen.partition), (&None, partition));
        }
        broker.until_committed(GROUP, &spread(40));
        member.stop();
        assert_eq!(store.inner.stock(APPLE), APPLES - 40);
    }

    #[test]
    fn an_unacknowledged_reply_holds_its_partition_uncommitted() {
        let broker = TestBroker::embedded();
        let (replies_tx, mut replies_rx) = mpsc::unbounded_channel();
        let store = Arc::new(StoreDouble::plain());
        let replies = Some(Arc::new(RecordingReplies(replies_tx)) as _);
        let member = Member {
            replies,
            ..member(&broker, &store)
        }
        .start();
        send_create(&broker, 1, 0);
        send_create(&broker, 2, 0);
        send_create(&broker, 3, 1);

        let mut held: BTreeMap<String, _> = BTreeMap::new();
        while held.len() < 3 {
            let reply = replies_rx.blocking_recv().unwrap();
            held.insert(reply.outcome.number.clone().unwrap().to_string(), reply);
        }
        held.remove("2").unwrap().acknowledge();
        held.remove("3").unwrap().acknowledge();
        // Commits go out for all partitions at once: when that of the other partition is seen, the first one's would be there.
        broker.until_committed(GROUP, &[Some(0), Some(1), None, None]);

        held.remove("1").unwrap().acknowledge();
        broker.until_committed(GROUP, &[Some(2), Some(1), None, None]);
        member.stop();
    }
}

mod records_that_are_not_commands {
    use super::*;

    const GOOD: &[u8] = br#"{"eventType":"ORDER_REJECT","key":"1","data":{"orderNum":"1","rejectReason":"EXPIRED"}}"#;
    const GARBAGE: &[u8] = b"\xff\x00garbage";
    const TO_COMPOSITE: (&str, &[u8]) = ("kafka_replyTopic", b"composite");

    /// Asks for the reply in partition 2.
    fn address(nth: u8) -> ReplyAddress {
        ReplyAddress {
            topic: "composite".into(),
            partition: Some(2),
            correlation_id: Some(vec![nth]),
            type_id: Some(EVENT_TYPE_ID.into()),
        }
    }

    fn send(broker: &TestBroker, value: Option<&[u8]>, headers: OwnedHeaders) {
        broker.send(Outgoing {
            partition: Some(0),
            key: Some("k"),
            value,
            headers,
        });
    }

    /// Sends a sound command after `poison` other records, and waits until it is answered and all are committed.
    fn assert_moves_on(broker: &TestBroker, answers: &mut Answers, poison: i64) {
        send_create(broker, 1, 0);
        broker.flush();
        answers.until(1);
        broker.until_committed(GROUP, &[Some(poison + 1), None, None, None]);
    }

    fn are_set_aside(broker: &TestBroker) {
        let (store, mut answers) = (Arc::new(StoreDouble::plain()), Answers::of(broker));
        let member = member(broker, &store).start();
        let megabyte = format!("[{}0]", "0,".repeat(520_000));
        let values: [Option<&[u8]>; 9] = [
            Some(GARBAGE),
            None,
            Some(b""),
            Some(b"[]"),
            Some(br#"{"eventType":"ORDER_CREATED","key":"7","data":{"orderNum":"7"}}"#),
            Some(br#"{"eventType":"ORDER_APPROVE","key":"7","data":{"orderNum":"7"}}"#),
            Some(br#"{"eventType":"ORDER_SHIPPED","key":"7","data":{"orderNum":"7"}}"#),
            Some(megabyte.as_bytes()),
            Some(GOOD),
        ];
        for (nth, value) in (0..).zip(&values[..8]) {
            send(broker, *value, address(nth).request_headers());
        }
        let foreign_class = [
            TO_COMPOSITE,
            ("kafka_replyPartition", &[0, 0, 0, 2]),
            ("kafka_correlationId", &[8]),
            ("__TypeId__", b"java.lang.String"),
        ];
        send(broker, values[8], headers(&foreign_class));
        broker.flush();

        let (replies, dead_letters) = (&answers.replies, broker.dead_letters());
        for (nth, value) in (0_u8..).zip(values) {
            let told = replies.next();
            let event = event(&told);
            let spoken_of = matches!(nth, 4 | 5).then(|| number(7));
            assert_eq!(
                (told.header("kafka_correlationId"), told.partition),
                (Some(&[nth][..]), 2)
            );
            assert_eq!(
                (event.event_type, event.data.order_num),
                (EventType::OrderRejected, spoken_of)
            );
            assert_eq!(event.data.reject_reason, Some(Reason::MalformedCommand));

            let letter = dead_letters.next();
            assert_eq!(
                (letter.key.as_deref(), letter.value.as_deref()),
                (Some(&b"k"[..]), value)
            );
            assert_eq!(letter.header("kafka_correlationId"), Some(&[nth][..]));
            assert_eq!(
                letter.header("kafka_dlt-original-topic"),
                Some(&b"orders"[..])
            );
            assert_eq!(
                letter.header("kafka_dlt-original-partition"),
                Some(&[0; 4][..])
            );
            assert_eq!(
                letter.header("kafka_dlt-original-offset"),
                Some(&i64::from(nth).to_be_bytes()[..])
            );
            assert!(
                letter
                    .header("kafka_dlt-exception-message")
                    .is_some_and(|message| !message.is_empty())
            );
        }
        assert_moves_on(broker, &mut answers, 9);
        member.stop();
    }

    #[test]
    fn are_set_aside_unchanged_and_their_senders_are_told() {
        are_set_aside(&TestBroker::embedded());
    }

    #[test]
    fn are_set_aside_unchanged_and_their_senders_are_told_on_real_kafka() {
        are_set_aside(&TestBroker::kafka());
    }

    #[test]
    fn are_answered_like_commands_with_correlation_ids_of_any_length() {
        let broker = TestBroker::embedded();
        let (store, mut answers) = (Arc::new(StoreDouble::plain()), Answers::of(&broker));
        let member = member(&broker, &store).start();
        let ids = [None, Some(vec![]), Some(vec![0xff; 1_024])];
        for correlation_id in &ids {
            let asking = ReplyAddress {
                correlation_id: correlation_id.clone(),
                ..address(0)
            };
            for (value, reason) in [
                (GOOD, Reason::UnknownOrder),
                (GARBAGE, Reason::MalformedCommand),
            ] {
                send(&broker, Some(value), asking.request_headers());
                broker.flush();
                let told = answers.replies.next();
                assert_eq!(
                    told.header("kafka_correlationId"),
                    correlation_id.as_deref()
                );
                assert_eq!(event(&told).data.reject_reason, Some(reason));
            }
        }
        let dead_letters = broker.dead_letters();
        for correlation_id in &ids {
            let letter = dead_letters.next();
            assert_eq!(letter.value.as_deref(), Some(GARBAGE));
            assert_eq!(
                letter.header("kafka_correlationId"),
                correlation_id.as_deref()
            );
        }
        assert_moves_on(&broker, &mut answers, 6);
        member.stop();
    }

    /// The embedded broker makes a topic of it; Kafka, as it is set up here, does not, and the reply is given up.
    fn a_reply_topic_that_is_not_there_holds_nothing_up(broker: &TestBroker) {
        let (store, mut answers) = (Arc::new(StoreDouble::plain()), Answers::of(broker));
        let member = member(broker, &store).start();
        let nowhere = ReplyAddress {
            topic: "no-such-topic".into(),
            partition: None,
            ..address(0)
        };
        // The second time the producer knows already.
        for _ in 0..2 {
            send(broker, Some(GOOD), nowhere.request_headers());
            send(broker, Some(GARBAGE), nowhere.request_headers());
        }
        assert_moves_on(broker, &mut answers, 4);
        let dead_letters = broker.dead_letters();
        for _ in 0..2 {
            assert_eq!(dead_letters.next().value.as_deref(), Some(GARBAGE));
        }
        member.stop();
    }

    #[test]
    fn a_missing_reply_topic_stops_no_partition() {
        a_reply_topic_that_is_not_there_holds_nothing_up(&TestBroker::embedded());
    }

    #[test]
    fn a_missing_reply_topic_stops_no_partition_on_real_kafka() {
        a_reply_topic_that_is_not_there_holds_nothing_up(&TestBroker::kafka());
    }

    /// Replies have no keys, which such a topic demands.
    #[test]
    fn a_compacted_reply_topic_stops_no_partition_on_real_kafka() {
        let broker = TestBroker::kafka();
        broker.create_compacted("compacted");
        let (store, mut answers) = (Arc::new(StoreDouble::plain()), Answers::of(&broker));
        let member = member(&broker, &store).start();
        let compacted = ReplyAddress {
            topic: "compacted".into(),
            partition: None,
            ..address(0)
        };
        for value in [GOOD, GARBAGE] {
            send(&broker, Some(value), compacted.request_headers());
        }
        assert_moves_on(&broker, &mut answers, 2);
        member.stop();
    }

    /// The broker's first words to the member are these, about its first dead letter.
    #[test]
    fn are_sent_again_when_they_are_refused_for_a_while() {
        let broker = TestBroker::embedded();
        send(&broker, Some(GARBAGE), address(0).request_headers());
        broker.flush();
        broker.refuse_next(&[
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_RECORD,
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_POLICY_VIOLATION,
        ]);
        let (store, mut answers) = (Arc::new(StoreDouble::plain()), Answers::of(&broker));
        let member = member(&broker, &store).start();

        assert_eq!(broker.dead_letters().next().value.as_deref(), Some(GARBAGE));
        let told = event(&answers.replies.next());
        assert_eq!(told.data.reject_reason, Some(Reason::MalformedCommand));
        assert_moves_on(&broker, &mut answers, 1);
        member.stop();
    }

    #[test]
    fn wait_for_their_topic_and_other_records_go_on_on_real_kafka() {
        let broker = TestBroker::kafka();
        broker.delete_dead_letters();
        let (store, mut answers) = (Arc::new(StoreDouble::plain()), Answers::of(&broker));
        let member = member(&broker, &store);
        let metrics = Arc::clone(&member.metrics);
        let member = member.start();
        send(&broker, Some(GARBAGE), headers(&[]));
        send_create(&broker, 1, 1);
        send_create(&broker, 2, 0);
        answers.until(2);
        let failed = r#"messaging_client_operation_duration_seconds_count{outcome="failed",producer="replies"} "#;
        let deadline = Instant::now() + LONGEST_WAIT;
        while metrics.render().unwrap().contains(&format!("{failed}0")) {
            assert!(Instant::now() < deadline, "the letter does not even fail");
        }
        broker.until_committed(GROUP, &[Some(0), Some(1), None, None]);

        broker.ensure_topics();

        assert_eq!(broker.dead_letters().next().value.as_deref(), Some(GARBAGE));
        broker.until_committed(GROUP, &[Some(2), Some(1), None, None]);
        member.stop();
    }

    #[test]
    fn stop_no_partition_when_their_senders_can_not_be_told() {
        let broker = TestBroker::embedded();
        let (store, mut answers) = (Arc::new(StoreDouble::plain()), Answers::of(&broker));
        let member = member(&broker, &store).start();
        let unreadable: [&[(&str, &[u8])]; 3] = [
            &[],
            &[("kafka_replyTopic", b"\xff")],
            &[TO_COMPOSITE, ("kafka_replyPartition", b"2")],
        ];
        for address in unreadable {
            send(&broker, Some(GARBAGE), headers(address));
        }
        // Nobody reads there: the reply is given up, more than once, since the producer tells it differently then.
        for nth in 0..3 {
            send(
                &broker,
                Some(GOOD),
                ReplyAddress {
                    partition: Some(99),
                    ..address(nth)
                }
                .request_headers(),
            );
        }
        assert_moves_on(&broker, &mut answers, 6);
        member.stop();
    }

    #[test]
    fn stop_no_partition_when_they_are_too_large_to_be_set_aside() {
        let broker = TestBroker::embedded();
        let (store, mut answers) = (Arc::new(StoreDouble::plain()), Answers::of(&broker));
        let member = member(&broker, &store).start();

        send(
            &broker,
            Some(&vec![b'x'; 3_000_000]),
            address(0).request_headers(),
        );
        broker.flush();

        let told = answers.replies.next();
        assert_eq!(
            event(&told).data.reject_reason,
            Some(Reason::MalformedCommand)
        );
        assert_moves_on(&broker, &mut answers, 1);
        member.stop();
    }
}

mod back_pressure {
    use super::*;

    #[test]
    fn no_more_records_are_unfinished_than_there_are_permits() {
        let broker = TestBroker::embedded();
        let (store, mut answers) = (Arc::new(StoreDouble::plain()), Answers::of(&broker));
        send_creates(&broker, 0..500);

        let actors = ActorSettings {
            max_in_flight: 4,
            ..ROOMY
        };
        let member = Member {
            actors,
            ..member(&broker, &store)
        }
        .start();

        answers.until(500);
        broker.until_committed(GROUP, &spread(500));
        member.stop();
        assert_eq!(store.inner.stock(APPLE), APPLES - 500);
        assert!(
            store.batches().iter().all(|batch| *batch <= 4),
            "{:?}",
            store.batches()
        );
    }
}

mod a_member_that_is_told_to_stop {
    use super::*;

    /// Stops a member that has unfinished commands, and starts another.
    fn succession(broker: &TestBroker) {
        let gate = Arc::new(Gate::default());
        let store = Arc::new(StoreDouble::plain().behind(&gate));
        let mut answers = Answers::of(broker);
        let first = member(broker, &store).start();
        send_creates(broker, 0..8);
        wait_for_arrival(&gate);

        first.ask_to_stop();
        gate.open();
        first.stop();

        // Records that were not taken in before the stop are the successor's.
        let finished = finished(broker);
        assert!(finished > 0);
        answers.until(finished);
        let second = member(broker, &store).start();
        send_creates(broker, 8..16);
        answers.until(16);
        broker.until_committed(GROUP, &spread(16));
        second.stop();
        assert_eq!(store.inner.stock(APPLE), APPLES - 16);
    }

    /// How many records are committed.
    fn finished(broker: &TestBroker) -> usize {
        usize::try_from(broker.committed(GROUP).into_iter().flatten().sum::<i64>()).unwrap()
    }

    #[test]
    fn finishes_and_commits_what_it_has_and_leaves_the_rest_to_its_successor() {
        succession(&TestBroker::embedded());
    }

    /// The group waits for a member that vanishes for longer than the test does.
    #[test]
    fn hands_its_partitions_over_at_once_on_real_kafka() {
        let mut broker = TestBroker::kafka();
        broker.settings.session_timeout = 3 * LONGEST_WAIT;
        succession(&broker);
    }

    #[test]
    fn leaves_to_its_successor_what_it_can_not_finish_in_time() {
        let broker = TestBroker::embedded();
        let gate = Arc::new(Gate::default());
        let store = Arc::new(StoreDouble::plain().behind(&gate));
        let mut answers = Answers::of(&broker);
        let first = Member {
            grace: Duration::from_millis(200),
            ..member(&broker, &store)
        }
        .start();
        send_creates(&broker, 0..8);
        wait_for_arrival(&gate);

        first.stop();

        assert_eq!(finished(&broker), 0);
        let second = member(&broker, &store).start();
        wait_for_arrival(&gate);
        // The first member's write comes back to life beside the second's.
        gate.open();
        answers.until(8);
        broker.until_committed(GROUP, &spread(8));
        second.stop();
        assert_eq!(store.inner.stock(APPLE), APPLES - 8);
    }
}

mod members_that_come_and_go {
    use super::*;

    /// Orders sent in a row: as many to each partition.
    const SALVO: u64 = 40;

    /// One member, then two, then the other one, while commands come without a pause. Returns how many there were.
    fn members_come_and_go_under_load(broker: &TestBroker) -> u64 {
        let shared = Arc::new(MemoryOrderStore::new(items(), coupons()));
        let stores = [(); 2].map(|()| Arc::new(StoreDouble::over(Arc::clone(&shared))));
        let mut answers = Answers::of(broker);
        let mut sent = 0;
        let mut salvo = || {
            send_creates(broker, sent..sent + SALVO);
            sent += SALVO;
            usize::try_from(sent).unwrap()
        };

        let first = member(broker, &stores[0]).start();
        let sent_alone = salvo();
        answers.until(sent_alone);
        let second = member(broker, &stores[1]).start();
        let deadline = Instant::now() + LONGEST_WAIT;
        while stores[1].batches().is_empty() {
            assert!(Instant::now() < deadline, "the newcomer gets no work");
            answers.until(salvo() - 10);
        }
        let sent_to_both = salvo();
        answers.until(sent_to_both);
        salvo();
        first.ask_to_stop();
        let all = salvo();
        answers.until(all);
        first.stop();
        broker.until_committed(GROUP, &spread(i64::try_from(all).unwrap()));
        second.stop();

        assert!(answers.by_order.keys().copied().eq(0..sent));
        assert_eq!(u64::from(APPLES - shared.stock(APPLE)), sent);
        sent
    }

    #[test]
    fn under_load_do_and_answer_each_command_once() {
        members_come_and_go_under_load(&TestBroker::embedded());
    }

    /// The embedded broker refuses commits while a group is being joined, so records come again there; Kafka takes them.
    #[test]
    fn under_load_do_and_answer_each_command_once_on_real_kafka() {
        let broker = TestBroker::kafka();
        let sent = members_come_and_go_under_load(&broker);
        assert_eq!(
            broker.reply_count(),
            i64::try_from(sent).unwrap(),
            "commands were answered more than once"
        );
    }
}

mod outage {
    use super::*;

    #[test]
    fn real_kafka_that_is_killed_loses_no_unfinished_command() {
        let mut broker = TestBroker::kafka();
        let gate = Arc::new(Gate::default());
        let store = Arc::new(StoreDouble::plain().behind(&gate));
        let mut answers = Answers::of(&broker);
        let member = member(&broker, &store).start();
        send_creates(&broker, 0..40);
        wait_for_arrival(&gate);

        broker.interrupt(|_| gate.open());

        answers.until(40);
        send_creates(&broker, 40..80);
        answers.until(80);
        broker.until_committed(GROUP, &spread(80));
        member.stop();
        assert_eq!(store.inner.stock(APPLE), APPLES - 80);
    }
}
