//! The Kafka plumbing on librdkafka's own small broker.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::sync::{Arc, mpsc as channel};
use std::time::Duration;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{OwnedHeaders, OwnedMessage};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use rdkafka::{Message, Timestamp};
use shared::kafka::broker_probe::BrokerProbe;
use shared::kafka::config::{KafkaSettings, TopicSettings};
use shared::kafka::dead_letters::DeadLetters;
use shared::kafka::health_board::HealthBoard;
use shared::kafka::lag::{LagMetrics, LagTopic, LagWatch};
use shared::kafka::metrics::ProducersMetrics;
use shared::kafka::poll_loop::{Backlog, KafkaEvent, PollLoop, ReadTopic};
use shared::kafka::publisher::{OutboundRecord, Publisher};
use shared::kafka::security::KafkaSecurity;
use shared::kafka::topic_state::{TopicId, TopicState};
use shared::metrics::Metrics;
use tokio::sync::{mpsc, watch};

use crate::alone::alone;

const PARTITIONS: i32 = 4;
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// How Rust's `abort` shows in the exit status.
const SIGABRT: i32 = 6;

type Cluster = MockCluster<'static, DefaultProducerContext>;

/// A broker with the topic `orders`.
fn broker() -> (Cluster, KafkaSettings) {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("orders", PARTITIONS, 1).unwrap();
    let topic = |name: &str| TopicSettings {
        name: name.to_owned(),
        partitions: PARTITIONS,
    };
    let settings = KafkaSettings {
        bootstrap_servers: cluster.bootstrap_servers(),
        security: KafkaSecurity::default(),
        session_timeout: Duration::from_secs(3),
        fetch_wait_max: Duration::from_millis(10),
        replication_factor: 1,
        orders: topic("orders"),
        composite: topic("composite"),
    };
    (cluster, settings)
}

fn record<'a>(topic: &'a str, partition: Option<i32>, payload: &'a [u8]) -> OutboundRecord<'a> {
    OutboundRecord {
        topic,
        partition,
        key: None,
        payload: Some(payload),
        headers: OwnedHeaders::new(),
    }
}

/// Publishes, and waits for what becomes of it.
fn published(publisher: &Publisher, record: OutboundRecord<'_>) -> Result<(), KafkaError> {
    let (outcome_tx, outcome_rx) = channel::channel();
    publisher
        .publish(
            record,
            Box::new(move |outcome| outcome_tx.send(outcome).unwrap()),
        )
        .unwrap();
    outcome_rx
        .recv_timeout(LONGEST_WAIT)
        .expect("nobody told what became of the record")
}

/// As with brokers that have lost all that they knew of this producer, or know another of the same id.
#[test]
fn a_producer_that_has_lost_its_place_ends_the_process() {
    let test = "kafka::a_producer_that_has_lost_its_place_ends_the_process";
    let output = alone(test, || {
        let (cluster, settings) = broker();
        let publisher = Publisher::start(&settings.producer(None)).unwrap();
        let out_of_order = RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER;
        cluster.request_errors(RDKafkaApiKey::Produce, &[out_of_order]);
        let _ = published(&publisher, record("orders", Some(0), b"lost"));
    });
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.signal(), Some(SIGABRT), "{log}");
    assert!(log.contains("the producer has failed for good"), "{log}");
}

/// A member of `readers` that reads `orders`, whatever its id.
fn read(settings: &KafkaSettings, backlog: Backlog) -> (PollLoop, mpsc::Receiver<KafkaEvent>) {
    let topic = ReadTopic {
        name: "orders".to_owned(),
        id: TopicId::new("a"),
    };
    let health = HealthBoard::default();
    PollLoop::start(&settings.member("readers"), &topic, backlog, &health).unwrap()
}

/// Commits, and waits for the outcome.
fn commit(poll_loop: &PollLoop, offsets: &[(i32, i64)]) {
    let (outcome_tx, outcome_rx) = channel::channel();
    let on_committed = Box::new(move |outcome| outcome_tx.send(outcome).unwrap());
    poll_loop.commit(offsets.to_vec(), on_committed);
    assert_eq!(outcome_rx.recv_timeout(LONGEST_WAIT), Ok(Ok(())));
}

/// Publishes the numbers from 0, in turn to all partitions.
fn publish_numbers(settings: &KafkaSettings, count: u32) {
    let publisher = Publisher::start(&settings.producer(Some(LONGEST_WAIT))).unwrap();
    for (number, partition) in (0..count).zip((0..PARTITIONS).cycle()) {
        let payload = number.to_be_bytes();
        publisher
            .publish(
                record("orders", Some(partition), &payload),
                Box::new(|outcome| outcome.unwrap()),
            )
            .unwrap();
    }
    publisher.flush(LONGEST_WAIT).unwrap();
}

mod polling {
    use super::*;

    /// Reads so many numbers by partition.
    fn numbers(events: &mut mpsc::Receiver<KafkaEvent>, count: usize) -> BTreeMap<i32, Vec<u32>> {
        let mut found: BTreeMap<i32, Vec<u32>> = BTreeMap::new();
        let mut seen = 0;
        while seen < count {
            if let KafkaEvent::Record(record, _) = events.blocking_recv().unwrap() {
                let number = u32::from_be_bytes(record.payload().unwrap().try_into().unwrap());
                found.entry(record.partition()).or_default().push(number);
                seen += 1;
            }
        }
        found
    }

    fn in_order(count: u32) -> BTreeMap<i32, Vec<u32>> {
        let step = usize::try_from(PARTITIONS).unwrap();
        let of = |partition: i32| {
            (u32::try_from(partition).unwrap()..count)
                .step_by(step)
                .collect()
        };
        (0..PARTITIONS)
            .map(|partition| (partition, of(partition)))
            .collect()
    }

    #[test]
    fn every_record_arrives_once_and_in_order_through_a_small_channel() {
        let (_cluster, settings) = broker();
        publish_numbers(&settings, 2_000);
        let (poll_loop, mut events) = read(&settings, Backlog::of(3));

        let found = numbers(&mut events, 2_000);

        assert_eq!(found, in_order(2_000));
        drop(events);
        poll_loop.stop();
    }

    #[test]
    fn nothing_is_lost_or_repeated_when_partitions_pause() {
        let (_cluster, settings) = broker();
        publish_numbers(&settings, 400);
        // No wait at all, so they pause whenever the channel is full.
        let backlog = Backlog {
            records: 8,
            full_for: Duration::ZERO,
        };
        let (poll_loop, mut events) = read(&settings, backlog);
        while events.len() < backlog.records {
            std::thread::sleep(Duration::from_millis(5));
        }

        let found = numbers(&mut events, 400);

        assert_eq!(found, in_order(400));
        drop(events);
        poll_loop.stop();
    }

    #[test]
    fn a_successor_begins_at_the_committed_offsets() {
        let (_cluster, settings) = broker();
        publish_numbers(&settings, 40);
        let start = || read(&settings, Backlog::of(100));
        let (poll_loop, mut events) = start();
        numbers(&mut events, 40);
        commit(&poll_loop, &[(0, 10), (1, 10), (2, 9), (3, 8)]);
        drop(events);
        poll_loop.stop();

        let (poll_loop, mut events) = start();

        let found = numbers(&mut events, 3);
        assert_eq!(found, BTreeMap::from([(2, vec![38]), (3, vec![35, 39])]));
        drop(events);
        poll_loop.stop();
    }

    #[test]
    fn a_member_without_a_receiver_stops_even_with_a_full_channel() {
        let (_cluster, settings) = broker();
        publish_numbers(&settings, 100);
        let (poll_loop, mut events) = read(&settings, Backlog::of(1));
        numbers(&mut events, 1);

        drop(events);
        poll_loop.stop();
    }
}

mod publishing {
    use super::*;

    #[test]
    fn each_record_is_acknowledged_once() {
        let (_cluster, settings) = broker();
        let publisher = Publisher::start(&settings.producer(Some(LONGEST_WAIT))).unwrap();
        let (outcome_tx, outcome_rx) = channel::channel();
        for nth in 0..500_u32 {
            let outcome_tx = outcome_tx.clone();
            let payload = nth.to_be_bytes();
            let on_delivery = Box::new(move |outcome: Result<(), KafkaError>| {
                outcome_tx.send((nth, outcome.is_ok())).unwrap()
            });
            publisher
                .publish(record("orders", None, &payload), on_delivery)
                .unwrap();
        }
        drop(outcome_tx);
        publisher.flush(LONGEST_WAIT).unwrap();

        let mut told: Vec<_> = outcome_rx.iter().collect();
        told.sort_unstable();
        assert!(told.into_iter().eq((0..500).map(|nth| (nth, true))));
    }

    #[test]
    fn a_record_for_a_missing_partition_fails_each_time() {
        let (_cluster, settings) = broker();
        let publisher = Publisher::start(&settings.producer(None)).unwrap();
        for _ in 0..3 {
            let outcome = published(&publisher, record("orders", Some(99), b"x"));
            let code = outcome.unwrap_err().rdkafka_error_code();
            assert_eq!(code, Some(RDKafkaErrorCode::UnknownPartition));
        }
        assert_eq!(
            published(&publisher, record("orders", Some(0), b"x")),
            Ok(())
        );
    }

    #[test]
    fn a_record_that_is_too_large_fails_at_once() {
        let (_cluster, settings) = broker();
        let publisher = Publisher::start(&settings.producer(None)).unwrap();
        let outcome = published(
            &publisher,
            record("orders", Some(0), &vec![b'x'; 2_000_000]),
        );
        assert_eq!(
            outcome.unwrap_err().rdkafka_error_code(),
            Some(RDKafkaErrorCode::MessageSizeTooLarge)
        );
    }

    #[test]
    fn without_a_broker_a_command_times_out_and_a_reply_waits() {
        let (cluster, settings) = broker();
        let commands = Publisher::start(&settings.producer(Some(Duration::from_secs(3)))).unwrap();
        let replies = Publisher::start(&settings.producer(None)).unwrap();
        for publisher in [&commands, &replies] {
            assert_eq!(
                published(publisher, record("orders", Some(0), b"x")),
                Ok(())
            );
        }
        cluster.broker_down(1).unwrap();

        let (replied_tx, replied_rx) = channel::channel();
        let on_delivery =
            Box::new(move |outcome: Result<(), KafkaError>| replied_tx.send(outcome).unwrap());
        replies
            .publish(record("orders", Some(0), b"reply"), on_delivery)
            .unwrap();
        let outcome = published(&commands, record("orders", Some(0), b"command"));
        assert_eq!(
            outcome.unwrap_err().rdkafka_error_code(),
            Some(RDKafkaErrorCode::MessageTimedOut)
        );
        assert!(replied_rx.try_recv().is_err());

        cluster.broker_up(1).unwrap();
        assert_eq!(replied_rx.recv_timeout(LONGEST_WAIT), Ok(Ok(())));
    }
}

mod setting_aside {
    use super::*;

    #[test]
    fn dead_letters_are_full_while_no_broker_takes_them() {
        let (cluster, settings) = broker();
        cluster.create_topic("orders-dlt", 1, 1).unwrap();
        cluster.broker_down(1).unwrap();
        let publisher = Arc::new(Publisher::start(&settings.producer_without_timeout()).unwrap());
        let dead_letters = DeadLetters::new(publisher).unwrap();
        let (settled_tx, settled_rx) = channel::channel();
        let mut sent = 0;
        while !dead_letters.is_full() {
            let payload = Some(vec![0; 1_000_000]);
            let (topic, time) = ("orders".to_owned(), Timestamp::NotAvailable);
            let record = OwnedMessage::new(payload, None, topic, time, 0, sent, None);
            let settled_tx = settled_tx.clone();
            dead_letters.set_aside(
                &record,
                "Malformed",
                "by the test",
                Box::new(move || settled_tx.send(()).unwrap()),
            );
            sent += 1;
        }
        assert!((60..=70).contains(&sent), "{sent} MB are room for them");

        cluster.broker_up(1).unwrap();
        for _ in 0..sent {
            settled_rx.recv_timeout(LONGEST_WAIT).unwrap();
        }
        assert!(!dead_letters.is_full());
    }
}

mod probing {
    use super::*;

    #[test]
    fn a_probe_finds_the_broker_while_it_is_there() {
        let (cluster, settings) = broker();
        let probe = BrokerProbe::new(&settings, "orders").unwrap();
        assert_eq!(probe.probe(LONGEST_WAIT), Ok(()));
        cluster.broker_down(1).unwrap();
        assert!(probe.probe(Duration::from_millis(200)).is_err());
        cluster.broker_up(1).unwrap();
        assert_eq!(probe.probe(LONGEST_WAIT), Ok(()));
    }
}

mod measuring {
    use super::*;

    /// Waits until the metrics have all of these lines.
    fn await_lines(metrics: &Metrics, lines: &[&str]) {
        let begin = std::time::Instant::now();
        loop {
            let text = metrics.render().unwrap();
            if lines
                .iter()
                .all(|line| text.lines().any(|found| found == *line))
            {
                return;
            }
            assert!(
                begin.elapsed() < LONGEST_WAIT,
                "{lines:?} are not all in {text}"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_groups_lag_is_what_it_has_not_committed_even_without_members() {
        let (_cluster, settings) = broker();
        publish_numbers(&settings, 10);
        let metrics = Metrics::new().unwrap();
        let watched = LagMetrics::new(&metrics).unwrap();
        let often = Duration::from_millis(20);
        let topic = LagTopic {
            name: "orders".to_owned(),
            state: watch::channel(TopicState::There(TopicId::new("a"))).1,
        };
        let _watch = LagWatch::start(&settings, "readers", topic, often, watched).unwrap();
        let lag = |partition: i32, lag: i64| {
            format!(
                r#"kafka_consumergroup_lag{{consumergroup="readers",partition="{partition}",topic="orders"}} {lag}"#
            )
        };
        await_lines(&metrics, &[&lag(0, 3), &lag(1, 3), &lag(2, 2), &lag(3, 2)]);

        let (poll_loop, mut events) = read(&settings, Backlog::of(100));
        for _ in 0..10 {
            while !matches!(events.blocking_recv().unwrap(), KafkaEvent::Record(..)) {}
        }
        commit(&poll_loop, &[(0, 3), (1, 1)]);

        await_lines(&metrics, &[&lag(0, 0), &lag(1, 2), &lag(2, 2), &lag(3, 2)]);
        drop(events);
        poll_loop.stop();
    }

    #[test]
    fn acknowledged_and_refused_records_are_counted_apart() {
        let (_cluster, settings) = broker();
        let metrics = Metrics::new().unwrap();
        let measured = ProducersMetrics::new(&metrics).unwrap().of("replies");
        let publisher =
            Publisher::start_measured(&settings.producer(Some(LONGEST_WAIT)), measured).unwrap();
        for _ in 0..2 {
            published(&publisher, record("orders", Some(1), b"text")).unwrap();
        }
        published(&publisher, record("orders", Some(PARTITIONS), b"text")).unwrap_err();

        let count = "messaging_client_operation_duration_seconds_count";
        let acknowledged = format!(r#"{count}{{outcome="acknowledged",producer="replies"}} 2"#);
        let failed = format!(r#"{count}{{outcome="failed",producer="replies"}} 1"#);
        await_lines(&metrics, &[&acknowledged, &failed]);
    }
}
