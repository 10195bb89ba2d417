//! Both brokers serve records; the real one keeps them over a power cut.

use crate::support::{exists, partitions_of, place, records, send, topic};
use stack::{Broker, BrokerKind, EmbeddedBroker, KafkaBroker, KafkaCluster};

#[test]
fn the_embedded_broker_has_the_topics_it_was_told() {
    let broker = EmbeddedBroker::start().unwrap();
    broker.create_topic(&topic("orders", 4)).unwrap();
    broker.create_topic(&topic("composite", 3)).unwrap();
    assert_eq!(partitions_of(broker.bootstrap_servers(), "orders"), 4);
    assert_eq!(partitions_of(broker.bootstrap_servers(), "composite"), 3);
    send(broker.bootstrap_servers(), "orders", "hello");
    assert_eq!(records(broker.bootstrap_servers(), "orders", 1), ["hello"]);
}

#[test]
fn a_topic_may_be_created_twice() {
    let (_folder, place) = place();
    for kind in [BrokerKind::Embedded, BrokerKind::Kafka] {
        let mut broker = Broker::start(kind, &place, 0).unwrap();
        broker.create_topic(&topic("orders", 2)).unwrap();
        broker.create_topic(&topic("orders", 2)).unwrap();
        assert_eq!(
            partitions_of(broker.bootstrap_servers(), "orders"),
            2,
            "{kind:?}"
        );
    }
}

#[test]
fn kafka_keeps_its_records_over_a_kill_and_a_new_start() {
    let (_folder, place) = place();
    let mut broker = KafkaBroker::start(&place, 0).unwrap();
    broker.create_topic(&topic("orders", 4)).unwrap();
    let bootstrap = broker.bootstrap_servers().to_owned();
    send(&bootstrap, "orders", "before the kill");

    broker.kill_9().unwrap();
    broker.restart().unwrap();
    send(&bootstrap, "orders", "after the kill");
    assert_eq!(
        records(&bootstrap, "orders", 2),
        ["before the kill", "after the kill"]
    );

    let pid = broker.service().pid();
    drop(broker);
    assert!(!exists(pid), "the broker outlived its handle");

    let again = KafkaBroker::start(&place, 0).unwrap();
    assert_eq!(records(again.bootstrap_servers(), "orders", 2).len(), 2);
    assert_eq!(partitions_of(again.bootstrap_servers(), "orders"), 4);
}

#[test]
fn kafka_starts_inside_of_an_async_runtime_too() {
    let (_folder, place) = place();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut broker = KafkaBroker::start(&place, 0).unwrap();
        broker.create_topic(&topic("orders", 1)).unwrap();
    });
}

#[test]
fn three_kafkas_go_on_without_the_leader_of_a_partition() {
    let (_folder, place) = place();
    let mut cluster = KafkaCluster::start(&place).unwrap();
    cluster.create_topic(&topic("orders", 1)).unwrap();
    let bootstrap = cluster.bootstrap_servers().to_owned();
    send(&bootstrap, "orders", "with three");

    let first = cluster.leader_of("orders", 0).unwrap();
    cluster.kill_9(first).unwrap();
    send(&bootstrap, "orders", "with two");
    let second = cluster.leader_of("orders", 0).unwrap();
    assert_ne!(second, first);

    cluster.restart(first).unwrap();
    cluster.kill_9(second).unwrap();
    send(&bootstrap, "orders", "with another two");
    assert_eq!(
        records(&bootstrap, "orders", 3),
        ["with three", "with two", "with another two"]
    );
}
