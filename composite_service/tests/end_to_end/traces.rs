//! One purchase, followed from outside through both services: its steps, its trace's identity everywhere, and the log.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use stack::Service;

use crate::Behaviour;
use crate::mall::{Mall, paid_basket};

pub(crate) const BEHAVIOURS: &[Behaviour] = &[
    ("traces::purchase::both_services_tell_all_steps", followed),
    ("traces::log::names_the_trace", logged),
];

const LONGEST_WAIT: Duration = Duration::from_secs(10);
const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";
const WAY_OF_A_COMMAND: [&str; 9] = [
    "record.polled",
    "record.taken",
    "command.routed",
    "command.begun",
    "command.decided",
    "batch.begun",
    "batch.committed",
    "reply.published",
    "reply.acknowledged",
];
/// The brokers' acknowledgement of a command may come before its reply or after it.
const ACKNOWLEDGED: &str = "command.acknowledged";

/// All that these services remember of the order.
fn traces(mall: &Mall, services: &[Service], number: &str) -> Vec<Value> {
    let of = |service: &Service| {
        let url = format!("{}/internal/order/{number}/trace", service.internal_url());
        let answer = mall.run(mall.get_from(&url));
        match answer.status {
            200 => answer.body["traces"].as_array().unwrap().clone(),
            404 => Vec::new(),
            _ => panic!("{answer:?}"),
        }
    };
    services.iter().flat_map(of).collect()
}

fn steps(trace: &Value) -> Vec<&str> {
    let steps = trace["steps"].as_array().unwrap().iter();
    steps.map(|step| step["step"].as_str().unwrap()).collect()
}

fn buy(mall: &Mall, key_prefix: &str) -> String {
    let basket = paid_basket(&[(mall.new_item(10), 2)], key_prefix, 24_000);
    let traceparent = format!("00-{TRACE_ID}-{CALLER}-01");
    let header = ("traceparent", traceparent.as_str());
    let answer = mall.run(mall.post_with("/open-api/order", &basket, header));
    answer.assert_order("COMPLETE").order_num()
}

/// Asks until what is remembered is so: acknowledgements come after the answer.
fn until(mut look: impl FnMut() -> Vec<Value>, is_so: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let begin = Instant::now();
    loop {
        let found = look();
        if is_so(&found) {
            return found;
        }
        assert!(begin.elapsed() < LONGEST_WAIT, "{found:?}");
        sleep(Duration::from_millis(10));
    }
}

fn assert_adds_up(trace: &Value) {
    assert_eq!(trace["traceId"], TRACE_ID, "{trace}");
    let steps = trace["steps"].as_array().unwrap();
    let mut at = 0;
    for step in steps {
        at += step["tookUs"].as_u64().unwrap();
        assert_eq!(step["atUs"], at, "{trace}");
    }
    assert_eq!(trace["tookUs"], at, "{trace}");
    assert_eq!(trace["stepsNotKept"], 0, "{trace}");
}

fn followed(mall: &Mall) {
    let number = buy(mall, "pay");
    let purchase = until(
        || traces(mall, &mall.stack.composites, &number),
        |found| {
            let acknowledged = |trace| {
                steps(trace)
                    .into_iter()
                    .filter(|step| *step == ACKNOWLEDGED)
            };
            found.iter().flat_map(acknowledged).count() == 2
        },
    );
    let [purchase] = &purchase[..] else {
        panic!("{purchase:?}")
    };
    assert_adds_up(purchase);
    assert_eq!(purchase["parentSpanId"], CALLER);
    assert_eq!(purchase["name"], "POST /open-api/order");
    let way: Vec<&str> = steps(purchase)
        .into_iter()
        .filter(|step| *step != ACKNOWLEDGED)
        .collect();
    let expected = [
        "http.received",
        "create",
        "command.published",
        "reply.received",
        "gateway.confirm",
        "gateway.answered",
        "approve",
        "command.published",
        "reply.received",
        "http.answered",
    ];
    assert_eq!(way, expected);

    let commands = until(
        || traces(mall, &mall.stack.order_services, &number),
        |found| {
            found
                .iter()
                .all(|trace| steps(trace).contains(&"reply.acknowledged"))
        },
    );
    let names: Vec<&Value> = commands.iter().map(|command| &command["name"]).collect();
    assert_eq!(names, ["create", "approve"], "{commands:?}");
    for command in &commands {
        assert_adds_up(command);
        assert_eq!(command["parentSpanId"], purchase["spanId"]);
        assert_eq!(steps(command), WAY_OF_A_COMMAND);
        assert!(command["messaging.kafka.offset"].is_u64(), "{command}");
        assert!(command["startedAt"].as_str() > purchase["startedAt"].as_str());
        assert!(command["tookUs"].as_u64() < purchase["tookUs"].as_u64());
    }
}

/// The gateway charges, and its answer is lost: the composite says so, and tries again.
fn logged(mall: &Mall) {
    let number = buy(mall, "lose");
    let named =
        format!("order={number} trace={TRACE_ID} it is unknown whether the payment gateway");
    let logs: String = mall
        .stack
        .composites
        .iter()
        .map(|composite| composite.log_tail(1_000))
        .collect();
    assert!(logs.contains(&named), "no {named} in {logs}");
}
