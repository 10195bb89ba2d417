//! The order service's actors over a store double, with the test in the place of intake and of the broker.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::Actor;
use order_service::actors::in_flight::InFlight;
use order_service::actors::journal::{Commit, Journal};
use order_service::actors::order_actor::{ApplyCommand, Colleagues};
use order_service::actors::order_registry::OrderRegistry;
use order_service::actors::store_threads::{ReadPorts, StoreReader};
use order_service::actors::store_writers::StoreWriters;
use order_service::actors::write_progress::{WriteProgress, WritingState};
use order_service::config::ActorSettings;
use order_service::domain::command::OrderCommand;
use order_service::domain::order::{ItemId, Order};
use order_service::ports::order_store::OrderStore;
use order_service::ports::reply_sink::{CommandOutcome, ReplySink, Requester};
use order_service::steps;
use shared::clock::SystemClock;
use shared::ids::{IdSource, SecureIds};
use shared::kafka::offset_ledger::{OffsetLedger, Position};
use shared::mailboxes::Mailboxes;
use shared::metrics::{IntCounter, Metrics};
use shared::postbox::{ActorPostbox, Postbox};
use shared::reason::Reason;
use shared::trace::{Arrival, Traces};
use shared::wire::headers::{EVENT_TYPE_ID, ReplyAddress};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{pause, resume, sleep, timeout};

use super::doubles::{NoCatalogue, RecordingReplies, Reply, StoreDouble};
use super::samples::{draft, now, number, payment};

/// What a test waits at most for anything.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(20);
const READERS: usize = 4;

/// Roomy settings, of which a test takes away what it is about.
pub(crate) const ROOMY: ActorSettings = ActorSettings {
    max_in_flight: 1_000,
    max_batch: 512,
    max_live: 1_000,
    idle_after: Duration::from_secs(60),
};

/// The running actors.
pub(crate) struct Shop {
    pub(crate) store: Arc<StoreDouble>,
    /// What the readiness probe looks at.
    pub(crate) writing: WritingState,
    /// Counts transitions that the store goes on failing with.
    pub(crate) failing: IntCounter,
    registry: ActorPostbox<OrderRegistry>,
    mailboxes: Mailboxes,
    replies_rx: mpsc::UnboundedReceiver<Reply>,
    pub(crate) traces: Traces,
    permits: Arc<Semaphore>,
    /// Records of one partition, in hand or finished.
    ledger: OffsetLedger,
    sent: u64,
    finished_tx: mpsc::UnboundedSender<Position>,
    finished_rx: mpsc::UnboundedReceiver<Position>,
}

impl Shop {
    pub(crate) fn open(store: StoreDouble, settings: ActorSettings) -> Self {
        let store = Arc::new(store);
        let (replies_tx, replies_rx) = mpsc::unbounded_channel();
        let (finished_tx, finished_rx) = mpsc::unbounded_channel();
        let mut ledger = OffsetLedger::default();
        ledger.assign(0);
        let mailboxes = Mailboxes::new(&Metrics::new().unwrap()).unwrap();
        let (progress, writing) = WriteProgress::new();
        let failing = IntCounter::new("failing", "Failing.").unwrap();
        Self {
            registry: start_actors(
                Arc::clone(&store) as _,
                Arc::new(RecordingReplies(replies_tx)),
                settings,
                &mailboxes,
                progress,
                failing.clone(),
            ),
            mailboxes,
            writing,
            failing,
            store,
            replies_rx,
            traces: traces(),
            permits: Arc::new(Semaphore::new(settings.max_in_flight)),
            ledger,
            sent: 0,
            finished_tx,
            finished_rx,
        }
    }

    /// Hands a command to the registry as intake does. Commands are counted from 0.
    pub(crate) fn send(&mut self, command: OrderCommand) {
        let position = self
            .ledger
            .track(0, i64::try_from(self.sent).unwrap())
            .unwrap();
        let permit = Arc::clone(&self.permits).try_acquire_owned().unwrap();
        let in_flight = InFlight::new(position, self.finished_tx.clone(), permit);
        let correlation_id = Some(self.sent.to_be_bytes().to_vec());
        let address = ReplyAddress {
            topic: "composite".into(),
            partition: None,
            correlation_id,
            type_id: Some(EVENT_TYPE_ID.into()),
        };
        let requester = Some(Requester {
            address,
            record_key: "key".into(),
        });
        let trail = self.traces.begin(command.number(), arrival(command.name()));
        self.registry
            .try_send(ApplyCommand {
                command,
                requester,
                received_at: now(),
                in_flight,
                trail,
            })
            .unwrap();
        self.sent += 1;
    }

    /// The next reply, and the number of the command that it answers.
    pub(crate) async fn reply(&mut self) -> (u64, Reply) {
        let reply = timeout(LONGEST_WAIT, self.replies_rx.recv())
            .await
            .expect("no reply in time")
            .unwrap();
        let correlation_id = reply.requester.address.correlation_id.clone().unwrap();
        (
            u64::from_be_bytes(correlation_id.try_into().unwrap()),
            reply,
        )
    }

    /// The next `count` replies as they come, acknowledged.
    pub(crate) async fn outcomes(&mut self, count: usize) -> Vec<(u64, CommandOutcome)> {
        let mut outcomes = Vec::new();
        while outcomes.len() < count {
            let (nth, reply) = self.reply().await;
            outcomes.push((nth, reply.acknowledge()));
        }
        outcomes
    }

    /// Sends one command and gets its outcome.
    pub(crate) async fn ask(&mut self, command: OrderCommand) -> CommandOutcome {
        self.send(command);
        self.outcomes(1).await.remove(0).1
    }

    /// Which offsets may be committed that could not before, once the finished records are taken note of.
    pub(crate) fn commits(&mut self) -> Vec<(i32, i64)> {
        while let Ok(position) = self.finished_rx.try_recv() {
            self.ledger.finish(position);
        }
        self.ledger.take_commits()
    }

    /// How many records are between intake and the broker's acknowledgement of their reply.
    pub(crate) fn in_flight(&self) -> usize {
        ROOMY.max_in_flight - self.permits.available_permits()
    }

    /// How many order actors are in the table of mailboxes: one leaves it when the registry has heard of its end.
    pub(crate) fn live_actors(&self) -> usize {
        let totals = self.mailboxes.picture().totals;
        totals.get("OrderActor").map_or(0, |orders| orders.live)
    }

    /// Waits until there are so many actors.
    pub(crate) async fn until_live_actors_are(&self, count: usize) {
        let counted = timeout(LONGEST_WAIT, async {
            while self.live_actors() != count {
                tokio::task::yield_now().await;
            }
        });
        if counted.await.is_err() {
            panic!("{} actors live, not {count}", self.live_actors());
        }
    }
}

/// Where commands leave their trails.
pub(crate) fn traces() -> Traces {
    Traces::new(Arc::new(SystemClock), Arc::new(SecureIds))
}

pub(crate) fn arrival(name: &'static str) -> Arrival {
    Arrival {
        name,
        step: steps::POLLED,
        at: Instant::now(),
        caller: None,
        record: None,
    }
}

/// Starts the actors bottom-up, as `app.rs` does.
pub(crate) fn start_actors(
    store: Arc<dyn OrderStore>,
    replies: Arc<dyn ReplySink>,
    settings: ActorSettings,
    mailboxes: &Mailboxes,
    progress: WriteProgress,
    failing: IntCounter,
) -> ActorPostbox<OrderRegistry> {
    let journal = start_journal(&store, settings, mailboxes, progress, failing);
    start_registry(journal, store, replies, settings, mailboxes)
}

/// Starts a journal over a store.
pub(crate) fn start_journal(
    store: &Arc<dyn OrderStore>,
    settings: ActorSettings,
    mailboxes: &Mailboxes,
    progress: WriteProgress,
    failing: IntCounter,
) -> Postbox<Commit> {
    let (writers, seed) = (StoreWriters::start(store), SecureIds.any());
    let journal = Journal::new(writers, settings, seed, progress, failing).start();
    let mailbox = mailboxes.of("Journal").open("journal");
    Postbox::new(journal.recipient(), mailbox)
}

/// Starts a registry over a journal.
pub(crate) fn start_registry(
    journal: Postbox<Commit>,
    store: Arc<dyn OrderStore>,
    replies: Arc<dyn ReplySink>,
    settings: ActorSettings,
    mailboxes: &Mailboxes,
) -> ActorPostbox<OrderRegistry> {
    let ports = ReadPorts {
        orders: store,
        reviews: Arc::new(NoCatalogue),
        member_orders: Arc::new(NoCatalogue),
        catalogue: Arc::new(NoCatalogue),
        shelves: Arc::new(NoCatalogue),
    };
    let reader = StoreReader::start("store-reader", READERS, Arc::new(ports));
    let colleagues = Arc::new(Colleagues {
        journal,
        reader,
        replies,
        order_mailboxes: mailboxes.of("OrderActor"),
    });
    let mailbox = mailboxes.of("OrderRegistry").open("registry");
    OrderRegistry::start(colleagues, settings, mailbox)
}

/// Waits until no actor has anything to do: a paused clock moves on only then. The store's threads do not count.
pub(crate) async fn until_idle() {
    pause();
    sleep(Duration::from_millis(1)).await;
    resume();
}

/// Lets so much time pass at once, with all that is due in it.
pub(crate) async fn let_pass(time: Duration) {
    pause();
    sleep(time).await;
    resume();
}

pub(crate) fn create(digits: u64, lines: &[(ItemId, i64)]) -> OrderCommand {
    OrderCommand::Create(draft(digits, lines))
}

pub(crate) fn approve(digits: u64, amount: &str) -> OrderCommand {
    OrderCommand::Approve {
        number: number(digits),
        payment: payment("key", amount),
    }
}

pub(crate) fn reject_command(digits: u64) -> OrderCommand {
    OrderCommand::Reject {
        number: number(digits),
        reason: Reason::PaymentDeclined,
        detail: None,
    }
}

/// The order of an outcome that is no refusal.
pub(crate) fn accepted(outcome: CommandOutcome) -> Arc<Order> {
    assert_eq!(outcome.refusal, None, "{outcome:?}");
    outcome.order.unwrap()
}
