//! One composite's end of the topic of replies: an intake, and a bridge that only records.

use chrono_tz::Asia::Seoul;
use composite_service::actors::kafka_bridge::ReplyArrived;
use composite_service::inbound::kafka::reply_intake::{ReplyIntake, ReplyTopic};
use composite_service::metrics::ReplyMetrics;
use shared::kafka::health_board::HealthBoard;
use shared::kafka::topic_watch::TopicWatch;
use shared::kafka::topics::Side;
use shared::metrics::{IntCounter, Metrics};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::time::timeout;
use uuid::Uuid;

use crate::doubles::Recorder;
use crate::kafka::{LONGEST_WAIT, TestBroker};

pub(super) struct Instance {
    /// How many records were dropped because they are for somebody else.
    pub(super) foreign: IntCounter,
    pub(super) home_rx: watch::Receiver<Option<i32>>,
    pub(super) health: HealthBoard,
    _topics: TopicWatch,
    arrived_rx: UnboundedReceiver<ReplyArrived>,
    intake: ReplyIntake,
}

impl Instance {
    /// Joins the group.
    pub(super) fn start(broker: &TestBroker) -> Self {
        let (bridge, arrived_rx) = Recorder::start();
        let (home_tx, home_rx) = watch::channel(None);
        let metrics = ReplyMetrics::new(&Metrics::new().unwrap()).unwrap();
        let foreign = metrics.foreign.clone();
        let health = HealthBoard::default();
        let topics = TopicWatch::start(&broker.settings, Side::ReadsReplies, &health).unwrap();
        let topic = ReplyTopic {
            state: topics.of(&broker.settings.composite.name).unwrap(),
            health: health.clone(),
        };
        let intake =
            ReplyIntake::start(&broker.settings, topic, bridge, home_tx, Seoul, metrics).unwrap();
        Self {
            foreign,
            health,
            _topics: topics,
            home_rx,
            arrived_rx,
            intake,
        }
    }

    /// Joins the group, and waits for its home.
    pub(super) async fn at_home(broker: &TestBroker) -> (Self, i32) {
        let mut instance = Self::start(broker);
        let home = instance.home().await;
        (instance, home)
    }

    /// Its home, as soon as it has one.
    pub(super) async fn home(&mut self) -> i32 {
        let home = timeout(LONGEST_WAIT, self.home_rx.wait_for(Option::is_some))
            .await
            .expect("a home in time");
        home.unwrap().unwrap()
    }

    /// The next reply that is handed over.
    pub(super) async fn arrived(&mut self) -> ReplyArrived {
        timeout(LONGEST_WAIT, self.arrived_rx.recv())
            .await
            .expect("a reply in time")
            .unwrap()
    }

    /// The correlation ids of the next replies.
    pub(super) async fn ids(&mut self, count: usize) -> Vec<Uuid> {
        let mut ids = Vec::new();
        while ids.len() < count {
            ids.push(self.arrived().await.correlation_id);
        }
        ids
    }

    /// Leaves the group. What is handed over afterwards stays unread.
    pub(super) async fn stop(self) {
        tokio::task::spawn_blocking(|| self.intake.stop())
            .await
            .unwrap();
    }
}
