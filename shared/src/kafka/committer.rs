//! Commits offsets on a thread of its own, one commit after the other, and tells what became of each. librdkafka's blocking commit waits
//! without a limit while the group's coordinator is away, and its other one does not tell its outcome before the next poll, for which a
//! rebalance does not wait.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::{Offset, TopicPartitionList};

use crate::kafka::committed;
use crate::kafka::topic_state::TopicId;

/// Called once, on the committer's thread, with the outcome; dropped uncalled when the member ends before that.
pub type OnCommitted = Box<dyn FnOnce(KafkaResult<()>) + Send>;

struct Order {
    offsets: Vec<(i32, i64)>,
    on_committed: OnCommitted,
}

/// The running thread.
pub(super) struct Committer {
    orders: Sender<Order>,
    thread: thread::JoinHandle<()>,
}

impl Committer {
    /// Commits for `consumer` the offsets of `topic`, whose id is committed with them.
    pub(super) fn start<C: ConsumerContext + 'static>(
        consumer: Arc<BaseConsumer<C>>,
        topic: &str,
        id: &TopicId,
    ) -> KafkaResult<Self> {
        let (orders_tx, orders) = channel();
        let (topic, mark) = (topic.to_owned(), committed::mark(id));
        let thread = thread::Builder::new()
            .name(format!("kafka-commit-{topic}"))
            .spawn(move || run(&consumer, &topic, &mark, &orders))
            .map_err(|error| KafkaError::ClientCreation(error.to_string()))?;
        Ok(Self {
            orders: orders_tx,
            thread,
        })
    }

    /// Ends the thread after the orders that it has. Blocks for as long as these take.
    pub(super) fn end(self) {
        drop(self.orders);
        if self.thread.join().is_err() {
            log::error!("the thread that commits offsets panicked");
        }
    }

    /// Has the offsets committed, each the first that a successor must read, after all earlier orders. Never blocks.
    pub(super) fn commit(&self, offsets: Vec<(i32, i64)>, on_committed: OnCommitted) {
        // An error means that the thread has panicked; then nothing is committed, and the records come again to the next owner.
        let _ = self.orders.send(Order {
            offsets,
            on_committed,
        });
    }
}

fn run<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topic: &str,
    mark: &str,
    orders: &Receiver<Order>,
) {
    for Order {
        offsets,
        on_committed,
    } in orders
    {
        let committed = if offsets.is_empty() {
            Ok(())
        } else {
            list(topic, mark, &offsets).and_then(|list| consumer.commit(&list, CommitMode::Sync))
        };
        on_committed(committed);
    }
}

fn list(topic: &str, mark: &str, offsets: &[(i32, i64)]) -> KafkaResult<TopicPartitionList> {
    let mut list = TopicPartitionList::with_capacity(offsets.len());
    for (partition, offset) in offsets {
        let mut element = list.add_partition(topic, *partition);
        element.set_offset(Offset::Offset(*offset))?;
        element.set_metadata(mark);
    }
    Ok(list)
}
