//! How long requests take, by method, matched route and status. Never by the path itself: clients choose it freely, and each label value
//! is a time series that is kept for ever.

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;

use crate::metrics::{HistogramVec, IntGauge, Metrics, Result};

/// What is measured of an HTTP server; the names are OpenTelemetry's.
#[derive(Clone)]
pub struct HttpMetrics {
    durations: HistogramVec,
    active: IntGauge,
}

impl HttpMetrics {
    /// Registers them.
    ///
    /// # Errors
    /// When they are registered already.
    pub fn new(metrics: &Metrics) -> Result<Self> {
        Ok(Self {
            durations: metrics.durations(
                "http_server_request_duration_seconds",
                "How long requests took, until their answer's head was ready.",
                &[
                    "http_request_method",
                    "http_route",
                    "http_response_status_code",
                ],
            )?,
            active: metrics.gauge(
                "http_server_active_requests",
                "Requests that are being answered.",
            )?,
        })
    }

    /// Middleware: measures what is inside of it.
    ///
    /// # Errors
    /// Those of the inner service.
    pub async fn measure<B: MessageBody>(
        self,
        request: ServiceRequest,
        next: Next<B>,
    ) -> std::result::Result<ServiceResponse<B>, actix_web::Error> {
        let begin = Instant::now();
        let method = method_label(request.method());
        let active = Active::begin(&self.active);
        let answered = next.call(request).await;
        drop(active);
        if let Ok(response) = &answered {
            let pattern = response.request().match_pattern();
            let status = response.status();
            let labels = [
                method,
                pattern.as_deref().map_or("none", route_label),
                status.as_str(),
            ];
            let durations = self.durations.with_label_values(&labels);
            durations.observe(begin.elapsed().as_secs_f64());
        }
        answered
    }
}

/// A request that is being answered. It counts until this is dropped, which also happens when its client hangs up.
struct Active<'a>(&'a IntGauge);

impl<'a> Active<'a> {
    fn begin(gauge: &'a IntGauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Active<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Clients choose the method freely, too.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "_OTHER",
    }
}

/// Each resource has a pattern with and one without a trailing slash.
fn route_label(pattern: &str) -> &str {
    match pattern.trim_end_matches('/') {
        "" => "/",
        route => route,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, web};

    use super::*;
    use crate::http::health::livez;
    use crate::http::resource::{Methods, get, resource};
    use crate::http::{render_problems, unknown_path};

    #[actix_web::test]
    async fn requests_are_counted_by_method_route_and_status_never_by_path() {
        let metrics = Metrics::new().unwrap();
        let http = HttpMetrics::new(&metrics).unwrap();
        let server = init_service(
            App::new()
                .service(
                    resource(["/order/{number}", "/order/{number}/"], Methods::Get)
                        .route(get().to(livez)),
                )
                .default_service(web::to(unknown_path))
                .wrap(from_fn(render_problems))
                .wrap(from_fn(move |request, next| {
                    http.clone().measure(request, next)
                })),
        )
        .await;
        for (method, path) in [
            (Method::GET, "/order/1"),
            (Method::GET, "/order/2/"),
            (Method::DELETE, "/order/3"),
            (Method::from_bytes(b"BREW").unwrap(), "/order/4"),
            (Method::GET, "/secret"),
        ] {
            let request = TestRequest::with_uri(path).method(method).to_request();
            call_service(&server, request).await;
        }

        let text = metrics.render().unwrap();
        let counted: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("http_server_request_duration_seconds_count"))
            .collect();
        let expected = [
            r#"{http_request_method="DELETE",http_response_status_code="405",http_route="/order/{number}"} 1"#,
            r#"{http_request_method="GET",http_response_status_code="200",http_route="/order/{number}"} 2"#,
            r#"{http_request_method="GET",http_response_status_code="404",http_route="none"} 1"#,
            r#"{http_request_method="_OTHER",http_response_status_code="405",http_route="/order/{number}"} 1"#,
        ];
        assert_eq!(counted, expected);
        assert!(text.contains("\nhttp_server_active_requests 0\n"), "{text}");
    }
}
