//! The only wiring: builds the service bottom-up, each part from those below it, and shuts it down in the opposite order.

use std::sync::Arc;
use std::time::Duration;

use actix::Actor;
use actix_web::dev::ServerHandle;
use actix_web::web;
use anyhow::Context;
use shared::budget;
use shared::clock::{Clock, SystemClock};
use shared::http::client_limits::ClientLimits;
use shared::http::internal;
use shared::http::port_token::PortToken;
use shared::http::probe;
use shared::http::server::{self, ServerSettings};
use shared::ids::{IdSource, SecureIds};
use shared::kafka::broker_probe::BrokerProbe;
use shared::kafka::health_board::HealthBoard;
use shared::kafka::lag::{LagMetrics, LagTopic, LagWatch};
use shared::kafka::publisher::Publisher;
use shared::kafka::topic_state::TopicState;
use shared::kafka::topic_watch::TopicWatch;
use shared::kafka::topics::{self, Side};
use shared::metrics::Metrics;
use shared::postbox::Postbox;
use shared::shutdown::{Parting, Termination, leave_within};
use shared::startup::wait_for_peer;
use shared::system;
use shared::trace::Traces;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};

use crate::actors::kafka_bridge::{CommandSender, KafkaBridge, KafkaBridgeParts, ReplyArrived};
use crate::actors::peer_watch;
use crate::actors::purchase_actor::{Colleagues, Purchases};
use crate::actors::reviewer::{ReviewDesk, Reviewer};
use crate::config::authentication::MemberAuth;
use crate::config::{OrderServiceKind, Settings};
use crate::domain::purchase::MOST_CONFIRMS;
use crate::inbound::http::authentication::Authentication;
use crate::inbound::http::holds::holds_view;
use crate::inbound::http::request_limits::RequestLimits;
use crate::inbound::http::routes;
use crate::inbound::http::shop::Shop;
use crate::inbound::kafka::reply_intake::{GROUP, ReplyIntake, ReplyTopic};
use crate::metrics::{MyPageMetrics, PurchaseMetrics, ReplyMetrics, ServiceMetrics, TokenMetrics};
use crate::outbound::breaker::BreakerLimits;
use crate::outbound::guarded_gateway::GuardedGateway;
use crate::outbound::guarded_parts::{GuardedParts, PartLimits};
use crate::outbound::http::jwks_client::JwksClient;
use crate::outbound::http::member_client::MemberClient;
use crate::outbound::http::order_client::OrderClient;
use crate::outbound::http::toss_gateway::TossGateway;
use crate::outbound::http::{client, client_through};
use crate::outbound::kafka::command_publisher::CommandPublisher;
use crate::outbound::measured_gateway::MeasuredGateway;
use crate::outbound::token_verifier::TokenVerifier;
use crate::ports::member_directory::MemberDirectory;
use crate::ports::order_query::OrderQuery;
use crate::ports::payment::{GATEWAY_WAIT, PaymentGateway};

/// How long a read from the order service may take.
const QUERY_WAIT: Duration = Duration::from_secs(3);
/// How long a fetch of the issuer's keys may take.
const KEYS_WAIT: Duration = Duration::from_secs(3);
/// The circuit breaker of charges. The failures are more than one purchase has when the gateway repeats its first answer to it, so that a
/// single order does not refuse all others.
const GATEWAY_BREAKER: BreakerLimits = BreakerLimits {
    failures: MOST_CONFIRMS + 1,
    open_for: Duration::from_secs(5),
};
/// How long the shutdown waits for the acknowledgements of the last commands.
const LAST_FLUSH: Duration = Duration::from_secs(1);
/// How often the consumer lag is measured.
const LAG_INTERVAL: Duration = Duration::from_secs(5);

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// When an address is in use or a client refuses its settings. If Kafka is unavailable, waits for it.
pub fn serve(settings: Settings) -> anyhow::Result<()> {
    system::run(run(settings))
}

/// Asks the probe at `path` of the service that runs with these settings.
///
/// # Errors
/// When it does not answer, or is not healthy.
pub fn healthcheck(settings: &Settings, path: &str) -> anyhow::Result<()> {
    probe::ask(settings.http_addr, path).with_context(|| format!("asking {}", settings.http_addr))
}

async fn run(settings: Settings) -> anyhow::Result<()> {
    let termination = Termination::listen().context("listening for signals")?;
    termination
        .end_after(settings.shutdown_grace)
        .context("preparing the end")?;
    let watched = settings.secret_files.watch();
    let _secrets = watched.context("watching the files of secrets")?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids: Arc<dyn IdSource> = Arc::new(SecureIds);
    let measured = ServiceMetrics::new()?;
    let traces = Arc::new(Traces::new(Arc::clone(&clock), Arc::clone(&ids)));
    let bridge_mailbox = measured.common.mailboxes.of("KafkaBridge").open("bridge");
    let publisher = Publisher::start_measured(
        &settings.kafka.command_producer(),
        measured.common.producers.of("commands"),
    )
    .context("starting the command producer")?;
    let bus = Arc::new(CommandPublisher::new(
        publisher,
        &settings.kafka.orders.name,
        Arc::clone(&clock),
        settings.zone,
    ));

    let (home_tx, reply_partition) = watch::channel(None);
    let look = Arc::new(Notify::new());
    let bridge = KafkaBridge::start(KafkaBridgeParts {
        bus: Arc::clone(&bus) as _,
        ids: Arc::clone(&ids),
        reply_topic: settings.kafka.composite.name.clone(),
        reply_partition: reply_partition.clone(),
        peer: settings.order_service_kind.knowledge(),
        look: Arc::clone(&look),
        max_purchases: settings.max_purchases,
        metrics: measured.bridge,
        mailbox: bridge_mailbox,
    });
    let commands = CommandSender::new(bridge.of());
    let toss = TossGateway::new(
        client_through(settings.payment.proxy.as_ref(), GATEWAY_WAIT)?,
        settings.payment.clone(),
    );
    let guarded = GuardedGateway::new(Arc::new(toss), GATEWAY_BREAKER, &measured.gateway)
        .context("setting up the circuit breaker of the payment gateway")?;
    let gateway: Arc<dyn PaymentGateway> =
        Arc::new(MeasuredGateway::new(Arc::new(guarded), &measured.gateway));
    let orders = Arc::new(order_client(&settings, QUERY_WAIT)?);
    let query: Arc<dyn OrderQuery> = Arc::clone(&orders) as _;
    if settings.order_service_kind == OrderServiceKind::Auto {
        peer_watch::start(Arc::clone(&query), Arc::clone(&ids), bridge.of(), look);
    }
    let desk = ReviewDesk {
        query: Arc::clone(&query),
        gateway: Arc::clone(&gateway),
        commands: commands.clone(),
        traces: Arc::clone(&traces),
        metrics: measured.reviews,
    };
    let reviewer = Reviewer::new(desk, Arc::clone(&ids));
    let holds = reviewer.holds();
    reviewer.start();
    let colleagues = Colleagues {
        commands,
        purchases: measured.common.mailboxes.of("PurchaseActor"),
        gateway,
        clock: Arc::clone(&clock),
        ids: Arc::clone(&ids),
        zone: settings.zone,
        traces: Arc::clone(&traces),
    };
    let purchases = Purchases::new(
        colleagues,
        settings.max_purchases,
        actix::Arbiter::current(),
    );
    show_purchases(
        &measured.common.all,
        measured.purchases,
        &purchases,
        settings.max_purchases,
    );
    let health = HealthBoard::default();
    let shop = web::Data::new(Shop {
        authentication: authentication(&settings.member_auth, clock.clone(), measured.tokens)?,
        request_limits: RequestLimits::start(settings.request_quotas, measured.limits),
        purchases: purchases.clone(),
        query,
        quotes: (settings.order_service_kind).unless_spring(Arc::clone(&orders) as _),
        members: orders,
        my_page: Arc::new(my_page_parts(&settings, &measured.my_page)?),
        clock,
        zone: settings.zone,
        ids,
        broker: BrokerProbe::new(&settings.kafka, &settings.kafka.composite.name)
            .context("setting up Kafka")?,
        reply_partition,
        replies: health.clone(),
        reply_topic: settings.kafka.composite.name.clone(),
        stopping: termination.subscribe(),
    });
    let http = server::start(
        ServerSettings {
            address: settings.http_addr,
            grace: settings.shutdown_grace,
            limits: ClientLimits::default(),
            origins: settings.cors_origins.clone(),
            token: PortToken::default(),
        },
        termination.subscribe(),
        measured.common.http.clone(),
        move |routes| {
            routes.app_data(shop.clone()).configure(routes::configure);
        },
    )
    .with_context(|| format!("listening on {}", settings.http_addr))?;
    let mut shown = measured.common.shown(traces, &settings.effective);
    shown.views.push(holds_view(holds));
    let operators = internal::start(
        settings.internal_addr,
        settings.operator_token.clone(),
        shown,
    )
    .with_context(|| format!("listening on {}", settings.internal_addr))?;

    // HTTP is served before Kafka is reachable: probes answer, and purchases get 503. A signal ends the wait.
    let replies = tokio::select! {
        () = termination.wait() => None,
        replies = take_replies(&settings, health, bridge.of(), home_tx, measured.replies) => Some(replies?),
    };
    let (replies, _watches) = match replies {
        Some((replies, topics)) => {
            let lag = watch_lag(&settings, &topics, measured.common.lag)?;
            (Some(replies), Some((topics, lag)))
        }
        None => (None, None),
    };
    termination.wait().await;
    termination.noticed(settings.shutdown_delay).await;
    shut_down(&settings, &termination, http, &purchases, replies).await;
    operators.stop(false).await;
    if let Err(error) = bus.flush(LAST_FLUSH) {
        // Only logged: these shoppers were told at most that their purchase is still running, and their orders will be reviewed.
        log::warn!(
            "some commands are not acknowledged; the reviews complete their orders: {error}"
        );
    }
    Ok(())
}

/// Begins to fetch the issuer's keys, where tokens prove who asks.
fn authentication(
    auth: &MemberAuth,
    clock: Arc<dyn Clock>,
    metrics: TokenMetrics,
) -> anyhow::Result<Authentication> {
    Ok(match auth {
        MemberAuth::Open => {
            log::info!(
                "MEMBER_AUTH=open: X-Member-Id is believed, and who knows an order's number may see and pay the order"
            );
            Authentication::Open
        }
        MemberAuth::Proxy {
            secret,
            order_tokens,
        } => Authentication::Proxy(secret.clone(), order_tokens.clone()),
        MemberAuth::Jwt(jwt) => {
            let client = client_through(jwt.proxy.as_ref(), KEYS_WAIT)?;
            let client = JwksClient::new(client, jwt.keys.clone());
            let verifier = TokenVerifier::start(client, jwt.rules.clone(), clock, metrics);
            Authentication::Jwt(Arc::new(verifier), jwt.order_tokens.clone())
        }
    })
}

/// With HTTP clients of their own, so that slow parts do not delay other reads.
fn my_page_parts(settings: &Settings, metrics: &MyPageMetrics) -> anyhow::Result<GuardedParts> {
    let client = client(budget::HTTP_ANSWER)?;
    let directory = settings.member_service_url.clone().map(|url| {
        let members: Arc<dyn MemberDirectory> = Arc::new(MemberClient::new(client.clone(), url));
        members
    });
    let query = Arc::new(order_client(settings, budget::HTTP_ANSWER)?);
    GuardedParts::new(
        directory,
        query,
        PartLimits::within(settings.my_page),
        metrics,
    )
    .context("setting up the circuit breakers")
}

fn order_client(settings: &Settings, wait: Duration) -> anyhow::Result<OrderClient> {
    let client = OrderClient::new(
        client(wait)?,
        settings.order_service_url.clone(),
        settings.zone,
    );
    Ok(client.with_token(settings.service_token.clone()))
}

fn show_purchases(
    metrics: &Metrics,
    shown: PurchaseMetrics,
    purchases: &Purchases,
    max_purchases: usize,
) {
    let purchases = purchases.clone();
    metrics.on_scrape(move || shown.show(purchases.permits_left(), max_purchases));
}

fn watch_lag(
    settings: &Settings,
    topics: &TopicWatch,
    lag: LagMetrics,
) -> anyhow::Result<LagWatch> {
    let topic = LagTopic {
        name: settings.kafka.composite.name.clone(),
        state: state_of_replies(settings, topics)?,
    };
    LagWatch::start(&settings.kafka, GROUP, topic, LAG_INTERVAL, lag)
        .context("watching the group of composites")
}

/// Readiness is off already. The order matters: first the open requests are answered, then running purchases may finish within the rest of
/// the grace period, and only then the replies stop, because these purchases need them.
async fn shut_down(
    settings: &Settings,
    termination: &Termination,
    http: ServerHandle,
    purchases: &Purchases,
    replies: Option<ReplyIntake>,
) {
    let parting = Parting::within(termination.left_of(settings.shutdown_grace));
    let begun = Instant::now();
    // Keep-alive connections close with their answers. A purchase that needs longer is answered 202 before this time is over.
    if timeout(parting.finish, http.stop(true)).await.is_err() {
        log::warn!("requests are left unanswered");
    }
    let left = purchases
        .drain(
            parting.finish.saturating_sub(begun.elapsed()),
            settings.max_purchases,
        )
        .await;
    if left > 0 {
        log::warn!("{left} purchases are unfinished; the reviews complete their orders");
    }
    if let Some(replies) = replies {
        leave_within(parting.leave, move || replies.stop()).await;
    }
    log::info!("stopped");
}

fn state_of_replies(
    settings: &Settings,
    topics: &TopicWatch,
) -> anyhow::Result<watch::Receiver<TopicState>> {
    let state = topics.of(&settings.kafka.composite.name);
    state.context("the topic of replies is not watched")
}

/// Waits for Kafka, creates the topics if they are missing, and joins the group.
async fn take_replies(
    settings: &Settings,
    health: HealthBoard,
    bridge: Postbox<ReplyArrived>,
    home_tx: watch::Sender<Option<i32>>,
    metrics: ReplyMetrics,
) -> anyhow::Result<(ReplyIntake, TopicWatch)> {
    wait_for_peer("Kafka", || {
        topics::ensure(&settings.kafka, Side::ReadsReplies)
    })
    .await?;
    let topics = TopicWatch::start(&settings.kafka, Side::ReadsReplies, &health)
        .context("watching the topics")?;
    let topic = ReplyTopic {
        state: state_of_replies(settings, &topics)?,
        health,
    };
    let replies = ReplyIntake::start(
        &settings.kafka,
        topic,
        bridge,
        home_tx,
        settings.zone,
        metrics,
    )
    .context("joining the group of composites")?;
    Ok((replies, topics))
}
