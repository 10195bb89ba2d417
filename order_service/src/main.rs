//! The order service's command line.

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

use order_service::app;
use order_service::config::Settings;

/// The C library's takes a fifth of the service's processor time under load. Without huge pages (`no_thp`), which would double its memory.
#[global_allocator]
static GLOBAL: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Owns orders, products, items, stock and coupons of the mall.
///
/// Settings come from the environment: DB_HOST, DB_NAME, DB_USERNAME, DB_PASSWORD, KAFKA_BOOTSTRAP_SERVERS, HTTP_ADDR, INTERNAL_ADDR, TZ and others;
/// see docs/settings.md.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Migrate the database, then take commands and answer reads until SIGTERM (the default).
    Serve,
    /// Bring the database's tables up to date, and end.
    Migrate,
    /// Add products, items and coupons that are missing to the catalogue, and end.
    ImportCatalogue {
        /// A JSON file: {"products":[…],"coupons":[…]}
        file: PathBuf,
    },
    /// Ask the service that listens on HTTP_ADDR whether it is healthy, and end: for health checks in images without a shell.
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
                Command::Migrate => app::migrate(&settings),
                Command::ImportCatalogue { file } => app::import_catalogue(&settings, &file),
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
