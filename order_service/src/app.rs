//! The only place where parts are put together: builds the service bottom-up and takes it down in the opposite order.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix::Actor;
use actix_web::web;
use anyhow::Context;
use shared::clock::{Clock, SystemClock};
use shared::http::client_limits::ClientLimits;
use shared::http::cors::Origins;
use shared::http::server::{self, ServerSettings};
use shared::http::{internal, probe};
use shared::ids::{IdSource, SecureIds};
use shared::kafka::broker_probe::BrokerProbe;
use shared::kafka::dead_letters::DeadLetters;
use shared::kafka::health_board::HealthBoard;
use shared::kafka::lag::{LagTopic, LagWatch};
use shared::kafka::publisher::Publisher;
use shared::kafka::topic_watch::TopicWatch;
use shared::kafka::topics::{self, Side};
use shared::metrics::Metrics;
use shared::postbox::Postbox;
use shared::shutdown::Termination;
use shared::startup::wait_for_peer;
use shared::system;
use shared::trace::Traces;
use tokio::time::timeout;

use crate::actors::journal::{Commit, Journal};
use crate::actors::order_actor::Colleagues;
use crate::actors::order_registry::OrderRegistry;
use crate::actors::store_threads::{ReadPorts, StoreReader};
use crate::actors::store_writers::{StoreWriters, WRITERS};
use crate::actors::write_progress::WriteProgress;
use crate::catalogue_file;
use crate::config::Settings;
use crate::inbound::http::reads::Reads;
use crate::inbound::http::routes;
use crate::inbound::kafka::command_reader::CommandReader;
use crate::inbound::kafka::intake::{GROUP, Intake, Seat};
use crate::metrics::{PoolMetrics, ServiceMetrics};
use crate::outbound::kafka::reply_publisher::ReplyPublisher;
use crate::outbound::measured_store::MeasuredStore;
use crate::outbound::mysql::catalogue::MysqlCatalogue;
use crate::outbound::mysql::migrate;
use crate::outbound::mysql::order_store::MysqlOrderStore;
use crate::outbound::mysql::pool::{Pool, SessionManager};
use crate::outbound::mysql::shelves::MysqlShelves;
use crate::ports::catalogue::Catalogue;
use crate::ports::order_store::OrderStore;

/// How long the last replies may take to be acknowledged. Commands whose replies aren't are handled again, which is harmless.
const LAST_FLUSH: Duration = Duration::from_secs(1);
/// How old the shown consumer lag may be.
const LAG_INTERVAL: Duration = Duration::from_secs(5);

/// Migrates, then serves until SIGTERM or SIGINT.
///
/// # Errors
/// When an address is taken, or Kafka's client refuses the settings. A missing Kafka or database is waited for.
pub fn serve(settings: Settings) -> anyhow::Result<()> {
    system::run(run(settings))
}

/// Brings the database's tables up to date.
///
/// # Errors
/// When the database can't be reached or refuses.
pub fn migrate(settings: &Settings) -> anyhow::Result<()> {
    let applied = migrate::migrate(&SessionManager::pool(&settings.database.of_migrator()))
        .context("migrating the database")?;
    log::info!("applied {} migrations {applied:?}", applied.len());
    Ok(())
}

/// Adds what is missing to the catalogue.
///
/// # Errors
/// When the file can't be read, or the database can't be reached.
pub fn import_catalogue(settings: &Settings, file: &Path) -> anyhow::Result<()> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let assortment =
        catalogue_file::parse(&text).with_context(|| format!("in {}", file.display()))?;
    let pool = SessionManager::pool(&settings.database.of_migrator());
    migrate::migrate(&pool).context("migrating the database")?;
    MysqlCatalogue::new(pool)
        .import(&assortment)
        .context("importing the catalogue")?;
    log::info!(
        "imported what was missing of {} products and {} coupons",
        assortment.products.len(),
        assortment.coupons.len()
    );
    Ok(())
}

/// Asks the service that runs with these settings whether it is healthy.
///
/// # Errors
/// When it does not answer, or says that it is not.
pub fn healthcheck(settings: &Settings, path: &str) -> anyhow::Result<()> {
    probe::ask(settings.http_addr, path).with_context(|| format!("asking {}", settings.http_addr))
}

async fn run(settings: Settings) -> anyhow::Result<()> {
    let termination = Termination::listen().context("listening for signals")?;
    termination
        .end_after(settings.shutdown_grace)
        .context("preparing the end")?;
    let _secrets = settings
        .secret_files
        .watch()
        .context("watching the files of secrets")?;
    let pool = SessionManager::pool(&settings.database);
    let (orders_topic, max_batch) = (&settings.kafka.orders.name, settings.actors.max_batch);
    let measured = ServiceMetrics::new(orders_topic, max_batch)?;
    show_pool(&measured.common.all, measured.pool.clone(), &pool);
    let store = Arc::new(MysqlOrderStore::limited(
        pool.clone(),
        settings.pending_limits,
    ));
    let orders: Arc<dyn OrderStore> =
        Arc::new(MeasuredStore::new(Arc::clone(&store) as _, &measured.store));
    let reader = start_readers(&settings, &orders, store, &pool);

    let health = HealthBoard::default();
    let (progress, writing) = WriteProgress::new();
    let journal = Journal::new(
        StoreWriters::start(&orders),
        settings.actors,
        SecureIds.any(),
        progress,
        measured.transitions_failing.clone(),
    )
    .start();
    let mailbox = measured.common.mailboxes.of("Journal").open("journal");
    let journal = Postbox::new(journal.recipient(), mailbox);
    let broker = BrokerProbe::new(&settings.kafka, &settings.kafka.orders.name)
        .context("setting up Kafka")?;
    let reads = web::Data::new(Reads {
        reader: reader.clone(),
        broker,
        intake: health.clone(),
        orders_topic: settings.kafka.orders.name.clone(),
        writing,
        stopping: termination.subscribe(),
        clock: Arc::new(SystemClock),
        zone: settings.zone,
    });
    let http = server::start(
        ServerSettings {
            address: settings.http_addr,
            grace: settings.shutdown_grace,
            limits: ClientLimits::default(),
            origins: Origins::default(),
            token: settings.service_token.clone(),
        },
        termination.subscribe(),
        measured.common.http.clone(),
        move |routes| {
            routes.app_data(reads.clone()).configure(routes::configure);
        },
    )
    .with_context(|| format!("listening on {}", settings.http_addr))?;
    let traces = Arc::new(Traces::new(Arc::new(SystemClock), Arc::new(SecureIds)));
    let shown = measured
        .common
        .shown(Arc::clone(&traces), &settings.effective);
    let operators = internal::start(
        settings.internal_addr,
        settings.operator_token.clone(),
        shown,
    )
    .with_context(|| format!("listening on {}", settings.internal_addr))?;

    let is_prepared = tokio::select! {
        () = termination.wait() => false,
        prepared = prepare(&settings, &pool) => prepared.map(|()| true)?,
    };
    let result = if is_prepared {
        take_commands(
            &settings,
            &termination,
            measured,
            traces,
            journal,
            reader,
            health,
        )
        .await
    } else {
        Ok(())
    };
    termination.noticed(settings.shutdown_delay).await;
    // Requests that have come are answered before the server ends, as long as there is time.
    let last_reads = timeout(
        termination.left_of(settings.shutdown_grace),
        http.stop(true),
    );
    if last_reads.await.is_err() {
        log::warn!("reads are left unanswered");
    }
    operators.stop(false).await;
    log::info!("stopped");
    result
}

/// Takes commands until the termination, and finishes those that it has taken.
async fn take_commands(
    settings: &Settings,
    termination: &Termination,
    measured: ServiceMetrics,
    traces: Arc<Traces>,
    journal: Postbox<Commit>,
    reader: StoreReader,
    health: HealthBoard,
) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let publisher = Arc::new(
        Publisher::start_measured(
            &settings.kafka.producer_without_timeout(),
            measured.common.producers.of("replies"),
        )
        .context("starting the reply producer")?,
    );
    let replies = ReplyPublisher::new(
        Arc::clone(&publisher),
        Arc::clone(&clock),
        settings.zone,
        measured.replies_lost,
    );
    let replies = Arc::new(replies.context("starting the replies")?);
    let mailboxes = &measured.common.mailboxes;
    let colleagues = Arc::new(Colleagues {
        journal,
        reader,
        replies: Arc::clone(&replies) as _,
        order_mailboxes: mailboxes.of("OrderActor"),
    });
    let registry_mailbox = mailboxes.of("OrderRegistry").open("registry");
    let registry = OrderRegistry::start(colleagues, settings.actors, registry_mailbox);

    let topic = &settings.kafka.orders.name;
    let topics = TopicWatch::start(&settings.kafka, Side::ReadsCommands, &health)
        .context("watching the topics")?;
    let state = topics.of(topic).context("the topic is not watched")?;
    let _lag_watch = LagWatch::start(
        &settings.kafka,
        GROUP,
        LagTopic {
            name: topic.clone(),
            state: state.clone(),
        },
        LAG_INTERVAL,
        measured.common.lag,
    )
    .context("watching the group")?;
    let permits_left = measured.intake.permits_left.clone();
    let reader = CommandReader {
        registry: registry.of(),
        replies: Arc::clone(&replies) as _,
        dead_letters: DeadLetters::new(publisher).context("starting the dead letters")?,
        clock,
        zone: settings.zone,
        unpaid_for: settings.unpaid_for,
        metrics: measured.intake,
        traces,
    };
    let seat = Seat {
        config: settings.kafka.member(GROUP),
        topic: topic.clone(),
        state,
        health,
    };
    let intake = Intake::new(seat, settings.actors.max_in_flight, reader);
    let permits = intake.permits();
    measured
        .common
        .all
        .on_scrape(move || permits_left.set(as_gauge(permits.available_permits())));
    log::info!("taking commands from {topic} as a member of {GROUP}");
    intake
        .run(termination.subscribe(), settings.shutdown_grace)
        .await;
    let last_flush = LAST_FLUSH.min(termination.left_of(settings.shutdown_grace));
    if let Err(error) = replies.flush(last_flush) {
        log::warn!(
            "the last replies are not acknowledged, so the next owner handles their commands again: {error}"
        );
    }
    Ok(())
}

fn show_pool(metrics: &Metrics, shown: PoolMetrics, pool: &Pool) {
    let pool = pool.clone();
    metrics.on_scrape(move || {
        let state = pool.state();
        shown.show(pool.max_size(), state.connections, state.idle_connections);
    });
}

fn as_gauge(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn start_readers(
    settings: &Settings,
    orders: &Arc<dyn OrderStore>,
    store: Arc<MysqlOrderStore>,
    pool: &Pool,
) -> StoreReader {
    // A reader without a connection of its own would wait for one on its thread, and time out there.
    let threads = settings.database.pool_size.saturating_sub(WRITERS).max(1) as usize;
    let ports = ReadPorts {
        orders: Arc::clone(orders),
        reviews: Arc::clone(&store) as _,
        member_orders: store,
        catalogue: Arc::new(MysqlCatalogue::new(pool.clone())),
        shelves: Arc::new(MysqlShelves::new(pool.clone(), settings.pending_limits)),
    };
    StoreReader::start("store-reader", threads, Arc::new(ports))
}

/// Migrates the database, or waits until it is, and creates the topics. Waits for each as long as it takes.
async fn prepare(settings: &Settings, pool: &Pool) -> anyhow::Result<()> {
    let database = &settings.database;
    let pool = if database.migrates_on_start && database.migrator.is_some() {
        // Its connections end with this function.
        SessionManager::pool(&database.of_migrator())
    } else {
        pool.clone()
    };
    let prepare = if database.migrates_on_start {
        migrate::migrate
    } else {
        |pool: &Pool| migrate::check(pool).map(|()| Vec::new())
    };
    let applied = wait_for_peer("the database", || async {
        let pool = pool.clone();
        web::block(move || prepare(&pool))
            .await
            .context("migrating the database")?
            .context("migrating the database")
    })
    .await?;
    log::info!(
        "the database is up to date, {} migrations applied",
        applied.len()
    );
    wait_for_peer("Kafka", || {
        topics::ensure(&settings.kafka, Side::ReadsCommands)
    })
    .await?;
    Ok(())
}
