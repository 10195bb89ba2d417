//! The answers to Kubernetes' probes. Which parts a service needs, and how it asks them, is in its own `inbound/http/health.rs`.

use std::time::Duration;

use actix_web::HttpResponse;
use serde_json::json;

/// How long a part may take to answer a probe.
pub const PROBE_WAIT: Duration = Duration::from_secs(1);

/// `GET /livez`: always 200. Restarting a process that waits for its peers would not bring them back.
pub async fn livez() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "live"}))
}

/// A part that a service needs: its name, and what is wrong with it, if anything is. The words are shown to whoever asks.
pub type Part<'a> = (&'a str, Option<String>);

/// What is wrong, unless all is well.
#[must_use]
pub fn unless(is_well: bool, wrong: &str) -> Option<String> {
    (!is_well).then(|| wrong.to_owned())
}

/// The answer to `GET /readyz`: 200, or 503 when a part is not well, and then the reasons.
#[must_use]
pub fn readiness(parts: &[Part<'_>]) -> HttpResponse {
    let reasons: Vec<String> = parts
        .iter()
        .filter_map(|(name, wrong)| Some(format!("{name}: {}", wrong.as_ref()?)))
        .collect();
    let parts: serde_json::Map<_, _> = parts
        .iter()
        .map(|(name, wrong)| ((*name).to_owned(), json!(wrong.is_none())))
        .collect();
    if reasons.is_empty() {
        return HttpResponse::Ok().json(json!({"status": "ready", "parts": parts}));
    }
    HttpResponse::ServiceUnavailable().json(json!({
        "status": "not ready",
        "parts": parts,
        "reason": reasons.join("; "),
    }))
}

#[cfg(test)]
mod tests {
    use actix_web::body::MessageBody;
    use actix_web::http::StatusCode;

    use super::*;

    #[test]
    fn a_part_that_is_not_well_makes_it_503_and_is_named_with_its_reason() {
        for (wrong, status, text) in [
            (
                None,
                StatusCode::OK,
                r#"{"parts":{"database":true,"kafka":true},"status":"ready"}"#,
            ),
            (
                Some("no broker answers".to_owned()),
                StatusCode::SERVICE_UNAVAILABLE,
                r#"{"parts":{"database":true,"kafka":false},"reason":"kafka: no broker answers","status":"not ready"}"#,
            ),
        ] {
            let answer = readiness(&[("database", None), ("kafka", wrong)]);
            assert_eq!(answer.status(), status);
            assert_eq!(answer.into_body().try_into_bytes().unwrap(), text);
        }
    }
}
