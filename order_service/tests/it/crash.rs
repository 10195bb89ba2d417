//! What can't happen ends the process, before a record is lost for as long as it lives. Its end in order does not count as that. Each test
//! runs in a process of its own, which is this test once more.

use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::time::Instant;

use actix::dev::channel::channel;
use actix::{Actor, Addr, Context, Handler, Recipient, System};
use chrono::TimeDelta;
use chrono_tz::Asia::Seoul;
use order_service::actors::in_flight::InFlight;
use order_service::actors::journal::Commit;
use order_service::actors::order_actor::ApplyCommand;
use order_service::actors::write_progress::WriteProgress;
use order_service::inbound::kafka::command_reader::CommandReader;
use order_service::metrics::IntakeMetrics;
use order_service::ports::order_store::OrderStore;
use rdkafka::message::OwnedMessage;
use rdkafka::{ClientConfig, Timestamp};
use shared::clock::FixedClock;
use shared::kafka::dead_letters::DeadLetters;
use shared::kafka::offset_ledger::OffsetLedger;
use shared::kafka::publisher::Publisher;
use shared::mailboxes::Mailboxes;
use shared::metrics::{IntCounter, Metrics};
use shared::postbox::{Mail, Postbox, Posted};
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::alone::alone;
use crate::harness::doubles::{Fault, Gate, RecordingReplies, StoreDouble};
use crate::harness::samples::*;
use crate::harness::shop::*;

const SIGABRT: i32 = 6;

/// Has `act` end its process for this `cause`.
fn assert_crash(test: &str, cause: &str, act: impl FnOnce()) {
    let output = alone(test, act);
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.signal(), Some(SIGABRT), "{log}");
    assert!(log.contains(cause), "{log}");
}

/// An actor that has ended.
struct Gone;

impl Actor for Gone {
    type Context = Context<Self>;
}

impl<M: Mail> Handler<Posted<M>> for Gone {
    type Result = ();

    fn handle(&mut self, _: Posted<M>, _: &mut Self::Context) {}
}

/// Where nothing is taken.
fn closed<M: Mail>(mailboxes: &Mailboxes) -> Postbox<M> {
    let (sender, receiver) = channel::<Gone>(16);
    drop(receiver);
    let recipient: Recipient<Posted<M>> = Addr::new(sender).recipient();
    Postbox::new(recipient, mailboxes.of("Gone").open("gone"))
}

/// A record in hand.
fn in_flight() -> InFlight {
    let mut ledger = OffsetLedger::default();
    ledger.assign(0);
    let position = ledger.track(0, 0).unwrap();
    let permit = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
    InFlight::new(position, mpsc::unbounded_channel().0, permit)
}

#[test]
fn a_command_that_the_registry_does_not_take_ends_the_process() {
    let test = "crash::a_command_that_the_registry_does_not_take_ends_the_process";
    assert_crash(test, "the registry did not take a command", || {
        let metrics = Metrics::new().unwrap();
        let publisher = Arc::new(Publisher::start(&ClientConfig::new()).unwrap());
        let reader = CommandReader {
            registry: closed(&Mailboxes::new(&metrics).unwrap()),
            replies: Arc::new(RecordingReplies(mpsc::unbounded_channel().0)),
            dead_letters: DeadLetters::new(publisher).unwrap(),
            clock: Arc::new(FixedClock(now())),
            zone: Seoul,
            unpaid_for: TimeDelta::minutes(30),
            metrics: IntakeMetrics::new(&metrics, "orders").unwrap(),
            traces: Arc::new(traces()),
        };
        let settle = br#"{"eventType":"ORDER_SETTLE","data":{"orderNum":"1"}}"#;
        let record = OwnedMessage::new(
            Some(settle.to_vec()),
            None,
            "orders".to_owned(),
            Timestamp::NotAvailable,
            0,
            0,
            None,
        );
        reader.read(&record, Instant::now(), in_flight());
    });
}

#[test]
fn a_transition_that_the_journal_does_not_take_ends_the_process() {
    let test = "crash::a_transition_that_the_journal_does_not_take_ends_the_process";
    assert_crash(test, "the journal did not take a transition", || {
        System::new().block_on(async {
            let mailboxes = Mailboxes::new(&Metrics::new().unwrap()).unwrap();
            let journal: Postbox<Commit> = closed(&mailboxes);
            let store = Arc::new(StoreDouble::plain());
            let replies = Arc::new(RecordingReplies(mpsc::unbounded_channel().0));
            let registry = start_registry(journal, store, replies, ROOMY, &mailboxes);
            let command = create(1, &[(APPLE, 1)]);
            let trail = traces().begin(command.number(), arrival(command.name()));
            let apply = ApplyCommand {
                command,
                requester: None,
                received_at: now(),
                in_flight: in_flight(),
                trail,
            };
            registry.try_send(apply).unwrap();
            // The process ends as soon as this task lets the actors work.
            std::future::pending::<()>().await;
        });
    });
}

#[test]
fn an_outcome_that_no_actor_takes_ends_the_process() {
    let test = "crash::an_outcome_that_no_actor_takes_ends_the_process";
    assert_crash(test, "its actor did not take an outcome", || {
        System::new().block_on(async {
            let mailboxes = Mailboxes::new(&Metrics::new().unwrap()).unwrap();
            let store: Arc<dyn OrderStore> = Arc::new(StoreDouble::plain());
            let progress = WriteProgress::new().0;
            let failing = IntCounter::new("failing", "Failing.").unwrap();
            let journal = start_journal(&store, ROOMY, &mailboxes, progress, failing);
            // The receiver is dropped at once, as if the order's actor had been lost.
            let (reply_tx, _) = oneshot::channel();
            let trail = traces().begin(&number(1), arrival("create"));
            let commit = Commit {
                transition: open(draft(1, &[(APPLE, 1)])),
                reply_tx,
                trail,
            };
            journal.try_send(commit).unwrap();
            // The process ends as soon as the store has answered the journal.
            std::future::pending::<()>().await;
        });
    });
}

#[test]
fn a_call_to_the_store_that_panics_ends_the_process() {
    let test = "crash::a_call_to_the_store_that_panics_ends_the_process";
    assert_crash(test, "a call to the store has panicked", || {
        System::new().block_on(async {
            let store = StoreDouble::on_write(|_, _| panic!("by the test"));
            let mut shop = Shop::open(store, ROOMY);
            shop.send(create(1, &[(APPLE, 1)]));
            std::future::pending::<()>().await;
        });
    });
}

#[test]
fn commands_that_are_unfinished_when_the_process_ends_in_order_do_it_no_harm() {
    let test = "crash::commands_that_are_unfinished_when_the_process_ends_in_order_do_it_no_harm";
    let output = alone(test, || {
        let gate = Arc::new(Gate::default());
        let closed = Arc::clone(&gate);
        let store = StoreDouble::on_write(move |nth, _| {
            if nth > 0 {
                closed.pass();
            }
            Fault::None
        });
        System::new().block_on(async {
            let mut shop = Shop::open(store, ROOMY);
            shop.ask(create(1, &[(APPLE, 1)])).await;
            for digits in 2..=4 {
                shop.send(create(digits, &[(APPLE, 1)]));
                shop.send(approve(digits, "12000"));
            }
            gate.reached().await;
        });
        // The runtime is gone with all actors.
        gate.open();
    });
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{log}");
}
