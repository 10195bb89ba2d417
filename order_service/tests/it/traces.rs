//! What a command waited for is told by its trail, which is a part of its sender's trace; its reply says so.

use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use order_service::steps;
use shared::ids::SecureIds;
use shared::trace::context::{TRACEPARENT, TraceContext};
use shared::trace::{TracePicture, Traces};
use shared::wire::headers::in_trace;

use crate::harness::doubles::{Gate, StoreDouble};
use crate::harness::kafka::TestBroker;
use crate::harness::member::{GROUP, Member};
use crate::harness::samples::*;
use crate::harness::shop::LONGEST_WAIT;
use crate::intake::{send_create, send_create_with};

const UP_TO_THE_STORE: [&str; 6] = [
    steps::POLLED,
    steps::TAKEN,
    steps::ROUTED,
    steps::BEGUN,
    steps::DECIDED,
    steps::BATCH_BEGUN,
];
const FROM_THE_STORE_ON: [&str; 3] = [steps::BATCH_COMMITTED, steps::REPLIED, steps::ACKNOWLEDGED];

fn steps_of(trace: &TracePicture) -> Vec<&'static str> {
    trace.steps.iter().map(|step| step.step).collect()
}

/// The trail of the order's only command, once it ends with that step.
fn until(traces: &Traces, digits: u64, last: &str) -> TracePicture {
    let begin = Instant::now();
    loop {
        let found = traces.of(&number(digits)).map(|found| found.traces);
        if let Some(mut found) = found
            && found[0].steps.last().is_some_and(|step| step.step == last)
        {
            assert_eq!(found.len(), 1);
            return found.remove(0);
        }
        assert!(
            begin.elapsed() < LONGEST_WAIT,
            "{:?}",
            traces.of(&number(digits))
        );
        sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_command_in_a_trace_has_its_trail_and_its_reply_in_it() {
    let broker = TestBroker::embedded();
    let member = Member::new(&broker.settings, Arc::new(StoreDouble::plain()));
    let traces = Arc::clone(&member.traces);
    let sender = TraceContext::new(&SecureIds);
    send_create_with(&broker, 1, 2, |headers| in_trace(headers, &sender));
    broker.flush();
    let member = member.start();
    let reply = broker.replies().next();
    let trace = until(&traces, 1, steps::ACKNOWLEDGED);
    member.stop();

    let told = TraceContext::parse(reply.header(TRACEPARENT).unwrap()).unwrap();
    assert_eq!(told.trace_id(), sender.trace_id());
    assert_eq!(told.span_id().to_string(), trace.span_id);
    assert_eq!(trace.trace_id, sender.trace_id().to_string());
    assert_eq!(trace.parent_span_id, Some(sender.span_id().to_string()));
    assert_eq!(trace.name, "create");
    assert_eq!(
        (trace.partition.as_deref(), trace.offset),
        (Some("2"), Some(0))
    );
    assert_eq!(
        steps_of(&trace),
        [&UP_TO_THE_STORE[..], &FROM_THE_STORE_ON].concat()
    );
    let begun = &trace.steps[UP_TO_THE_STORE.len() - 1];
    assert_eq!(begun.batch_size, Some(1));
    let sum: u32 = trace.steps.iter().map(|step| step.took_us).sum();
    assert_eq!(sum, trace.took_us);
}

#[test]
fn a_command_without_a_trace_gets_one_that_its_reply_does_not_tell() {
    let broker = TestBroker::embedded();
    let member = Member::new(&broker.settings, Arc::new(StoreDouble::plain()));
    let traces = Arc::clone(&member.traces);
    send_create(&broker, 1, 0);
    send_create_with(&broker, 2, 0, |headers| {
        headers.insert(rdkafka::message::Header {
            key: TRACEPARENT,
            value: Some("00-nonsense-01"),
        })
    });
    broker.flush();
    let member = member.start();
    let replies = broker.replies();
    for _ in 0..2 {
        assert_eq!(replies.next().header(TRACEPARENT), None);
    }
    let [first, second] = [1, 2].map(|digits| until(&traces, digits, steps::ACKNOWLEDGED));
    member.stop();

    assert_eq!((first.parent_span_id, second.parent_span_id), (None, None));
    assert_ne!(first.trace_id, second.trace_id);
}

#[test]
fn the_trail_of_a_stuck_command_tells_its_last_step() {
    let gate = Arc::new(Gate::default());
    let broker = TestBroker::embedded();
    let store = StoreDouble::plain().behind(&gate);
    let member = Member::new(&broker.settings, Arc::new(store));
    let traces = Arc::clone(&member.traces);
    send_create(&broker, 1, 0);
    broker.flush();
    let member = member.start();
    let stuck = until(&traces, 1, steps::BATCH_BEGUN);
    assert_eq!(steps_of(&stuck), UP_TO_THE_STORE);
    let since = Instant::now();
    let stuck_for = since.elapsed();

    gate.open();
    broker.until_committed(GROUP, &[Some(1), None, None, None]);
    let ended = until(&traces, 1, steps::ACKNOWLEDGED);
    member.stop();
    let committed = &ended.steps[UP_TO_THE_STORE.len()];
    assert_eq!(committed.step, steps::BATCH_COMMITTED);
    assert!(
        u128::from(committed.took_us) >= stuck_for.as_micros(),
        "{ended:?}"
    );
}
