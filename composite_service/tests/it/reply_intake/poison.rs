//! Records that are no replies: they are set aside as they came, and nobody else notices.

use rdkafka::message::{Header, Message, OwnedHeaders, OwnedMessage};
use shared::kafka::dead_letters::{
    EXCEPTION, EXCEPTION_MESSAGE, ORIGINAL_OFFSET, ORIGINAL_PARTITION, ORIGINAL_TOPIC, REDRIVES,
};
use shared::wire::headers::header;
use stack::BrokerKind;

use super::instance::Instance;
use crate::golden::{Golden, pairs};
use crate::kafka::{TestBroker, answering, id};

/// A record that is no reply, and what is said of it.
struct Poison {
    value: Option<Vec<u8>>,
    headers: OwnedHeaders,
    cause: &'static str,
}

fn ours() -> OwnedHeaders {
    answering(id(1).as_bytes())
}

fn every_kind() -> Vec<Poison> {
    let created = Golden::read("order_created").value;
    let command = Golden::read("order_create").value;
    let megabyte = format!("[{}0]", "0,".repeat(520_000));
    let shipped = r#"{"eventType":"ORDER_SHIPPED","key":"1","data":{}}"#;
    let mut all = Vec::new();
    let mut add = |value: Option<&[u8]>, headers, cause| {
        let value = value.map(<[u8]>::to_vec);
        all.push(Poison {
            value,
            headers,
            cause,
        });
    };
    add(None, ours(), "has no value");
    for value in [
        &b""[..],
        b"nonsense",
        b"\xff\x00garbage",
        b"{}",
        b"[]",
        &created.as_bytes()[..created.len() / 2],
        megabyte.as_bytes(),
    ] {
        add(Some(value), ours(), "the value is not a reply");
    }
    add(Some(shipped.as_bytes()), ours(), "eventType must be one of");
    add(Some(command.as_bytes()), ours(), "is a command");
    all
}

fn text(letter: &OwnedMessage, name: &str) -> String {
    let bytes = header(letter.headers(), name).unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

async fn every_kind_is_set_aside(kind: BrokerKind) {
    let broker = TestBroker::start(kind, 2);
    let (mut instance, home) = Instance::at_home(&broker).await;
    let poison = every_kind();
    for record in &poison {
        broker.put(home, record.value.as_deref(), record.headers.clone());
    }
    // Nobody waits for this one, which is no crime.
    broker.reply(home, [2]);
    assert_eq!(instance.ids(1).await, [id(2)]);
    broker.until_drained();

    let letters = broker.dead_letters(poison.len());
    for (offset, (record, letter)) in (0_i64..).zip(poison.iter().zip(&letters)) {
        assert_eq!(letter.payload(), record.value.as_deref());
        assert_eq!(letter.key(), None);
        let own = pairs(&record.headers);
        let kept = pairs(letter.headers().unwrap());
        assert_eq!(kept[..own.len()], own);
        assert_eq!(text(letter, ORIGINAL_TOPIC), "composite");
        let value = |name| header(letter.headers(), name);
        assert_eq!(value(ORIGINAL_PARTITION), Some(&home.to_be_bytes()[..]));
        assert_eq!(value(ORIGINAL_OFFSET), Some(&offset.to_be_bytes()[..]));
        assert_eq!(text(letter, EXCEPTION), "MalformedReply");
        let told = text(letter, EXCEPTION_MESSAGE);
        assert!(told.contains(record.cause), "{told}");
    }
    assert_eq!(broker.dead_letter_count(), poison.len() as i64);
    instance.stop().await;
}

mod every_kind_of_poison {
    use super::*;

    #[actix::test]
    async fn is_set_aside_unchanged_and_the_partition_goes_on() {
        every_kind_is_set_aside(BrokerKind::Embedded).await;
    }

    #[actix::test]
    async fn is_set_aside_on_kafka() {
        every_kind_is_set_aside(BrokerKind::Kafka).await;
    }
}

/// Records that share the topic: they answer no command of ours, and their values may be anything.
fn every_kind_of_foreign() -> Vec<(Option<Vec<u8>>, OwnedHeaders)> {
    let created = Golden::read("spring_order_created").value;
    let springs = [0x5f; 16];
    let ids: [&[u8]; 6] = [
        b"",
        b"four",
        &springs,
        b"5f0cb1de-44aa-4f0f-9c8e-0a7dffee0102",
        &[0xff; 17],
        &[b'x'; 1_024],
    ];
    let values = [None, Some("nonsense"), Some("{}"), Some(created.as_str())];
    let mut all = Vec::new();
    for value in values.map(|value| value.map(|value| value.as_bytes().to_vec())) {
        all.push((value.clone(), OwnedHeaders::new()));
        all.extend(ids.map(|id| (value.clone(), answering(id))));
    }
    all
}

mod a_foreign_record {
    use super::*;

    async fn is_dropped_and_counted(kind: BrokerKind) {
        let broker = TestBroker::start(kind, 2);
        let (mut instance, home) = Instance::at_home(&broker).await;
        let foreign = every_kind_of_foreign();
        for (value, headers) in &foreign {
            broker.put(home, value.as_deref(), headers.clone());
        }
        broker.reply(home, [2]);
        assert_eq!(instance.ids(1).await, [id(2)]);
        broker.until_drained();
        assert_eq!(instance.foreign.get(), foreign.len() as u64);
        assert_eq!(broker.dead_letter_count(), 0);
        instance.stop().await;
    }

    #[actix::test]
    async fn is_dropped_and_counted_and_no_dead_letter() {
        is_dropped_and_counted(BrokerKind::Embedded).await;
    }

    #[actix::test]
    async fn is_dropped_and_counted_on_kafka() {
        is_dropped_and_counted(BrokerKind::Kafka).await;
    }
}

mod redriven_poison {
    use super::*;

    #[actix::test]
    async fn keeps_its_count_of_redrives() {
        let broker = TestBroker::embedded(1);
        let (instance, home) = Instance::at_home(&broker).await;
        let count = 2_i32.to_be_bytes();
        let put_back = ours().insert(Header {
            key: REDRIVES,
            value: Some(&count),
        });
        broker.put(home, Some(b"nonsense"), put_back);
        let letters = broker.dead_letters(1);
        assert_eq!(header(letters[0].headers(), REDRIVES), Some(&count[..]));
        instance.stop().await;
    }
}

mod a_dead_letter {
    use super::*;

    #[actix::test]
    async fn that_is_not_taken_holds_back_commits_and_no_replies() {
        let broker = TestBroker::embedded(2);
        let (mut instance, home) = Instance::at_home(&broker).await;
        broker.take_dead_letters(false);
        broker.reply(home, [1]);
        broker.put(home, Some(b"nonsense"), ours());
        broker.reply(home, [2]);
        broker.reply(1 - home, [3]);
        assert_eq!(instance.ids(3).await.len(), 3);
        // Both partitions are committed together: when this is seen of the other one, more would be seen of home.
        let mut committed = [1, 1];
        broker.until_committed(&committed);

        broker.take_dead_letters(true);
        committed[usize::try_from(home).unwrap()] = 3;
        broker.until_committed(&committed);
        assert_eq!(broker.dead_letter_count(), 1);
        instance.stop().await;
    }

    #[actix::test]
    async fn that_is_refused_is_tried_again_and_its_partition_committed() {
        let broker = TestBroker::embedded(1);
        let (mut instance, home) = Instance::at_home(&broker).await;
        broker.take_dead_letters(false);
        broker.put(home, Some(b"nonsense"), ours());
        broker.reply(home, [1]);
        assert_eq!(instance.ids(1).await, [id(1)]);
        // From now on nobody but the dead letters produces anything.
        broker.refuse_next();
        broker.take_dead_letters(true);

        broker.until_drained();
        let letters = broker.dead_letters(1);
        assert_eq!(letters[0].payload(), Some(&b"nonsense"[..]));
        assert_eq!(broker.dead_letter_count(), 1);
        instance.stop().await;
    }

    #[actix::test]
    async fn left_at_the_end_is_written_by_the_next_instance() {
        let broker = TestBroker::embedded(1);
        let (mut instance, home) = Instance::at_home(&broker).await;
        broker.take_dead_letters(false);
        broker.reply(home, [1]);
        broker.put(home, Some(b"nonsense"), ours());
        broker.reply(home, [2]);
        assert_eq!(instance.ids(2).await, [id(1), id(2)]);
        instance.stop().await;
        broker.take_dead_letters(true);

        let (mut next, home) = Instance::at_home(&broker).await;
        broker.reply(home, [3]);
        assert_eq!(next.ids(1).await, [id(3)]);
        broker.until_drained();
        let letters = broker.dead_letters(1);
        assert_eq!(letters[0].payload(), Some(&b"nonsense"[..]));
        assert_eq!(broker.dead_letter_count(), 1);
        next.stop().await;
    }
}
