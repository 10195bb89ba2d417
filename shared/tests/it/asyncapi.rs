//! `docs/api/asyncapi.yaml` and what is really on the wire: its examples are the golden files, its names are the code's.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use shared::kafka::dead_letters::{self, dead_letter_topic};
use shared::trace::context::TRACEPARENT;
use shared::wire::event::EventType;
use shared::wire::headers;

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn contract() -> Value {
    let text = fs::read_to_string(folder().join("../docs/api/asyncapi.yaml")).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

/// The golden records by their files' names: headers and value.
fn golden() -> BTreeMap<String, (Value, Value)> {
    let files = fs::read_dir(folder().join("tests/golden")).unwrap();
    files
        .map(|file| {
            let path = file.unwrap().path();
            let record: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            let pairs = record["headers"].as_array().unwrap().iter();
            let headers = pairs
                .map(|pair| (pair[0].as_str().unwrap().to_owned(), pair[1].clone()))
                .collect();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, (Value::Object(headers), record["value"].clone()))
        })
        .collect()
}

/// The messages that are events, not dead letters.
fn events(contract: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let messages = contract["components"]["messages"].as_object().unwrap();
    messages
        .iter()
        .filter(|(_, message)| message["contentType"] == "application/json")
}

fn faults(contract: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let schema = json!({"allOf": [schema], "components": contract["components"]});
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    validator
        .iter_errors(value)
        .map(|error| format!("{error} at {:?}", error.instance_path().to_string()))
        .collect()
}

/// Members that a schema does not name, so that none goes without a word.
fn unknown(contract: &Value, value: &Value, schema: &str) -> Vec<String> {
    let known = &contract["components"]["schemas"][schema]["properties"];
    let members = value.as_object().into_iter().flatten();
    members
        .map(|(name, _)| name.clone())
        .filter(|name| {
            known[name.as_str()]["description"].as_str().is_none()
                && known[name.as_str()]["$ref"].as_str().is_none()
        })
        .collect()
}

#[test]
fn the_examples_are_the_golden_records_and_each_keeps_to_its_message() {
    let (contract, golden) = (contract(), golden());
    let mut shown = BTreeSet::new();
    for (id, message) in events(&contract) {
        for example in message["examples"].as_array().unwrap() {
            let name = example["name"].as_str().unwrap();
            let (headers, value) = &golden[name];
            assert_eq!(
                (&example["headers"], &example["payload"]),
                (headers, value),
                "{name}"
            );
            assert_eq!(
                faults(&contract, &message["payload"], value),
                Vec::<String>::new(),
                "{name} is no {id}"
            );
            assert_eq!(
                faults(&contract, &message["headers"], headers),
                Vec::<String>::new(),
                "{name} is no {id}"
            );
            assert_eq!(
                unknown(&contract, value, "Event"),
                Vec::<String>::new(),
                "{name}"
            );
            assert_eq!(
                unknown(&contract, &value["data"], "Order"),
                Vec::<String>::new(),
                "{name}"
            );
            assert!(shown.insert(name.to_owned()), "{name} is shown twice");
        }
    }
    assert!(shown.iter().eq(golden.keys()), "{shown:?}");
}

#[test]
fn no_message_admits_another_ones_record() {
    let (contract, golden) = (contract(), golden());
    let approve = &contract["components"]["messages"]["OrderApprove"]["payload"];
    for name in ["order_create", "order_settle", "order_completed"] {
        assert!(
            !faults(&contract, approve, &golden[name].1).is_empty(),
            "{name}"
        );
    }
}

#[test]
fn each_event_type_has_one_message() {
    let kinds = [
        EventType::OrderCreate,
        EventType::OrderCreated,
        EventType::OrderRejected,
        EventType::OrderCompleted,
        EventType::OrderPay,
        EventType::OrderApprove,
        EventType::OrderReject,
        EventType::OrderSettle,
        EventType::OrderCancel,
        EventType::OrderRefund,
    ];
    let names = kinds.map(|kind| serde_json::to_value(kind).unwrap().to_string());
    let contract = contract();
    let described: BTreeSet<String> = events(&contract)
        .map(|(_, message)| message["name"].to_string())
        .collect();
    assert_eq!(described, BTreeSet::from(names));
}

#[test]
fn topics_and_headers_are_named_as_in_the_code() {
    let contract = contract();
    let channels = contract["channels"].as_object().unwrap();
    let addresses: BTreeSet<&str> = channels
        .values()
        .map(|channel| channel["address"].as_str().unwrap())
        .collect();
    let (orders, composite) = (dead_letter_topic("orders"), dead_letter_topic("composite"));
    assert_eq!(
        addresses,
        BTreeSet::from(["orders", "composite", &orders, &composite])
    );
    let named = |schema: &str| -> BTreeSet<String> {
        let properties = &contract["components"]["schemas"][schema]["properties"];
        properties.as_object().unwrap().keys().cloned().collect()
    };
    let set = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(
        named("RequestHeaders"),
        set(&[
            headers::REPLY_TOPIC,
            headers::REPLY_PARTITION,
            headers::CORRELATION_ID,
            headers::TYPE_ID,
            TRACEPARENT
        ])
    );
    assert_eq!(
        named("ReplyHeaders"),
        set(&[
            headers::CORRELATION_ID,
            headers::TYPE_ID,
            headers::REPLIER,
            TRACEPARENT
        ])
    );
    assert_eq!(
        named("DeadLetterHeaders"),
        set(&[
            dead_letters::ORIGINAL_TOPIC,
            dead_letters::ORIGINAL_PARTITION,
            dead_letters::ORIGINAL_OFFSET,
            dead_letters::ORIGINAL_TIMESTAMP,
            dead_letters::EXCEPTION,
            dead_letters::EXCEPTION_MESSAGE,
            dead_letters::REDRIVES
        ])
    );
}
