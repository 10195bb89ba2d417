//! The metrics and the table of mailboxes show what has happened.

use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use order_service::metrics::{ServiceMetrics, StoreMetrics};
use order_service::outbound::measured_store::MeasuredStore;
use order_service::ports::order_store::{OnHeldRow, OrderStore, StoreError};
use rdkafka::message::OwnedHeaders;
use shared::mailboxes::{ActorPicture, Totals};
use shared::metrics::Metrics;

use crate::harness::doubles::{Fault, Gate, StoreDouble};
use crate::harness::kafka::{Outgoing, TestBroker};
use crate::harness::member::{GROUP, Member};
use crate::harness::samples::*;
use crate::harness::shop::LONGEST_WAIT;
use crate::intake::send_create;

fn assert_shown(metrics: &Metrics, lines: &[&str]) {
    let text = metrics.render().unwrap();
    for line in lines {
        assert!(text.lines().any(|shown| shown == *line), "{line} in {text}");
    }
}

#[test]
fn all_metrics_register_under_names_of_their_own() {
    let all = ServiceMetrics::new("orders", 512).unwrap();
    all.pool.show(8, 5, 2);
    assert_shown(
        &all.common.all,
        &[
            r#"db_client_connections{state="used"} 3"#,
            r#"db_client_connections{state="idle"} 2"#,
            "db_client_connections_max 8",
        ],
    );
}

#[test]
fn the_intake_counts_commands_and_dead_letters() {
    let broker = TestBroker::embedded();
    let member = Member::new(&broker.settings, Arc::new(StoreDouble::plain()));
    let metrics = Arc::clone(&member.metrics);
    send_create(&broker, 1, 0);
    broker.send(Outgoing {
        partition: Some(0),
        key: None,
        value: Some(b"poison"),
        headers: OwnedHeaders::new(),
    });
    broker.flush();
    let member = member.start();
    broker.until_committed(GROUP, &[Some(2), None, None, None]);
    member.stop();

    assert_shown(
        &metrics,
        &[
            r#"messaging_client_consumed_messages_total{messaging_destination_name="orders"} 2"#,
            r#"messaging_dead_letters_total{messaging_destination_name="orders-dlt"} 1"#,
            r#"messaging_process_duration_seconds_count{messaging_destination_name="orders"} 2"#,
        ],
    );
}

#[test]
fn a_stuck_orders_mailbox_shows_what_waits() {
    let gate = Arc::new(Gate::default());
    let broker = TestBroker::embedded();
    let store = StoreDouble::plain().behind(&gate);
    let member = Member::new(&broker.settings, Arc::new(store));
    let mailboxes = Arc::clone(&member.mailboxes);
    for _ in 0..3 {
        send_create(&broker, 1, 0);
    }
    broker.flush();
    let member = member.start();
    let begin = Instant::now();
    let stuck = |actor: &ActorPicture| actor.actor == "OrderActor" && actor.depth == 2;
    let order = loop {
        let actors = mailboxes.picture().actors;
        if let Some(order) = actors.into_iter().find(stuck) {
            break order;
        }
        assert!(begin.elapsed() < LONGEST_WAIT, "{:?}", mailboxes.picture());
        sleep(Duration::from_millis(2));
    };
    assert_eq!(order.name, "1");
    assert_eq!(order.oldest_waiting.unwrap().message, "create");
    let in_hand = order.in_hand.unwrap();
    let waits_longer = |actor: &ActorPicture| {
        let now = actor.in_hand.as_ref();
        stuck(actor) && now.is_some_and(|now| now.for_ms > in_hand.for_ms)
    };
    while !mailboxes.picture().actors.iter().any(waits_longer) {
        assert!(begin.elapsed() < LONGEST_WAIT, "{:?}", mailboxes.picture());
    }

    gate.open();
    broker.until_committed(GROUP, &[Some(3), None, None, None]);
    member.stop();
    let totals = mailboxes.picture().totals;
    assert!(
        totals
            .values()
            .all(|Totals { waiting, busy, .. }| (*waiting, *busy) == (0, 0)),
        "{totals:?}"
    );
}

#[test]
fn the_store_counts_batches_and_loads_by_outcome() {
    let metrics = Metrics::new().unwrap();
    let counted = StoreMetrics::new(&metrics, 512).unwrap();
    let store = StoreDouble::on_write(|nth, _| match nth {
        0 => Fault::None,
        1 => Fault::Before(StoreError::Held("row".to_owned())),
        _ => Fault::After(StoreError::Unavailable("gone".to_owned())),
    });
    let store = MeasuredStore::new(Arc::new(store), &counted);
    let batch = [open(draft(1, &[(APPLE, 1)])), open(draft(2, &[(APPLE, 1)]))];
    store.write(&batch, OnHeldRow::Skip);
    store.write(&batch, OnHeldRow::Wait);
    store.write(&batch[..1], OnHeldRow::Skip);
    assert!(store.load(&number(1)).unwrap().is_some());

    let commits = "journal_commit_duration_seconds_count";
    assert_shown(
        &metrics,
        &[
            r#"journal_batch_size_bucket{le="1"} 1"#,
            r#"journal_batch_size_bucket{le="2"} 3"#,
            "journal_batch_size_sum 5",
            &format!(r#"{commits}{{lane="at_once",outcome="ok"}} 1"#),
            &format!(r#"{commits}{{lane="at_once",outcome="failed"}} 1"#),
            &format!(r#"{commits}{{lane="in_turn",outcome="held"}} 1"#),
            r#"order_load_duration_seconds_count{outcome="ok"} 1"#,
        ],
    );
}
