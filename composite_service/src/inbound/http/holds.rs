//! The orders that reviews leave alone, as operators are shown them.

use std::sync::{Arc, PoisonError};

use serde_json::json;
use shared::http::internal::View;

use crate::actors::reviewer::SharedHolds;

/// `GET /internal/holds`: the orders whose payment no review can end, each with its reason.
#[must_use]
pub fn holds_view(holds: SharedHolds) -> View {
    let show = move || {
        let holds = holds.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = holds.iter().map(|(number, hold)| {
            json!({"orderNum": number, "reason": hold.as_str(), "detail": hold.to_string()})
        });
        shown.collect()
    };
    View {
        paths: ["/internal/holds", "/internal/holds/"],
        show: Arc::new(show),
    }
}
