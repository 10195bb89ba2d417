//! Both services with the rights of `deploy/kafka/acls` at a Kafka that denies everything else, and without one of them at a time: something
//! observable breaks, the operator is told which right is missing, and all is well again once it is granted.

use std::fs;
use std::time::Duration;

use libtest_mimic::Trial;
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use stack::{BrokerKind, Right, Service, rights, until};

use crate::mall::{Answer, Mall, paid_basket};

const PRICE: i64 = 12_000;
/// Long beside a second, in which the services look at their rights.
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial::test("rights::each_is_needed_and_named", || {
        each_is_needed_and_named();
        Ok(())
    })]
}

/// What is observed without a right.
enum Without {
    /// The service is not ready, and purchases get this status.
    Purchases(u16),
    /// The service is not ready; a running member may go on reading until its session ends.
    Membership,
    /// The log tells it, and purchases go on.
    Told,
    /// Purchases go on. A missing topic can't be made, as the tests of logins show.
    Nothing,
}

fn without(right: &Right) -> Without {
    match (&*right.account, &*right.operation, &*right.name) {
        (_, "Create", _) => Without::Nothing,
        (_, "DescribeConfigs", _) | (_, "Write", "orders-dlt" | "composite-dlt") => Without::Told,
        (_, "Read", "orderGroup" | "compsiteGroup") => Without::Membership,
        // Not accepted: the shopper is told at once.
        ("composite_service", "Write", "orders") => Without::Purchases(503),
        // Accepted: nobody knows whether the order is placed before somebody grants the right.
        ("order_service", "Read", "orders")
        | ("order_service", "Write", "composite")
        | ("composite_service", "Read", "composite") => Without::Purchases(202),
        _ => panic!("nobody needs {right:?}"),
    }
}

fn each_is_needed_and_named() {
    let mut mall = Mall::start(|builder| builder.broker = BrokerKind::SecureKafka);
    let item = mall.new_item(100);
    buy(&mall, item).assert_order("COMPLETE");

    let (together, alone): (Vec<Right>, Vec<Right>) = rights()
        .into_iter()
        .partition(|right| matches!(right.operation.as_str(), "Create" | "DescribeConfigs"));
    assert_eq!((together.len(), alone.len()), (12, 8));
    change(&mut mall, &together, false);
    for right in &together {
        if let Without::Told = without(right) {
            await_told(&mall, right);
        }
    }
    assert_eq!(ready(&mall, "order_service").status, 200);
    buy(&mall, item).assert_order("COMPLETE");

    for right in &alone {
        change(&mut mall, std::slice::from_ref(right), false);
        await_told(&mall, right);
        match without(right) {
            Without::Purchases(status) => {
                let reason = format!(
                    "this service lacks the right {} on the topic {}",
                    right.operation, right.name
                );
                await_unready(&mall, right, &reason);
                assert_eq!(buy(&mall, item).status, status, "{right:?}");
            }
            Without::Membership => await_unready(&mall, right, "do not authorise it"),
            Without::Told | Without::Nothing => {
                assert_eq!(ready(&mall, &right.account).status, 200);
                buy(&mall, item).assert_order("COMPLETE");
            }
        }
        if right.name == "orders-dlt" {
            change_with_a_dead_letter(&mut mall, right);
        } else {
            change(&mut mall, std::slice::from_ref(right), true);
        }
        await_ready(&mall, right);
        let bought = until("a purchase", LIMIT, || {
            let answer = buy(&mall, item);
            Ok((answer.status == 200).then_some(answer))
        });
        bought.unwrap().assert_order("COMPLETE");
    }
}

/// The letter waits for the right, and is not lost.
fn change_with_a_dead_letter(mall: &mut Mall, right: &Right) {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", mall.stack.bootstrap_servers())
        .create()
        .unwrap();
    let record = BaseRecord::<(), str>::to("orders").payload("no command");
    producer.send(record).map_err(|(error, _)| error).unwrap();
    producer.flush(LIMIT).unwrap();
    let end = || {
        let client = producer.client();
        client.fetch_watermarks("orders-dlt", 0, LIMIT).unwrap().1
    };
    await_log(&mall.stack.order_services[0], "could not be set aside");
    assert_eq!(end(), 0);
    change(mall, std::slice::from_ref(right), true);
    until("the dead letter", LIMIT, || Ok((end() == 1).then_some(()))).unwrap();
}

fn change(mall: &mut Mall, rights: &[Right], is_granted: bool) {
    let kafka = mall.stack.broker.kafka().expect("a real Kafka");
    if is_granted {
        kafka.grant(rights).unwrap();
    } else {
        kafka.revoke(rights).unwrap();
    }
}

fn buy(mall: &Mall, item: i64) -> Answer {
    mall.run(mall.buy(&paid_basket(&[(item, 1)], "pay", PRICE)))
}

fn service<'a>(mall: &'a Mall, account: &str) -> &'a Service {
    match account {
        "order_service" => &mall.stack.order_services[0],
        _ => &mall.stack.composites[0],
    }
}

fn ready(mall: &Mall, account: &str) -> Answer {
    mall.run(mall.get_from(service(mall, account).ready_url()))
}

fn await_told(mall: &Mall, right: &Right) {
    let Right {
        account,
        operation,
        kind,
        name,
    } = right;
    let line = format!("the account {account} lacks the right {operation} on the {kind} {name}");
    await_log(service(mall, account), &line);
}

fn await_log(service: &Service, line: &str) {
    until(line, LIMIT, || {
        let log = fs::read_to_string(service.log())?;
        Ok(log.contains(line).then_some(()))
    })
    .unwrap();
}

fn await_unready(mall: &Mall, right: &Right, reason: &str) {
    until(&format!("{reason}, {right:?}"), LIMIT, || {
        let answer = ready(mall, &right.account);
        let told = answer.body["reason"].as_str().unwrap_or_default();
        Ok((answer.status == 503 && told.contains(reason)).then_some(()))
    })
    .unwrap();
}

fn await_ready(mall: &Mall, right: &Right) {
    until(&format!("readiness with {right:?}"), LIMIT, || {
        Ok((ready(mall, &right.account).status == 200).then_some(()))
    })
    .unwrap();
}
