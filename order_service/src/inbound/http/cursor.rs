//! A place in a list of orders that is sorted by a time, as the links to the next page write it: the microseconds since 1970, and the
//! order's number.

use chrono::{DateTime, Utc};
use shared::order_number::OrderNumber;

/// The place as text.
pub(super) fn written(at: DateTime<Utc>, number: &OrderNumber) -> String {
    format!("{}-{number}", at.timestamp_micros())
}

/// The place that a text means, if it is one.
pub(super) fn read(text: &str) -> Option<(DateTime<Utc>, OrderNumber)> {
    // A time before 1970 has a sign of its own.
    let (micros, number) = text.rsplit_once('-')?;
    let at = DateTime::from_timestamp_micros(micros.parse().ok()?)?;
    Some((at, number.parse().ok()?))
}
