//! The listener for operators: `/metrics`, and what a service adds. It has a port and a thread of its own: who may shop may not look,
//! and it answers while the service is busy, stuck or going down.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpResponse, HttpServer, web};

use super::{Problem, method_not_allowed, render_problems, unknown_path};
use crate::metrics::{self, Metrics};
use crate::wire::error_body::ResponseCode;

const MAX_CONNECTIONS: usize = 64;
const READ_HEADERS_WAIT: Duration = Duration::from_secs(5);

/// Serves `/metrics` and what `configure` sets up.
///
/// # Errors
/// When the address can't be listened on.
pub fn start<C>(
    address: SocketAddr,
    metrics: &Arc<Metrics>,
    configure: C,
) -> std::io::Result<ServerHandle>
where
    C: Fn(&mut web::ServiceConfig) + Clone + Send + 'static,
{
    let metrics = Arc::clone(metrics);
    let server = HttpServer::new(move || {
        let configure = configure.clone();
        let metrics = Arc::clone(&metrics);
        App::new()
            .configure(move |routes| routes_of(routes, metrics, configure))
            .wrap(from_fn(render_problems))
    })
    .workers(1)
    .max_connections(MAX_CONNECTIONS)
    .client_request_timeout(READ_HEADERS_WAIT)
    .disable_signals()
    .shutdown_timeout(0)
    .bind(address)?
    .run();
    log::info!("for operators: http://{address}");
    let handle = server.handle();
    actix_web::rt::spawn(async move {
        if let Err(error) = server.await {
            log::error!("the operators' HTTP server failed: {error}");
        }
    });
    Ok(handle)
}

fn routes_of(
    routes: &mut web::ServiceConfig,
    metrics: Arc<Metrics>,
    configure: impl Fn(&mut web::ServiceConfig),
) {
    configure(routes);
    routes
        .app_data(web::Data::from(metrics))
        .service(
            web::resource(["/metrics", "/metrics/"])
                .route(web::get().to(show_metrics))
                .default_service(method_not_allowed("GET")),
        )
        .default_service(web::to(unknown_path));
}

/// `GET /metrics`.
async fn show_metrics(metrics: web::Data<Metrics>) -> Result<HttpResponse, Problem> {
    let text = metrics.render().map_err(|error| {
        log::error!("the metrics can't be told: {error}");
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            ResponseCode::Fail,
            "INTERNAL_ERROR",
            "the service failed",
        )
    })?;
    let content_type = (CONTENT_TYPE, metrics::CONTENT_TYPE);
    Ok(HttpResponse::Ok().insert_header(content_type).body(text))
}

#[cfg(test)]
mod tests {
    use actix_web::test::{TestRequest, call_service, init_service, read_body};

    use super::*;
    use crate::http::health::livez;

    #[actix_web::test]
    async fn given_the_operators_routes_then_metrics_are_there_beside_what_the_service_adds() {
        let metrics = Arc::new(Metrics::new().unwrap());
        metrics.gauge("idle", "Idle.").unwrap().set(3);
        let add = |routes: &mut web::ServiceConfig| {
            routes.route("/internal/here", web::get().to(livez));
        };
        let app = App::new().configure(|routes| routes_of(routes, metrics, add));
        let server = init_service(app.wrap(from_fn(render_problems))).await;
        let get = |path: &str| TestRequest::get().uri(path).to_request();

        let answer = call_service(&server, get("/metrics")).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(
            answer.headers().get(CONTENT_TYPE).unwrap(),
            "text/plain; version=0.0.4"
        );
        let text = read_body(answer).await;
        assert!(String::from_utf8_lossy(&text).contains("\nidle 3\n"));
        for (path, status) in [("/internal/here", 200), ("/open-api/order", 404)] {
            let answer = call_service(&server, get(path)).await;
            assert_eq!(answer.status().as_u16(), status, "{path}");
        }
    }
}
