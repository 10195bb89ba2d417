//! The listener for operators: `/metrics`, `/internal/mailboxes`, `/internal/settings`, orders' traces and what a service adds. It has a port of its own, which
//! shoppers can't reach, a token unless only this machine reaches it, and a thread of its own, so that it answers while the service is busy, stuck or going down.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpResponse, web};

use super::client_limits::ClientLimits;
use super::listener::{self, Size};
use super::port_token::PortToken;
use super::resource::{Methods, get, resource};
use super::{Problem, render_problems, unknown_path};
use crate::env::EffectiveSettings;
use crate::mailboxes::Mailboxes;
use crate::metrics::{self, Metrics};
use crate::order_number::OrderNumber;
use crate::trace::{REMEMBERED, Traces};
use crate::wire::error_body::ResponseCode;

const SIZE: Size = Size {
    workers: 1,
    max_connections: 64,
    backlog: 64,
};

/// What operators are shown.
#[derive(Clone)]
pub struct Shown {
    /// Counters, gauges and histograms.
    pub metrics: Arc<Metrics>,
    /// The messages that wait for actors.
    pub mailboxes: Arc<Mailboxes>,
    /// The traces of the latest orders.
    pub traces: Arc<Traces>,
    /// The settings in effect.
    pub settings: Arc<EffectiveSettings>,
    /// What only this service has to show.
    pub views: Vec<View>,
}

/// A JSON document of one service, made when it is asked for.
#[derive(Clone)]
pub struct View {
    /// Its path, without and with a slash at its end.
    pub paths: [&'static str; 2],
    /// Makes it.
    pub show: Arc<dyn Fn() -> serde_json::Value + Send + Sync>,
}

/// Serves what operators are shown, to those who have the token.
///
/// # Errors
/// When the address can't be listened on.
pub fn start(address: SocketAddr, token: PortToken, shown: Shown) -> std::io::Result<ServerHandle> {
    let server = listener::serve(
        address,
        &SIZE,
        ClientLimits::default(),
        Duration::ZERO,
        move || {
            let (shown, token) = (shown.clone(), token.clone());
            App::new()
                .configure(move |routes| routes_of(routes, shown))
                .wrap(from_fn(move |request, next| {
                    token.clone().demand(request, next)
                }))
                .wrap(from_fn(render_problems))
        },
    )?;
    log::info!("for operators: http://{address}");
    let handle = server.handle();
    actix_web::rt::spawn(async move {
        if let Err(error) = server.await {
            log::error!("the operators' HTTP server failed: {error}");
        }
    });
    Ok(handle)
}

fn routes_of(routes: &mut web::ServiceConfig, shown: Shown) {
    let get_only = |paths: [&'static str; 2], route| resource(paths, Methods::Get).route(route);
    for View { paths, show } in shown.views {
        let answer = move || std::future::ready(HttpResponse::Ok().json(show()));
        routes.service(get_only(paths, web::get().to(answer)));
    }
    routes
        .app_data(web::Data::from(shown.metrics))
        .app_data(web::Data::from(shown.mailboxes))
        .app_data(web::Data::from(shown.traces))
        .app_data(web::Data::from(shown.settings))
        .service(get_only(["/metrics", "/metrics/"], get().to(show_metrics)))
        .service(get_only(
            ["/internal/mailboxes", "/internal/mailboxes/"],
            get().to(show_mailboxes),
        ))
        .service(get_only(
            ["/internal/settings", "/internal/settings/"],
            get().to(show_settings),
        ))
        .service(get_only(
            [
                "/internal/order/{orderNum}/trace",
                "/internal/order/{orderNum}/trace/",
            ],
            get().to(show_trace),
        ))
        .default_service(web::to(unknown_path));
}

/// `GET /metrics`.
async fn show_metrics(metrics: web::Data<Metrics>) -> Result<HttpResponse, Problem> {
    let text = metrics.render().map_err(|error| {
        log::error!("the metrics can't be rendered: {error}");
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

/// `GET /internal/mailboxes`.
async fn show_mailboxes(mailboxes: web::Data<Mailboxes>) -> HttpResponse {
    HttpResponse::Ok().json(mailboxes.picture())
}

/// `GET /internal/settings`.
async fn show_settings(settings: web::Data<EffectiveSettings>) -> HttpResponse {
    HttpResponse::Ok().json(&settings)
}

/// `GET /internal/order/{orderNum}/trace`. A path that is not an order number is 404, like an order that is not remembered.
async fn show_trace(
    path: web::Path<String>,
    traces: web::Data<Traces>,
) -> Result<HttpResponse, Problem> {
    let number: Option<OrderNumber> = path.parse().ok();
    match number.and_then(|number| traces.of(&number)) {
        Some(found) => Ok(HttpResponse::Ok().json(found)),
        None => Err(Problem::new(
            StatusCode::NOT_FOUND,
            ResponseCode::NotFound,
            "NOT_FOUND",
            format!(
                "this process remembers its latest {REMEMBERED} pieces of work, and none of them is of this order"
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use actix_web::test::{TestRequest, call_service, init_service, read_body};

    use super::*;
    use crate::clock::SystemClock;
    use crate::env::EnvReader;
    use crate::ids::SecureIds;
    use crate::trace::Arrival;

    fn traces() -> Arc<Traces> {
        Arc::new(Traces::new(Arc::new(SystemClock), Arc::new(SecureIds)))
    }

    #[actix_web::test]
    async fn a_remembered_orders_trace_is_shown_and_others_get_404() {
        let metrics = Arc::new(Metrics::new().unwrap());
        let mailboxes = Arc::new(Mailboxes::new(&metrics).unwrap());
        let traces = traces();
        let arrival = Arrival {
            name: "create",
            step: "record.polled",
            at: Instant::now(),
            caller: None,
            record: None,
        };
        let trail = traces.begin(&"20261123".parse().unwrap(), arrival);
        let shown = Shown {
            metrics,
            mailboxes,
            traces,
            settings: Arc::default(),
            views: Vec::new(),
        };
        let app = App::new().configure(|routes| routes_of(routes, shown));
        let server = init_service(app.wrap(from_fn(render_problems))).await;
        let get = |order: &str| {
            let path = format!("/internal/order/{order}/trace");
            TestRequest::get().uri(&path).to_request()
        };

        let answer = call_service(&server, get("20261123")).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let told: serde_json::Value = serde_json::from_slice(&read_body(answer).await).unwrap();
        let trace_id = trail.context().trace_id().to_string();
        assert_eq!(told["traces"][0]["traceId"], trace_id);

        for order in ["20261124", "no-number"] {
            let answer = call_service(&server, get(order)).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND);
            let told: serde_json::Value = serde_json::from_slice(&read_body(answer).await).unwrap();
            let detail = told["detail"].as_str().unwrap();
            assert!(detail.contains("latest 4096"), "{told}");
        }
    }

    #[actix_web::test]
    async fn metrics_mailboxes_and_settings_are_there_and_nothing_else() {
        let metrics = Arc::new(Metrics::new().unwrap());
        metrics.gauge("idle", "Idle.").unwrap().set(3);
        let mailboxes = Arc::new(Mailboxes::new(&metrics).unwrap());
        let journal = mailboxes.of("Journal").open("journal");
        let _stuck = journal.post("Commit").begin();
        let _waiting = journal.post("Commit");
        let mut env = EnvReader::new([("DB_PASSWORD", "hush")]);
        env.required_secret("DB_PASSWORD");
        let settings = env.finish().unwrap();
        let shown = Shown {
            metrics,
            mailboxes,
            traces: traces(),
            settings: Arc::new(settings),
            views: vec![View {
                paths: ["/internal/view", "/internal/view/"],
                show: Arc::new(|| serde_json::json!(["of this service"])),
            }],
        };
        let app = App::new().configure(|routes| routes_of(routes, shown));
        let server = init_service(app.wrap(from_fn(render_problems))).await;
        let get = |path: &str| TestRequest::get().uri(path).to_request();

        let answer = call_service(&server, get("/metrics")).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let content_type = answer.headers().get(CONTENT_TYPE).unwrap();
        assert_eq!(content_type, "text/plain; version=0.0.4");
        let text = read_body(answer).await;
        assert!(String::from_utf8_lossy(&text).contains("\nidle 3\n"));

        let answer = call_service(&server, get("/internal/mailboxes/")).await;
        let told: serde_json::Value = serde_json::from_slice(&read_body(answer).await).unwrap();
        let totals = serde_json::json!({"live": 1, "waiting": 1, "busy": 1});
        assert_eq!(told["totals"], serde_json::json!({ "Journal": totals }));
        assert_eq!(told["actors"][0]["inHand"]["message"], "Commit");
        assert!(told["actors"][0]["oldestWaiting"]["forMs"].is_u64());

        let answer = call_service(&server, get("/internal/settings")).await;
        let told: serde_json::Value = serde_json::from_slice(&read_body(answer).await).unwrap();
        let password = serde_json::json!({"value": null, "source": "environment"});
        assert_eq!(told, serde_json::json!({ "DB_PASSWORD": password }));

        for path in ["/internal/view", "/internal/view/"] {
            let answer = call_service(&server, get(path)).await;
            assert_eq!(read_body(answer).await, r#"["of this service"]"#, "{path}");
        }

        for path in ["/livez", "/open-api/order", "/api/product"] {
            let answer = call_service(&server, get(path)).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }
}
