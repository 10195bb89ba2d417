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

/// The answer to `GET /readyz`: 200, or 503 when a part is not well.
#[must_use]
pub fn readiness(parts: &[(&str, bool)]) -> HttpResponse {
    let is_ready = parts.iter().all(|(_, is_well)| *is_well);
    let (mut response, status) = if is_ready {
        (HttpResponse::Ok(), "ready")
    } else {
        (HttpResponse::ServiceUnavailable(), "not ready")
    };
    let parts: serde_json::Map<_, _> = parts
        .iter()
        .map(|(name, is_well)| ((*name).to_owned(), json!(is_well)))
        .collect();
    response.json(json!({"status": status, "parts": parts}))
}

#[cfg(test)]
mod tests {
    use actix_web::body::MessageBody;
    use actix_web::http::StatusCode;

    use super::*;

    #[test]
    fn a_part_that_is_not_well_makes_it_503_and_is_named() {
        for (is_well, status, text) in [
            (
                true,
                StatusCode::OK,
                r#"{"parts":{"database":true,"kafka":true},"status":"ready"}"#,
            ),
            (
                false,
                StatusCode::SERVICE_UNAVAILABLE,
                r#"{"parts":{"database":true,"kafka":false},"status":"not ready"}"#,
            ),
        ] {
            let answer = readiness(&[("database", true), ("kafka", is_well)]);
            assert_eq!(answer.status(), status);
            assert_eq!(answer.into_body().try_into_bytes().unwrap(), text);
        }
    }
}
