//! Instances that come and go.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use shared::budget;
use stack::BrokerKind;
use tokio::time::timeout;

use super::instance::Instance;
use crate::kafka::{LONGEST_WAIT, TestBroker, counts, id};

mod instances {
    use super::*;

    #[actix::test]
    async fn have_a_home_each_and_get_their_replies_there() {
        let broker = TestBroker::embedded(4);
        let (mut first, _) = Instance::at_home(&broker).await;
        let (mut second, second_home) = Instance::at_home(&broker).await;
        let first_home = first.home().await;
        assert_ne!(first_home, second_home);
        broker.reply(first_home, 1..=10);
        broker.reply(second_home, 101..=110);
        assert_eq!(first.ids(10).await, (1..=10).map(id).collect::<Vec<_>>());
        assert_eq!(
            second.ids(10).await,
            (101..=110).map(id).collect::<Vec<_>>()
        );
        broker.until_drained();
        first.stop().await;
        second.stop().await;
    }

    #[actix::test]
    async fn on_kafka_own_disjoint_partitions_and_keep_their_homes() {
        let broker = TestBroker::start(BrokerKind::Kafka, 5);
        let (mut first, _) = Instance::at_home(&broker).await;
        let (mut second, _) = Instance::at_home(&broker).await;
        let (mut third, _) = Instance::at_home(&broker).await;
        let owned = broker.owned(3);
        assert!(
            counts(owned.iter().flatten())
                .values()
                .all(|count| *count == 1),
            "{owned:?}"
        );
        let homes = BTreeSet::from([first.home().await, second.home().await, third.home().await]);
        assert_eq!(homes.len(), 3, "{homes:?}");
        assert!(
            owned
                .iter()
                .all(|partitions| partitions.iter().any(|partition| homes.contains(partition))),
            "{owned:?}, {homes:?}"
        );

        second.stop().await;
        broker.owned(2);
        let (first_home, third_home) = (first.home().await, third.home().await);
        assert!(
            homes.contains(&first_home) && homes.contains(&third_home),
            "who stays keeps his home"
        );
        broker.reply(first_home, [1]);
        broker.reply(third_home, [2]);
        assert_eq!(
            (first.ids(1).await, third.ids(1).await),
            (vec![id(1)], vec![id(2)])
        );
        broker.until_drained();
        first.stop().await;
        third.stop().await;
    }
}

/// The second instance waits for the first to leave.
async fn move_in_after(broker: &TestBroker) {
    let (first, home) = Instance::at_home(broker).await;
    let mut second = Instance::start(broker);
    broker.reply(home, [1]);
    broker.until_drained();
    assert_eq!(*second.home_rx.borrow(), None);
    first.stop().await;
    assert_eq!(second.home().await, home);
    broker.reply(home, [2]);
    assert_eq!(second.ids(1).await, [id(2)]);
    second.stop().await;
}

mod a_leaving_instance {
    use super::*;

    #[actix::test]
    async fn makes_room_for_another() {
        move_in_after(&TestBroker::embedded(1)).await;
    }

    #[actix::test]
    async fn tells_the_group_on_kafka() {
        let mut broker = TestBroker::start(BrokerKind::Kafka, 1);
        broker.settings.session_timeout = 2 * LONGEST_WAIT;
        move_in_after(&broker).await;
    }
}

mod a_lost_membership {
    use super::*;

    #[actix::test]
    async fn keeps_the_home_while_its_replies_are_read() {
        let broker = TestBroker::embedded(1);
        let (mut instance, home) = Instance::at_home(&broker).await;
        broker.set_up(false);
        let begun = Instant::now();
        timeout(LONGEST_WAIT, instance.home_rx.wait_for(Option::is_none))
            .await
            .expect("homelessness in time")
            .unwrap();
        // Missed by the group, and what is asked for in the last moment is still read when it is overdue.
        assert!(begun.elapsed() >= broker.settings.session_timeout / 2 + budget::REPLY_WAIT);
        broker.set_up(true);
        assert_eq!(instance.home().await, home);
        broker.reply(home, [1]);
        assert_eq!(instance.ids(1).await, [id(1)]);
        instance.stop().await;
    }
}

mod a_stopped_instance {
    use super::*;

    #[actix::test]
    async fn has_no_home() {
        let broker = TestBroker::embedded(1);
        let (instance, _) = Instance::at_home(&broker).await;
        let home_rx = instance.home_rx.clone();
        instance.stop().await;
        assert_eq!(*home_rx.borrow(), None);
    }
}

/// Replies to the first instance's home never end while a second one comes and goes.
async fn come_and_go(kind: BrokerKind) {
    let broker = Arc::new(TestBroker::start(kind, 4));
    let (mut first, old_home) = Instance::at_home(&broker).await;
    let stream = Stream::start(&broker, old_home);
    let (mut second, second_home) = Instance::at_home(&broker).await;
    broker.reply(second_home, [OTHER]);
    while second.arrived().await.correlation_id != id(OTHER) {}
    second.stop().await;
    let sent = stream.stop();
    let mut seen = Vec::new();
    while seen.last() != Some(&id(sent)) {
        seen.extend(
            first
                .ids(1)
                .await
                .into_iter()
                .filter(|seen| *seen != id(OTHER)),
        );
    }
    assert_eq!(seen, (1..=sent).map(id).collect::<Vec<_>>());
    broker.until_drained();
    first.stop().await;
}

mod endless_replies {
    use super::*;

    #[actix::test]
    async fn are_not_lost_while_an_instance_comes_and_goes() {
        come_and_go(BrokerKind::Embedded).await;
    }

    #[actix::test]
    async fn are_not_lost_on_kafka() {
        come_and_go(BrokerKind::Kafka).await;
    }
}

/// A reply that is none of the stream's.
const OTHER: u32 = u32::MAX;

/// Replies 1, 2, 3, … one after the other, without end.
struct Stream {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<u32>,
}

impl Stream {
    fn start(broker: &Arc<TestBroker>, partition: i32) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (broker, stop) = (Arc::clone(broker), Arc::clone(&is_over));
        let thread = thread::spawn(move || {
            let mut sent = 0;
            while !stop.load(Ordering::Acquire) {
                sent += 1;
                broker.reply(partition, [sent]);
                // Not more than the machine can do besides.
                thread::sleep(Duration::from_millis(1));
            }
            sent
        });
        Self { is_over, thread }
    }

    /// Returns how many there were.
    fn stop(self) -> u32 {
        self.is_over.store(true, Ordering::Release);
        self.thread.join().unwrap()
    }
}
