//! What an order service tells of an order, ours or a Spring one. What decides is read strictly. What only informs (dates, lines, prices in
//! them) is as good as absent where it can't be read, because each service writes it in its own way.

use chrono_tz::Tz;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use shared::json;
use shared::member_id::MemberId;
use shared::money::Money;
use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::leniently::readable;
use shared::wire::moment::Moment;
use shared::wire::order_dto::{
    ItemDto, OrderDto, OrderLineDto, OrderStatus, PaymentDto, RefundDto,
};

/// An order in a reply or an answer. Members of [`OrderDto`] that only commands have are not read.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ToldOrder {
    order_num: Option<OrderNumber>,
    #[serde(deserialize_with = "readable")]
    order_line_list: Option<Vec<ToldLine>>,
    /// Strictly: it tells a rejected order from a refused command, and what a review does.
    status: Option<OrderStatus>,
    #[serde(deserialize_with = "readable")]
    coupon_id: Option<i64>,
    #[serde(deserialize_with = "readable")]
    total_price: Option<Money>,
    /// Strictly: a payment is compared with it.
    final_price: Option<Money>,
    #[serde(deserialize_with = "readable")]
    due_for_seconds: Option<u64>,
    #[serde(deserialize_with = "readable")]
    pay_by: Option<Moment>,
    #[serde(deserialize_with = "readable")]
    created_date: Option<Moment>,
    reject_reason: ToldReason,
    #[serde(deserialize_with = "readable")]
    reject_detail: Option<String>,
    #[serde(deserialize_with = "readable")]
    retry_date: Option<Moment>,
    #[serde(deserialize_with = "readable")]
    payment: Option<PaymentDto>,
    /// If it can't be read, no member owns the order: only the support and an order token open it.
    #[serde(deserialize_with = "readable")]
    member_id: Option<MemberId>,
    /// Strictly: it says what is to be given back.
    refund_list: Option<Vec<RefundDto>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToldLine {
    #[serde(default, deserialize_with = "readable")]
    order_line_id: Option<i64>,
    item: ToldItem,
    quantity: i64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToldItem {
    item_id: i64,
    #[serde(default, deserialize_with = "readable")]
    name: Option<String>,
    #[serde(default, deserialize_with = "readable")]
    price: Option<Money>,
}

/// A reason, which another service may tell in words of its own.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum ToldReason {
    #[default]
    None,
    Known(Reason),
    Unknown,
}

impl<'de> Deserialize<'de> for ToldReason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = match json::read::<Option<String>>(raw.get().as_bytes()) {
            Ok(Some(text)) => text,
            Ok(None) => return Ok(Self::None),
            Err(_) => return Ok(Self::Unknown),
        };
        Ok(text.parse().map_or(Self::Unknown, Self::Known))
    }
}

impl ToldOrder {
    /// The order; a date without an offset is in `zone`. Only of a rejected order it matters that there was a reason which is not known.
    #[must_use]
    pub fn in_zone(self, zone: Tz) -> OrderDto {
        let reject_reason = match (self.status, self.reject_reason) {
            (_, ToldReason::Known(reason)) => Some(reason),
            (Some(OrderStatus::Rejected), ToldReason::Unknown) => Some(Reason::Unspecified),
            (_, ToldReason::Unknown | ToldReason::None) => None,
        };
        let lines = self.order_line_list;
        OrderDto {
            order_num: self.order_num,
            order_line_list: lines.map(|lines| lines.into_iter().map(line).collect()),
            status: self.status,
            coupon_id: self.coupon_id,
            total_price: self.total_price,
            final_price: self.final_price,
            due_for_seconds: self.due_for_seconds,
            pay_by: self.pay_by.and_then(|date| date.in_zone(zone)),
            created_date: self.created_date.and_then(|date| date.in_zone(zone)),
            reject_reason,
            reject_detail: self.reject_detail,
            retry_date: self.retry_date.and_then(|date| date.in_zone(zone)),
            payment: self.payment,
            request_id: None,
            member_id: self.member_id,
            idempotency_key: None,
            fingerprint: None,
            refund_list: self.refund_list,
            refund: None,
        }
    }
}

fn line(told: ToldLine) -> OrderLineDto {
    OrderLineDto {
        order_line_id: told.order_line_id,
        item: ItemDto {
            item_id: told.item.item_id,
            name: told.item.name,
            price: told.item.price,
            stock: None,
        },
        quantity: told.quantity,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Asia::Seoul;

    fn told(json: &str) -> Result<OrderDto, serde_json::Error> {
        serde_json::from_str::<ToldOrder>(json).map(|order| order.in_zone(Seoul))
    }

    fn with(members: &str) -> OrderDto {
        told(&format!(r#"{{"orderNum":"1",{members}}}"#)).unwrap_or_else(|error| {
            panic!("{members}: {error}");
        })
    }

    mod a_date {
        use super::*;

        fn date(json: &str) -> Option<String> {
            let date = with(&format!(r#""createdDate":{json}"#)).created_date?;
            Some(date.to_rfc3339())
        }

        #[test]
        fn without_an_offset_is_of_the_services_zone() {
            for json in [
                r#""2026-11-23T10:15:40""#,
                "[2026,11,23,10,15,40]",
                r#""2026-11-23T10:15:40+09:00""#,
            ] {
                let read = date(json);
                assert_eq!(read.as_deref(), Some("2026-11-23T10:15:40+09:00"), "{json}");
            }
        }

        #[test]
        fn that_is_none_is_absent() {
            for json in ["null", r#""soon""#, "[]", "{}", "true", "1e999"] {
                assert_eq!(date(json), None, "{json}");
            }
        }
    }

    mod a_line {
        use super::*;

        fn price(json: &str) -> Option<Money> {
            let line = format!(
                r#""orderLineList":[{{"orderLineId":{json},"item":{{"itemId":3,"name":{json},"price":{json},"productDTO":null}},"quantity":2}}]"#
            );
            let lines = with(&line).order_line_list.unwrap();
            assert_eq!((lines[0].item.item_id, lines[0].quantity), (3, 2));
            lines[0].item.price
        }

        #[test]
        fn may_tell_its_price_in_any_form_or_not() {
            for json in [
                r#"{"amount":12000}"#,
                r#"{"amount":12000.0}"#,
                r#"{"amount":"12000","currency":"KRW"}"#,
                "12000",
                r#""12000""#,
            ] {
                assert_eq!(price(json), Some(Money::from_units(12_000)), "{json}");
            }
            for json in [
                "null",
                "{}",
                r#"{"amount":null}"#,
                "-1",
                "0.005",
                "[]",
                r#""free""#,
            ] {
                assert_eq!(price(json), None, "{json}");
            }
        }

        #[test]
        fn that_names_no_item_makes_the_list_absent_and_not_the_order() {
            for json in [r#"[{"quantity":1}]"#, "[null]", "{}", "7"] {
                let order = with(&format!(r#""status":"CREATED","orderLineList":{json}"#));
                assert_eq!(order.order_line_list, None, "{json}");
                assert_eq!(order.status, Some(OrderStatus::Created));
            }
        }
    }

    mod a_reason {
        use super::*;

        fn reason(status: &str, reason: &str) -> Option<Reason> {
            with(&format!(r#""status":"{status}","rejectReason":{reason}"#)).reject_reason
        }

        #[test]
        fn that_is_not_known_is_unspecified_where_the_order_is_rejected() {
            assert_eq!(reason("REJECTED", r#""EXPIRED""#), Some(Reason::Expired));
            assert_eq!(reason("REJECTED", "null"), None);
            for unknown in [r#""NO_STOCK""#, r#""""#, "7", r#"{"OUT_OF_STOCK":null}"#] {
                assert_eq!(reason("REJECTED", unknown), Some(Reason::Unspecified));
                assert_eq!(reason("CREATED", unknown), None);
            }
        }
    }

    #[test]
    fn members_that_only_commands_need_do_not_matter() {
        let order = with(
            r#""memberId":42,"requestId":7,"payment":{"method":"CARD"},"idempotencyKey":[],"fingerprint":{}"#,
        );
        assert_eq!(order.payment, None);
        let paid = with(r#""payment":{"paymentKey":"p","amount":12000}"#);
        assert_eq!(paid.payment.unwrap().payment_key, "p");
    }

    #[test]
    fn what_decides_is_read_strictly() {
        for json in [
            r#"{"orderNum":7}"#,
            r#"{"orderNum":"no digits"}"#,
            r#"{"orderNum":"1","status":"SHIPPED"}"#,
            r#"{"orderNum":"1","finalPrice":-1}"#,
            r#"{"orderNum":"1","finalPrice":{"amount":"much"}}"#,
            "null",
            "7",
        ] {
            assert!(told(json).is_err(), "{json}");
        }
    }
}
