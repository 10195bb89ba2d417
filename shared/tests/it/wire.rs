//! Every kind of record: ours are written as the golden files have them, the Spring services' are understood, and nothing is lost.

use std::fs;
use std::path::Path;

use chrono::NaiveDateTime;
use shared::money::Money;
use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::event::{Event, EventType, LocalTimestamp};
use shared::wire::headers::{self, EVENT_TYPE_ID, ReplyAddress};
use shared::wire::order_dto::{
    ItemDto, OrderDto, OrderLineDto, OrderStatus, PaymentDto, RefundDto, RefundLineDto,
    RefundStatus,
};

use crate::golden::{Golden, pairs};

/// Every golden file's name.
fn all() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let names: Vec<_> = files
        .map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert!(names.len() >= 13, "{names:?}");
    names
}

fn number() -> OrderNumber {
    "20261123101540000000000000000042".parse().unwrap()
}

fn local(text: &str) -> Option<LocalTimestamp> {
    Some(LocalTimestamp(text.parse::<NaiveDateTime>().unwrap()))
}

fn event(event_type: EventType, data: OrderDto, at: &str) -> Event<OrderDto> {
    Event {
        event_type,
        key: number().as_str().to_owned(),
        data,
        event_created_at: local(at),
    }
}

fn payment() -> PaymentDto {
    PaymentDto {
        payment_key: "결제 \"key\"".into(),
        amount: "21000.01".parse().unwrap(),
    }
}

fn wish(item_id: i64, quantity: i64) -> OrderLineDto {
    OrderLineDto {
        order_line_id: None,
        item: ItemDto {
            item_id,
            ..ItemDto::default()
        },
        quantity,
    }
}

fn of_the_order() -> OrderDto {
    OrderDto {
        order_num: Some(number()),
        ..OrderDto::default()
    }
}

mod commands {
    use super::*;

    fn assert_written(
        name: &str,
        event: &Event<OrderDto>,
        last_id_byte: u8,
        partition: Option<i32>,
    ) {
        let golden = Golden::read(name);
        let mut correlation_id: Vec<u8> = (0..16).collect();
        correlation_id[15] = last_id_byte;
        let address = ReplyAddress {
            topic: "composite".into(),
            partition,
            correlation_id: Some(correlation_id),
            type_id: Some(EVENT_TYPE_ID.into()),
        };

        assert_eq!(serde_json::to_string(event).unwrap(), golden.value);
        assert_eq!(pairs(&address.request_headers()), golden.headers);
        assert_eq!(
            serde_json::from_str::<Event<OrderDto>>(&golden.value).unwrap(),
            *event
        );
        assert_eq!(
            ReplyAddress::read(Some(&golden.kafka_headers())),
            Ok(Some(address))
        );
        assert_eq!(golden.key.as_deref(), Some(number().as_str()));
    }

    #[test]
    fn a_create_is_written_as_in_the_golden_file() {
        let data = OrderDto {
            order_line_list: Some(vec![wish(1, 2), wish(2, 1)]),
            coupon_id: Some(7),
            payment: Some(payment()),
            request_id: Some("8c2f4f0e-request".into()),
            ..of_the_order()
        };
        let create = event(EventType::OrderCreate, data, "2026-11-23T10:15:40.582933");
        assert_written("order_create", &create, 0xff, Some(258));
    }

    #[test]
    fn a_pay_is_written_as_in_the_golden_file() {
        let data = OrderDto {
            payment: Some(payment()),
            idempotency_key: Some("key of the shopper".into()),
            fingerprint: Some("9f86d081884c7d65".into()),
            ..of_the_order()
        };
        let pay = event(EventType::OrderPay, data, "2026-11-23T10:15:40.900");
        assert_written("order_pay", &pay, 0x14, Some(4));
    }

    #[test]
    fn an_approve_is_written_as_in_the_golden_file() {
        let data = OrderDto {
            payment: Some(payment()),
            ..of_the_order()
        };
        let approve = event(EventType::OrderApprove, data, "2026-11-23T10:15:41");
        assert_written("order_approve", &approve, 0x10, Some(0));
    }

    #[test]
    fn a_create_with_an_idempotency_key_is_written_as_in_the_golden_file() {
        let data = OrderDto {
            order_line_list: Some(vec![wish(1, 1)]),
            request_id: Some("8c2f4f0e-request".into()),
            idempotency_key: Some("key of the shopper".into()),
            fingerprint: Some("9f86d081884c7d65".into()),
            ..of_the_order()
        };
        let create = event(EventType::OrderCreate, data, "2026-11-23T10:15:40.000001");
        assert_written("order_create_keyed", &create, 0x12, Some(3));
    }

    #[test]
    fn a_create_of_a_member_is_written_as_in_the_golden_file() {
        let data = OrderDto {
            order_line_list: Some(vec![wish(1, 1)]),
            request_id: Some("8c2f4f0e-request".into()),
            member_id: Some("kim.minji-1".parse().unwrap()),
            ..of_the_order()
        };
        let create = event(EventType::OrderCreate, data, "2026-11-23T10:15:40.000001");
        assert_written("order_create_of_member", &create, 0x15, Some(3));
    }

    #[test]
    fn a_reject_is_written_as_in_the_golden_file() {
        let data = OrderDto {
            reject_reason: Some(Reason::PaymentDeclined),
            reject_detail: Some("한도 초과".into()),
            ..of_the_order()
        };
        let reject = event(EventType::OrderReject, data, "2026-11-23T10:16:00");
        assert_written("order_reject", &reject, 0x11, None);
    }

    #[test]
    fn a_settle_is_written_as_in_the_golden_file() {
        let settle = event(
            EventType::OrderSettle,
            of_the_order(),
            "2026-11-23T10:17:00",
        );
        assert_written("order_settle", &settle, 0x13, None);
    }

    #[test]
    fn a_cancel_is_written_as_in_the_golden_file() {
        let data = OrderDto {
            idempotency_key: Some("key of the shopper".into()),
            fingerprint: Some("9f86d081884c7d65".into()),
            refund: Some(RefundDto {
                order_line_list: Some(vec![RefundLineDto {
                    order_line_id: 2,
                    quantity: 1,
                }]),
                ..RefundDto::default()
            }),
            ..of_the_order()
        };
        let cancel = event(EventType::OrderCancel, data, "2026-11-24T09:00:01");
        assert_written("order_cancel", &cancel, 0x16, Some(5));
    }

    #[test]
    fn a_refund_is_written_as_in_the_golden_file() {
        let data = OrderDto {
            reject_reason: Some(Reason::RefundUnavailable),
            refund: Some(RefundDto {
                refund_num: Some(1),
                status: Some(RefundStatus::Refused),
                ..RefundDto::default()
            }),
            ..of_the_order()
        };
        let refund = event(EventType::OrderRefund, data, "2026-11-24T09:00:02");
        assert_written("order_refund", &refund, 0x17, Some(5));
    }
}

mod spring_peers {
    use super::*;

    #[test]
    fn a_spring_composites_create_asks_for_an_empty_order_and_a_reply() {
        let golden = Golden::read("spring_order_create");

        let create: Event<OrderDto> = serde_json::from_str(&golden.value).unwrap();

        assert_eq!(create.event_type, EventType::OrderCreate);
        assert_eq!(
            (create.key.as_str(), create.data),
            ("20261123011540", OrderDto::default())
        );
        assert_eq!(
            create.event_created_at,
            local("2026-11-23T01:15:40.582933504")
        );
        let address = ReplyAddress::read(Some(&golden.kafka_headers()))
            .unwrap()
            .unwrap();
        assert_eq!(
            (address.topic.as_str(), address.partition),
            ("composite", None)
        );
        assert_eq!(address.correlation_id.unwrap().len(), 16);
    }

    #[test]
    fn a_spring_order_services_reply_is_a_pending_order() {
        let golden = Golden::read("spring_order_created");

        let reply: Event<OrderDto> = serde_json::from_str(&golden.value).unwrap();

        let data = OrderDto {
            order_num: Some("202611230115401234567890".parse().unwrap()),
            order_line_list: Some(vec![]),
            status: Some(OrderStatus::Created),
            ..OrderDto::default()
        };
        assert_eq!(
            (reply.event_type, reply.data),
            (EventType::OrderCreated, data)
        );
        let correlation_id =
            headers::header(Some(&golden.kafka_headers()), headers::CORRELATION_ID)
                .map(<[u8]>::to_vec);
        assert_eq!(correlation_id.unwrap()[0], 0x5f);
    }

    #[test]
    fn our_reply_begins_with_the_members_that_spring_knows() {
        for name in [
            "order_created",
            "order_completed",
            "order_rejected",
            "order_refused",
            "order_declined",
            "order_refunding",
            "malformed_command",
        ] {
            let value = Golden::read(name).value;
            let data = &value[value.find(r#""data":"#).unwrap()..];
            let places: Vec<usize> = ["\"orderNum\":", "\"orderLineList\":", "\"status\":"]
                .iter()
                .map(|member| data.find(member).unwrap())
                .collect();
            assert!(
                places.is_sorted() && places[0] == r#""data":{"#.len(),
                "{name}: {data}"
            );
        }
    }
}

mod every_record {
    use super::*;

    #[test]
    fn each_golden_record_survives_reading_and_writing() {
        for name in all() {
            let value = Golden::read(&name).value;
            let event: Event<OrderDto> = serde_json::from_str(&value).unwrap();
            assert_eq!(serde_json::to_string(&event).unwrap(), value, "{name}");
        }
    }

    #[test]
    fn members_of_a_later_version_are_ignored() {
        for name in all() {
            let value = Golden::read(&name).value;
            let later = value
                .replacen(r#"{"eventType""#, r#"{"traceId":{"a":[1]},"eventType""#, 1)
                .replacen(r#""data":{"#, r#""data":{"gift":true,"#, 1)
                .replacen(r#""item":{"#, r#""item":{"productDTO":null,"#, 1);
            assert_ne!(later, value);
            let (event, known): (Event<OrderDto>, Event<OrderDto>) = (
                serde_json::from_str(&later).unwrap(),
                serde_json::from_str(&value).unwrap(),
            );
            assert_eq!(event, known, "{name}");
        }
    }

    #[test]
    fn other_forms_of_the_same_values_mean_the_same() {
        let golden = Golden::read("order_create").value;
        let known: Event<OrderDto> = serde_json::from_str(&golden).unwrap();
        for (form, other) in [
            (r#"{"amount":21000.01}"#, r#"{"amount":"21000.01"}"#),
            (r#"{"amount":21000.01}"#, r#"{"amount":21000.010}"#),
            (r#"{"amount":21000.01}"#, r#"{"amount":2.100001e4}"#),
            (
                r#"[2026,11,23,10,15,40,582933000]"#,
                r#""2026-11-23T10:15:40.582933""#,
            ),
            (r#""name":null,"#, ""),
            (r#""orderLineId":null,"#, ""),
            (r#""status":null,"#, ""),
        ] {
            let text = golden.replace(form, other);
            assert_ne!(text, golden);
            assert_eq!(
                serde_json::from_str::<Event<OrderDto>>(&text).unwrap(),
                known,
                "{other}"
            );
        }
    }

    #[test]
    fn amounts_are_decimal_to_the_last_digit() {
        let known: Event<OrderDto> =
            serde_json::from_str(&Golden::read("order_created").value).unwrap();
        let amount = |text: &str| text.parse::<Money>().ok();
        assert_eq!(
            (known.data.total_price, known.data.final_price),
            (amount("24000.01"), amount("21000.01"))
        );
    }
}
