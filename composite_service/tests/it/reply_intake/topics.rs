//! What becomes of a running instance when somebody else changes the topic of replies or its group. All on real Kafka.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use composite_service::inbound::kafka::reply_intake::GROUP;
use rdkafka::consumer::{BaseConsumer, Consumer};
use shared::kafka::member_health::{Trouble, Unwell};
use stack::{BrokerKind, until};
use tokio::time::timeout;
use uuid::Uuid;

use super::instance::Instance;
use crate::kafka::{LONGEST_WAIT, TestBroker, id};

const PARTITIONS: i32 = 4;

/// Waits until that is wrong with the instance, or nothing.
async fn until_health_is(instance: &Instance, expected: Option<Unwell>) {
    let health = instance.health.clone();
    let waiting = move || {
        until("its health", 2 * LONGEST_WAIT, || {
            Ok((health.unwell() == expected).then_some(()))
        })
    };
    tokio::task::spawn_blocking(waiting).await.unwrap().unwrap();
}

/// Takes replies until each command of these numbers has its reply.
async fn until_all_arrived(instance: &mut Instance, numbers: RangeInclusive<u32>) {
    let mut missing: BTreeSet<Uuid> = numbers.map(id).collect();
    while !missing.is_empty() {
        missing.remove(&instance.arrived().await.correlation_id);
    }
}

mod a_topic_that_is_made_again {
    use super::*;

    /// The new topic's partitions hold more than the old one's before anybody can notice.
    async fn gives_the_instance_another_home(partitions: i32) {
        let mut broker = TestBroker::start(BrokerKind::Kafka, PARTITIONS);
        let (mut instance, home) = Instance::at_home(&broker).await;
        broker.reply(home, 1..=3);
        instance.ids(3).await;

        broker.delete_replies();
        broker.make_replies(partitions);
        broker.reply(0, 11..=20);

        // None is skipped. Some may come twice: the member that reads the old topic goes on in the new one until it notices, and the next
        // one begins at the beginning.
        until_all_arrived(&mut instance, 11..=20).await;
        until_health_is(&instance, None).await;
        let home = instance.home().await;
        assert!((0..partitions).contains(&home), "{home}");
        broker.reply(home, [21]);
        until_all_arrived(&mut instance, 21..=21).await;
        broker.settings.composite.partitions = partitions;
        broker.until_drained();
        instance.stop().await;
    }

    #[actix::test]
    async fn with_as_many_partitions_gives_the_instance_another_home() {
        gives_the_instance_another_home(PARTITIONS).await;
    }

    #[actix::test]
    async fn with_fewer_partitions_gives_the_instance_another_home() {
        gives_the_instance_another_home(1).await;
    }

    #[actix::test]
    async fn with_more_partitions_gives_the_instance_another_home() {
        gives_the_instance_another_home(PARTITIONS + 1).await;
    }

    #[actix::test]
    async fn leaves_the_instance_without_a_home_while_it_is_missing() {
        let mut broker = TestBroker::start(BrokerKind::Kafka, PARTITIONS);
        let (mut instance, _) = Instance::at_home(&broker).await;

        broker.delete_replies();
        timeout(LONGEST_WAIT, instance.home_rx.wait_for(Option::is_none))
            .await
            .expect("homelessness in time")
            .unwrap();
        until_health_is(&instance, Some(Unwell::TopicMissing)).await;
        broker.make_replies(PARTITIONS);

        let home = instance.home().await;
        broker.reply(home, [1]);
        assert_eq!(instance.ids(1).await, [id(1)]);
        instance.stop().await;
    }
}

mod a_topic_that_is_compacted {
    use super::*;

    /// Replies have no keys, which the brokers demand then.
    #[actix::test]
    async fn leaves_the_instance_without_a_home_until_it_takes_replies_again() {
        let broker = TestBroker::start(BrokerKind::Kafka, PARTITIONS);
        let (mut instance, _) = Instance::at_home(&broker).await;
        broker.clean_replies_up("compact");
        timeout(LONGEST_WAIT, instance.home_rx.wait_for(Option::is_none))
            .await
            .expect("homelessness in time")
            .unwrap();
        until_health_is(&instance, Some(Unwell::TopicRefuses)).await;
        broker.clean_replies_up("delete");
        let home = instance.home().await;
        broker.reply(home, [1]);
        assert_eq!(instance.ids(1).await, [id(1)]);
        instance.stop().await;
    }
}

mod more_partitions {
    use super::*;

    #[actix::test]
    async fn become_homes_of_new_instances_while_others_run() {
        let broker = TestBroker::start(BrokerKind::Kafka, 1);
        let (first, first_home) = Instance::at_home(&broker).await;
        let mut second = Instance::start(&broker);
        broker.enlarge_replies(2);
        let second_home = second.home().await;
        assert_ne!(first_home, second_home);
        first.stop().await;
        second.stop().await;
    }
}

mod the_mark_of_a_transaction {
    use super::*;

    #[actix::test]
    async fn is_committed_past() {
        let broker = TestBroker::start(BrokerKind::Kafka, 1);
        let (mut instance, home) = Instance::at_home(&broker).await;
        broker.reply_in_transaction(home, 1);
        assert_eq!(instance.ids(1).await, [id(1)]);
        broker.until_committed(&[2]);
        broker.reply(home, [2]);
        assert_eq!(instance.ids(1).await, [id(2)]);
        broker.until_committed(&[3]);
        instance.stop().await;
    }
}

mod a_group_whose_members_use_another_assignor {
    use super::*;

    #[actix::test]
    async fn leaves_the_instance_unwell_with_the_reason() {
        let broker = TestBroker::start(BrokerKind::Kafka, PARTITIONS);
        let other: BaseConsumer = broker
            .settings
            .consumer(GROUP)
            .set("partition.assignment.strategy", "range")
            .create()
            .unwrap();
        other.subscribe(&[&broker.settings.composite.name]).unwrap();
        while other.assignment().unwrap().count() == 0 {
            let _ = other.poll(Duration::from_millis(50));
        }

        let instance = Instance::start(&broker);

        let unwell = Unwell::NotAMember(Some(Trouble::OtherAssignor));
        until_health_is(&instance, Some(unwell)).await;
        drop(other);
        until_health_is(&instance, None).await;
        instance.stop().await;
    }
}
