//! Dead letters as an operator finds them: listed, shown and put back through the program itself, on both brokers.

mod desk;

use desk::{BYTES, Desk, assert_ends, headers_of, text};
use rdkafka::message::Message;
use serde_json::json;
use shared::kafka::dead_letters::{ORIGINAL_PARTITION, ORIGINAL_TOPIC, REDRIVES};
use stack::BrokerKind;
use std::fs::{self, File};

fn are_listed_shown_and_put_back(kind: BrokerKind) {
    let desk = Desk::new(kind);
    assert_ends(&desk.dlt(&["list"]), 0, "no dead letters are waiting");
    assert_ends(
        &desk.dlt(&["redrive", "--all"]),
        0,
        "no dead letters are waiting",
    );
    desk.set_aside(Some(BYTES), None);
    desk.set_aside(None, Some(1));
    desk.set_aside(Some(b"again"), Some(3));

    let rows = desk.list(&["--limit=1"]);
    assert_eq!(rows.len(), 1);
    assert_eq!(
        rows[0]["origin"],
        json!({"topic": "orders", "partition": 3, "offset": 42})
    );
    assert_eq!(rows[0]["key"], "order-1");
    assert_eq!(rows[0]["kind"], "MalformedCommand");
    assert_eq!(rows[0]["valueBytes"], BYTES.len());
    let listed = desk.dlt(&["list"]);
    assert_ends(&listed, 0, "from orders-3@42");
    assert_ends(&listed, 0, "MalformedCommand: no \\u{1b}value");
    let shown = desk.dlt(&["show", "orders-dlt/0/0"]);
    assert_ends(&shown, 0, "0xff01");
    assert_ends(&shown, 0, "|.poison.|");

    // out of order, and each only once
    let back = desk.dlt(&["redrive", "orders-dlt/0/1", "orders-dlt/0/0"]);
    assert_ends(&back, 0, "orders-dlt/0/1 is back in orders-3, redrive 2");
    assert_eq!(desk.names(&[]), ["orders-dlt/0/2"]);
    assert_eq!(desk.names(&["--all"]).len(), 3);
    let doubled = desk.dlt(&["redrive", "orders-dlt/0/1"]);
    assert_ends(&doubled, 1, "redriven already");
    assert_ends(&desk.dlt(&["redrive", "--all"]), 1, "3 redrives");

    let orders = desk.orders(3);
    assert_eq!(orders.len(), 2);
    assert_eq!(
        (orders[0].payload(), orders[1].payload()),
        (None, Some(BYTES))
    );
    assert_eq!(orders[1].key(), Some(&b"order-1"[..]));
    assert_eq!(
        headers_of(&orders[1]),
        [
            ("kafka_correlationId", &b"\xff\x01"[..]),
            (REDRIVES, &[0, 0, 0, 1])
        ]
    );
}

mod poison {
    use super::*;

    #[test]
    fn is_listed_shown_and_redriven_on_the_embedded_broker() {
        are_listed_shown_and_put_back(BrokerKind::Embedded);
    }

    #[test]
    fn is_listed_shown_and_redriven_on_kafka() {
        are_listed_shown_and_put_back(BrokerKind::Kafka);
    }
}

mod redrive {
    use super::*;

    #[test]
    fn is_repeated_by_force() {
        let desk = Desk::new(BrokerKind::Embedded);
        desk.set_aside(Some(BYTES), Some(3));
        let name = "orders-dlt/0/0";
        assert_ends(&desk.dlt(&["redrive", name]), 1, "3 redrives");
        assert_ends(&desk.dlt(&["redrive", name, "--force"]), 0, "redrive 4");
        assert_ends(&desk.dlt(&["redrive", name]), 1, "redriven already");
        let all = desk.dlt(&["redrive", "--all", "--force"]);
        assert_ends(&all, 0, "no dead letters are waiting");
        let named = desk.dlt(&["redrive", name, name, "--force"]);
        assert_ends(&named, 0, "redrive 4");
        assert_eq!(desk.orders(3).len(), 2);
    }

    #[test]
    fn replaces_the_value_of_a_single_record() {
        let desk = Desk::new(BrokerKind::Embedded);
        desk.set_aside(Some(BYTES), None);
        desk.set_aside(Some(BYTES), None);
        let mended = desk.folder.path().join("mended.json");
        fs::write(&mended, b"{}").unwrap();
        let file = format!("--value-file={}", mended.display());
        let two = desk.dlt(&["redrive", "orders-dlt/0/0", "orders-dlt/0/1", &file]);
        assert_ends(&two, 1, "single record");
        let one = desk.dlt(&["redrive", "orders-dlt/0/1", &file]);
        assert_ends(&one, 0, "with 2 bytes of a new value");
        let orders = desk.orders(3);
        assert_eq!(orders.len(), 1);
        assert_eq!(orders[0].payload(), Some(&b"{}"[..]));
        assert_eq!(desk.names(&[]), ["orders-dlt/0/0"]);
    }

    #[test]
    fn of_one_topic_leaves_the_other() {
        let desk = Desk::new(BrokerKind::Embedded);
        let from_composite = [(ORIGINAL_TOPIC, &b"composite"[..])];
        desk.send("composite-dlt", Some(b"reply"), &from_composite);
        desk.set_aside(Some(BYTES), None);
        assert_eq!(
            desk.names(&["--topic=composite-dlt"]),
            ["composite-dlt/0/0"]
        );
        let back = desk.dlt(&["redrive", "--all", "--topic=orders-dlt"]);
        assert_ends(&back, 0, "orders-dlt/0/0 is back");
        assert_eq!(desk.names(&[]), ["composite-dlt/0/0"]);
    }

    #[test]
    fn puts_a_reply_into_its_partition_three_times_at_most() {
        let desk = Desk::new(BrokerKind::Embedded);
        let from_home = [
            ("kafka_correlationId", &[7; 16][..]),
            (ORIGINAL_TOPIC, b"composite"),
            (ORIGINAL_PARTITION, &[0, 0, 0, 1]),
        ];
        let worn_out = [(REDRIVES, &[0, 0, 0, 3][..])];
        desk.send("composite-dlt", Some(BYTES), &from_home);
        desk.send(
            "composite-dlt",
            Some(BYTES),
            &[&from_home[..], &worn_out].concat(),
        );
        let listed = desk.dlt(&["list"]);
        assert_ends(&listed, 0, "composite-dlt/0/0");
        let shown = desk.dlt(&["show", "composite-dlt/0/0"]);
        assert_ends(&shown, 0, "|.poison.|");

        let back = desk.dlt(&["redrive", "--all"]);
        assert_ends(
            &back,
            1,
            "composite-dlt/0/0 is back in composite-1, redrive 1",
        );
        assert_ends(&back, 1, "3 redrives");
        assert_eq!(desk.names(&[]), ["composite-dlt/0/1"]);
        let replies = desk.records("composite", 1);
        assert_eq!(replies.len(), 1);
        assert_eq!(replies[0].payload(), Some(BYTES));
        assert_eq!(
            headers_of(&replies[0]),
            [
                ("kafka_correlationId", &[7; 16][..]),
                (REDRIVES, &[0, 0, 0, 1])
            ]
        );
    }

    #[test]
    fn tells_why_each_record_is_refused() {
        let desk = Desk::new(BrokerKind::Embedded);
        desk.send("orders-dlt", Some(b"stray"), &[]);
        let gone = [(ORIGINAL_TOPIC, &b"gone"[..])];
        desk.send("orders-dlt", Some(b"gone"), &gone);
        let nowhere = [
            (ORIGINAL_TOPIC, &b"orders"[..]),
            (ORIGINAL_PARTITION, &[0, 0, 0, 9]),
        ];
        desk.send("orders-dlt", Some(b"nowhere"), &nowhere);
        let all = desk.dlt(&["redrive", "--all", "--force"]);
        assert_ends(
            &all,
            1,
            "orders-dlt/0/0 not redriven: its headers do not say which topic it came from",
        );
        assert_ends(&all, 1, "\"gone\" that it came from does not exist");
        assert_ends(&all, 1, "no partition 9");
        assert_eq!(desk.names(&[]).len(), 3);
        let absent = desk.dlt(&["redrive", "orders-dlt/0/3"]);
        assert_ends(&absent, 1, "no such dead letter");
        let absent = desk.dlt(&["redrive", "orders-dlt/7/0"]);
        assert_ends(&absent, 1, "no partition 7");
        let absent = desk.dlt(&["show", "orders-dlt/0/3"]);
        assert_ends(&absent, 1, "there is no record orders-dlt/0/3");
    }
}

#[test]
fn a_long_value_is_cut_unless_full() {
    let desk = Desk::new(BrokerKind::Embedded);
    let value = "a".repeat(5000);
    desk.set_aside(Some(value.as_bytes()), None);
    let cut = desk.dlt(&["show", "orders-dlt/0/0"]);
    assert_ends(&cut, 0, "cut at 4096 of 5000 bytes");
    assert!(!text(&cut.stdout).contains(&value));
    let full = desk.dlt(&["show", "orders-dlt/0/0", "--full"]);
    assert_ends(&full, 0, &value);
}

#[test]
fn the_running_malls_broker_is_the_default() {
    let desk = Desk::new(BrokerKind::Embedded);
    desk.set_aside(Some(BYTES), None);
    let run_file = json!({
        "pid": 1, "startedAt": 0, "broker": "embedded", "database": "mariadb", "address": "http://127.0.0.1:7000",
        "parts": [
            {"name": "mariadb", "pid": 1, "address": "127.0.0.1:1", "ready": null},
            {"name": "embedded broker", "pid": 1, "address": desk.servers(), "ready": null}
        ]
    });
    let folder = desk.folder.path();
    fs::write(folder.join("run.json"), run_file.to_string()).unwrap();
    let lock = File::create(folder.join("lock")).unwrap();
    lock.try_lock().unwrap();
    let listed = desk.command(&["list"]).output().unwrap();
    assert_ends(&listed, 0, "orders-dlt/0/0");
}

#[test]
fn brokers_that_are_not_there_are_told() {
    let desk = Desk::new(BrokerKind::Embedded);
    let named = ["list", "--bootstrap-servers=127.0.0.1:1", "--time-limit=1"];
    assert_ends(
        &desk.dlt(&named),
        1,
        "no answer from the brokers at 127.0.0.1:1",
    );
}
