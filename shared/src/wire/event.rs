//! The envelope of every Kafka record: `{"eventType","key","data","eventCreatedAt"}`, as Jackson writes it.

use chrono::{Datelike, NaiveDateTime, Timelike};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::leniently::{readable, readable_or_default};
use super::moment::Moment;

/// What a record says. The first four are the Spring services' own. The others must never reach a Spring order service: its listener
/// throws on an unknown type, seeks back and reads the same record again for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EventType {
    /// Command: place an order.
    OrderCreate,
    /// Reply: the order is pending.
    OrderCreated,
    /// Reply: the order is rejected, or the command was refused.
    OrderRejected,
    /// Reply: the order is paid.
    OrderCompleted,
    /// Command: a payment of the pending order begins.
    OrderPay,
    /// Command: complete the order, it is paid.
    OrderApprove,
    /// Command: reject the order.
    OrderReject,
    /// Command: nothing is charged for the rejected order any more, its books are closed.
    OrderSettle,
    /// Command: cancel the order. A pending one is rejected, of a paid one a refund begins.
    OrderCancel,
    /// Command: the gateway has given a refund's money back, or refuses to.
    OrderRefund,
}

/// A record's value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event<D> {
    /// What is said.
    pub event_type: EventType,
    /// The record's key, repeated; a reply repeats its command's. It only informs.
    #[serde(default, deserialize_with = "readable_or_default")]
    pub key: String,
    /// The body.
    pub data: D,
    /// When the event was made, in its maker's zone. It only informs: what can't be read is as good as absent.
    #[serde(default, deserialize_with = "readable")]
    pub event_created_at: Option<LocalTimestamp>,
}

/// A local date and time in Jackson's array form, `[y,M,d,H,m,s,nanos]`, whose zero seconds and nanoseconds are left out at the end.
/// Reads every form that [`Moment`] knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTimestamp(pub NaiveDateTime);

impl Serialize for LocalTimestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let at = self.0;
        let parts = [
            at.year().unsigned_abs(),
            at.month(),
            at.day(),
            at.hour(),
            at.minute(),
            at.second(),
            at.nanosecond() % 1_000_000_000,
        ];
        let written = match (parts[5], parts[6]) {
            (0, 0) => 5,
            (_, 0) => 6,
            _ => 7,
        };
        parts[..written].serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for LocalTimestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Moment::deserialize(deserializer).map(|moment| Self(moment.local()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_leave_out_trailing_zero_parts_as_jackson_does() {
        for (text, json) in [
            (
                "2026-11-23T01:15:40.582933504",
                "[2026,11,23,1,15,40,582933504]",
            ),
            ("2026-11-23T01:15:40", "[2026,11,23,1,15,40]"),
            ("2026-11-23T01:15:00", "[2026,11,23,1,15]"),
            ("2026-11-23T00:00:00.000000001", "[2026,11,23,0,0,0,1]"),
        ] {
            let timestamp = LocalTimestamp(text.parse().unwrap());
            assert_eq!(serde_json::to_string(&timestamp).unwrap(), json);
            assert_eq!(
                serde_json::from_str::<LocalTimestamp>(json).unwrap(),
                timestamp
            );
            assert_eq!(
                serde_json::from_str::<LocalTimestamp>(&format!("{text:?}")).unwrap(),
                timestamp
            );
        }
    }

    #[test]
    fn members_that_only_inform_make_no_event_unreadable() {
        for value in [
            "[2026]",
            "[2026,13,1]",
            "\"yesterday\"",
            "{}",
            "-1e999",
            "null",
            "true",
        ] {
            let json = format!(
                r#"{{"eventType":"ORDER_CREATE","key":{value},"data":1,"eventCreatedAt":{value}}}"#
            );
            let event: Event<u8> = serde_json::from_str(&json).unwrap();
            assert_eq!(event.event_created_at, None, "{value}");
        }
        let short = r#"{"eventType":"ORDER_CREATE","key":"k","data":1,"eventCreatedAt":"2026-11-23T01:15"}"#;
        let event: Event<u8> = serde_json::from_str(short).unwrap();
        let at = LocalTimestamp("2026-11-23T01:15:00".parse().unwrap());
        assert_eq!(event.event_created_at, Some(at));
    }
}
