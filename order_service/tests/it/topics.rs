//! What becomes of a running member when somebody else changes its topic, its group or its broker. All on real Kafka.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use shared::kafka::health_board::HealthBoard;
use shared::kafka::member_health::{Trouble, Unwell};
use shared::wire::event::EventType;

use crate::harness::doubles::StoreDouble;
use crate::harness::kafka::{PARTITIONS, TestBroker};
use crate::harness::member::{GROUP, Member, RunningMember};
use crate::harness::shop::LONGEST_WAIT;
use crate::intake::{
    Answers, event, member, send_create, send_create_in_transaction, send_create_of_lines,
    send_creates,
};

/// Sends orders `digits`, spread over so many partitions.
fn send_creates_to(broker: &TestBroker, digits: std::ops::Range<u64>, partitions: i32) {
    for digits in digits {
        send_create(broker, digits, i32::try_from(digits).unwrap() % partitions);
    }
    broker.flush();
}

/// Waits until that is wrong with the member, or nothing.
fn until_health_is(health: &HealthBoard, expected: Option<&Unwell>) {
    let deadline = Instant::now() + 2 * LONGEST_WAIT;
    while health.unwell().as_ref() != expected {
        assert!(
            Instant::now() < deadline,
            "it is {:?}, not {expected:?}",
            health.unwell()
        );
        thread::sleep(Duration::from_millis(20));
    }
}

/// A member that works, and where it notes how it does.
fn well(broker: &TestBroker, store: &Arc<StoreDouble>) -> (RunningMember, HealthBoard) {
    let member: Member = member(broker, store);
    let health = member.health.clone();
    let running = member.start();
    until_health_is(&health, None);
    (running, health)
}

mod a_topic_that_is_made_again {
    use super::*;

    /// The new topic's partitions hold more than the old one's before the member can notice.
    fn is_read_from_its_beginning(partitions: i32) {
        let mut broker = TestBroker::kafka();
        let (store, mut answers) = (Arc::new(StoreDouble::plain()), Answers::of(&broker));
        let (member, health) = well(&broker, &store);
        send_creates(&broker, 0..40);
        answers.until(40);

        broker.delete_orders();
        broker.make_orders(partitions);
        send_creates_to(&broker, 100..200, partitions);

        answers.until(140);
        until_health_is(&health, None);
        let per_partition = 100 / i64::from(partitions);
        let expected: Vec<_> = (0..PARTITIONS)
            .map(|partition| (partition < partitions).then_some(per_partition))
            .collect();
        broker.until_committed(GROUP, &expected);
        member.stop();
    }

    #[test]
    fn with_as_many_partitions_is_read_from_its_beginning() {
        is_read_from_its_beginning(PARTITIONS);
    }

    #[test]
    fn with_fewer_partitions_is_read_from_its_beginning() {
        is_read_from_its_beginning(PARTITIONS / 2);
    }

    #[test]
    fn with_more_partitions_is_read_from_its_beginning() {
        is_read_from_its_beginning(PARTITIONS + 1);
    }

    #[test]
    fn makes_the_member_unwell_until_it_reads_the_new_one() {
        let mut broker = TestBroker::kafka();
        let store = Arc::new(StoreDouble::plain());
        let (member, health) = well(&broker, &store);

        broker.delete_orders();
        until_health_is(&health, Some(&Unwell::TopicMissing));
        broker.make_orders(PARTITIONS);

        until_health_is(&health, None);
        member.stop();
    }

    /// A member that has not noticed commits for the old topic, and the brokers take it.
    #[test]
    fn while_no_member_runs_is_read_from_its_beginning_whatever_was_committed_of_the_old_one() {
        let mut broker = TestBroker::kafka();
        broker.delete_orders();
        broker.make_orders(PARTITIONS);
        send_creates(&broker, 0..40);
        for partition in 0..PARTITIONS {
            broker.commit_for(GROUP, "the-old-one", partition, 5);
        }
        let (store, mut answers) = (Arc::new(StoreDouble::plain()), Answers::of(&broker));

        let (member, _) = well(&broker, &store);

        answers.until(40);
        member.stop();
    }
}

mod a_topic_that_stays_missing {
    use super::*;

    /// As after the loss of a broker's data.
    #[test]
    fn is_made_by_the_service_itself() {
        let broker = TestBroker::kafka();
        let (store, mut answers) = (Arc::new(StoreDouble::plain()), Answers::of(&broker));
        let (member, health) = well(&broker, &store);

        broker.delete_orders();
        until_health_is(&health, Some(&Unwell::TopicMissing));
        until_health_is(&health, None);

        send_creates(&broker, 0..8);
        answers.until(8);
        member.stop();
    }
}

mod more_partitions {
    use super::*;

    #[test]
    fn are_read_by_members_that_run() {
        let broker = TestBroker::kafka();
        let (store, mut answers) = (Arc::new(StoreDouble::plain()), Answers::of(&broker));
        let (member, _) = well(&broker, &store);

        broker.enlarge_orders(2 * PARTITIONS);

        send_creates_to(&broker, 0..80, 2 * PARTITIONS);
        answers.until(80);
        member.stop();
    }
}

mod compressed_records {
    use super::*;

    #[test]
    fn of_every_codec_are_read() {
        let mut broker = TestBroker::kafka();
        let (store, mut answers) = (Arc::new(StoreDouble::plain()), Answers::of(&broker));
        let (member, _) = well(&broker, &store);
        for (nth, codec) in (0..).zip(["gzip", "snappy", "lz4", "zstd"]) {
            broker.compress_by(codec);
            send_creates(&broker, 100 * nth..100 * nth + 40);
            answers.until(40 * (usize::try_from(nth).unwrap() + 1));
        }
        member.stop();
    }
}

mod a_reply_that_is_too_large_for_its_topic {
    use super::*;

    #[test]
    fn is_sent_without_its_lines() {
        let broker = TestBroker::kafka();
        let (store, replies) = (Arc::new(StoreDouble::plain()), broker.replies());
        broker.limit_replies(3_000);
        let (member, _) = well(&broker, &store);

        send_create_of_lines(&broker, 1, 40);

        let reply = event(&replies.next());
        assert_eq!(reply.event_type, EventType::OrderCreated);
        assert_eq!(reply.data.order_line_list, None);
        assert!(reply.data.final_price.is_some());
        member.stop();
    }
}

mod the_mark_of_a_transaction {
    use super::*;

    #[test]
    fn is_committed_past() {
        let broker = TestBroker::kafka();
        let (store, mut answers) = (Arc::new(StoreDouble::plain()), Answers::of(&broker));
        let (member, _) = well(&broker, &store);

        send_create_in_transaction(&broker, 1, 0);

        answers.until(1);
        broker.until_committed(GROUP, &[Some(2), None, None, None]);
        // And records behind it are not taken for seen.
        send_create(&broker, 2, 0);
        answers.until(2);
        broker.until_committed(GROUP, &[Some(3), None, None, None]);
        member.stop();
    }
}

mod a_group_whose_members_use_another_assignor {
    use super::*;

    #[test]
    fn makes_the_member_unwell_until_they_are_gone() {
        let broker = TestBroker::kafka();
        let other = OtherMember::join(&broker);
        let store = Arc::new(StoreDouble::plain());
        let member = member(&broker, &store);
        let health = member.health.clone();
        let running = member.start();

        until_health_is(
            &health,
            Some(&Unwell::NotAMember(Some(Trouble::OtherAssignor))),
        );
        other.leave();

        until_health_is(&health, None);
        running.stop();
    }

    /// A member as Spring's are by default.
    struct OtherMember {
        is_over: Arc<AtomicBool>,
        thread: thread::JoinHandle<()>,
    }

    impl OtherMember {
        /// Joins the group, and waits for its partitions.
        fn join(broker: &TestBroker) -> Self {
            let consumer: BaseConsumer = broker
                .settings
                .consumer(GROUP)
                .set("partition.assignment.strategy", "range")
                .create()
                .unwrap();
            consumer.subscribe(&[&broker.settings.orders.name]).unwrap();
            while consumer.assignment().unwrap().count() == 0 {
                let _ = consumer.poll(Duration::from_millis(50));
            }
            let is_over = Arc::new(AtomicBool::new(false));
            let stop = Arc::clone(&is_over);
            let thread = thread::spawn(move || {
                while !stop.load(Ordering::Acquire) {
                    let _ = consumer.poll(Duration::from_millis(50));
                }
            });
            Self { is_over, thread }
        }

        fn leave(self) {
            self.is_over.store(true, Ordering::Release);
            self.thread.join().unwrap();
        }
    }
}

mod without_its_broker {
    use super::*;

    /// The last commit has nobody who answers it, and neither has leaving the group.
    #[test]
    fn a_member_ends_when_it_is_asked_to() {
        let mut broker = TestBroker::kafka();
        let (store, mut answers) = (Arc::new(StoreDouble::plain()), Answers::of(&broker));
        let mut member = member(&broker, &store);
        member.grace = Duration::from_secs(2);
        let health = member.health.clone();
        let running = member.start();
        until_health_is(&health, None);
        send_creates(&broker, 0..8);
        answers.until(8);

        broker.interrupt(|_| running.stop());
    }
}
