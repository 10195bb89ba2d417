//! The one place that asks for the time. It must not know what the time is for.

use chrono::{DateTime, Utc};

#[expect(
    clippy::disallowed_methods,
    reason = "this is the issuer's clock; the rest gets the time as an argument"
)]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}
