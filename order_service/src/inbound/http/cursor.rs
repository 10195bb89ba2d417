//! A place in a list of orders that is sorted by a time, as links to the next page write it: `<microseconds since 1970>-<order number>`.

use chrono::{DateTime, Utc};
use shared::http::Problem;
use shared::order_number::OrderNumber;

use super::error::malformed;

/// The place as text.
pub(super) fn written(at: DateTime<Utc>, number: &OrderNumber) -> String {
    format!("{}-{number}", at.timestamp_micros())
}

/// The place that a request's `after` names, if it has one.
///
/// # Errors
/// 400 for a text that isn't one.
pub(super) fn after(text: Option<&str>) -> Result<Option<(DateTime<Utc>, OrderNumber)>, Problem> {
    text.map(|text| {
        read(text)
            .ok_or_else(|| malformed("after", "after is not a value from a link to a next page"))
    })
    .transpose()
}

/// The place that a text names, if it is one.
fn read(text: &str) -> Option<(DateTime<Utc>, OrderNumber)> {
    // A time before 1970 has a sign of its own.
    let (micros, number) = text.rsplit_once('-')?;
    let at = DateTime::from_timestamp_micros(micros.parse().ok()?)?;
    Some((at, number.parse().ok()?))
}
