//! A member of the order services' group, on a thread and an actor system of its own as if it were a process: poll loop, intake,
//! actors and reply publisher over a store that several members may share.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use actix::System;
use chrono::TimeDelta;
use order_service::actors::write_progress::WriteProgress;
use order_service::config::ActorSettings;
use order_service::inbound::kafka::command_reader::CommandReader;
pub(crate) use order_service::inbound::kafka::intake::GROUP;
use order_service::inbound::kafka::intake::{Intake, Seat};
use order_service::metrics::IntakeMetrics;
use order_service::outbound::kafka::reply_publisher::ReplyPublisher;
use order_service::ports::order_store::OrderStore;
use order_service::ports::reply_sink::ReplySink;
use shared::clock::{Clock, FixedClock};
use shared::kafka::config::KafkaSettings;
use shared::kafka::dead_letters::DeadLetters;
use shared::kafka::health_board::HealthBoard;
use shared::kafka::metrics::ProducersMetrics;
use shared::kafka::publisher::Publisher;
use shared::kafka::topic_watch::TopicWatch;
use shared::kafka::topics::Side;
use shared::mailboxes::Mailboxes;
use shared::metrics::{IntCounter, Metrics};
use shared::trace::Traces;
use tokio::sync::watch;

use super::samples::now;
use super::shop::{LONGEST_WAIT, ROOMY, start_actors, traces};

/// What a member is made of.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) kafka: KafkaSettings,
    pub(crate) store: Arc<dyn OrderStore>,
    pub(crate) actors: ActorSettings,
    /// How long it may take to end.
    pub(crate) grace: Duration,
    /// Where replies go instead of Kafka.
    pub(crate) replies: Option<Arc<dyn ReplySink>>,
    /// What it counts.
    pub(crate) metrics: Arc<Metrics>,
    /// What waits for its actors.
    pub(crate) mailboxes: Arc<Mailboxes>,
    /// Where its commands leave their trails.
    pub(crate) traces: Arc<Traces>,
    /// Where it is noted how it does.
    pub(crate) health: HealthBoard,
}

impl Member {
    /// A roomy one that replies by Kafka.
    pub(crate) fn new(kafka: &KafkaSettings, store: Arc<dyn OrderStore>) -> Self {
        let metrics = Arc::new(Metrics::new().unwrap());
        let mailboxes = Arc::new(Mailboxes::new(&metrics).unwrap());
        Self {
            kafka: kafka.clone(),
            store,
            actors: ROOMY,
            grace: LONGEST_WAIT,
            replies: None,
            metrics,
            mailboxes,
            traces: Arc::new(traces()),
            health: HealthBoard::default(),
        }
    }

    /// Joins the group.
    pub(crate) fn start(self) -> RunningMember {
        let (stopping_tx, stopping) = watch::channel(false);
        let thread = thread::spawn(move || System::new().block_on(self.run(stopping)));
        RunningMember {
            stopping_tx,
            thread,
        }
    }

    /// As `app.rs` does it.
    async fn run(self, stopping: watch::Receiver<bool>) {
        let (clock, zone): (Arc<dyn Clock>, _) =
            (Arc::new(FixedClock(now())), chrono_tz::Asia::Seoul);
        let producer = Arc::new(
            Publisher::start_measured(
                &self.kafka.producer_without_timeout(),
                ProducersMetrics::new(&self.metrics).unwrap().of("replies"),
            )
            .unwrap(),
        );
        let dead_letters = DeadLetters::new(Arc::clone(&producer)).unwrap();
        let lost = self.metrics.counter("replies_lost_total", "Lost.").unwrap();
        let publisher = ReplyPublisher::new(producer, Arc::clone(&clock), zone, lost);
        let publisher = Arc::new(publisher.unwrap());
        let replies = self.replies.unwrap_or_else(|| Arc::clone(&publisher) as _);
        let registry = start_actors(
            self.store,
            Arc::clone(&replies),
            self.actors,
            &self.mailboxes,
            WriteProgress::new().0,
            IntCounter::new("failing", "Failing.").unwrap(),
        )
        .of();
        let max_in_flight = self.actors.max_in_flight;
        let topics = TopicWatch::start(&self.kafka, Side::ReadsCommands, &self.health).unwrap();
        let seat = Seat {
            config: self.kafka.member(GROUP),
            topic: self.kafka.orders.name.clone(),
            state: topics.of(&self.kafka.orders.name).unwrap(),
            health: self.health,
        };
        let reader = CommandReader {
            registry,
            replies,
            clock,
            zone,
            dead_letters,
            unpaid_for: TimeDelta::minutes(30),
            traces: self.traces,
            metrics: IntakeMetrics::new(&self.metrics, &self.kafka.orders.name).unwrap(),
        };
        let intake = Intake::new(seat, max_in_flight, reader);
        intake.run(stopping, self.grace).await;
        // An error means that the broker is away, as a test may want it.
        let _ = publisher.flush(self.grace.min(LONGEST_WAIT));
    }
}

/// A member at work.
pub(crate) struct RunningMember {
    stopping_tx: watch::Sender<bool>,
    thread: JoinHandle<()>,
}

impl RunningMember {
    /// Asks it to end, as SIGTERM does.
    pub(crate) fn ask_to_stop(&self) {
        self.stopping_tx.send_replace(true);
    }

    /// Has it end.
    pub(crate) fn stop(self) {
        self.ask_to_stop();
        self.thread.join().unwrap();
    }
}
