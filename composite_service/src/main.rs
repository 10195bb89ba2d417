//! The composite service's command line.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use composite_service::app;
use composite_service::config::Settings;

/// The C library's takes a fifth of the service's processor time under load. Without huge pages (`no_thp`), which would double its memory.
#[global_allocator]
static GLOBAL: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// The mall's public API: takes purchases over HTTP, and has the order service do its part over Kafka.
///
/// Settings come from the environment: HTTP_ADDR, INTERNAL_ADDR, KAFKA_BOOTSTRAP_SERVERS, ORDER_SERVICE_URL, PAYMENT_URL,
/// PAYMENT_SECRET_KEY, TZ and others; see docs/settings.md.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take purchases until SIGTERM (the default).
    Serve,
    /// Ask the service that listens on HTTP_ADDR here whether it is well, and end: for health checks without a shell.
    Healthcheck {
        /// What to ask for
        #[arg(default_value = "/readyz")]
        path: String,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    shared::logging::init();
    let result = Settings::from_env()
        .map_err(anyhow::Error::from)
        .and_then(
            |settings| match arguments.command.unwrap_or(Command::Serve) {
                Command::Serve => app::serve(settings),
                Command::Healthcheck { path } => app::healthcheck(&settings, &path),
            },
        );
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
