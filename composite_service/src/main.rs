//! The composite service's command line.

use std::process::ExitCode;

use clap::Parser;
use composite_service::app;
use composite_service::config::Settings;

/// The mall's public API: takes purchases over HTTP, and has the order service do its part over Kafka.
///
/// Settings come from the environment: HTTP_ADDR, INTERNAL_ADDR, KAFKA_BOOTSTRAP_SERVERS, ORDER_SERVICE_URL, PAYMENT_URL,
/// PAYMENT_SECRET_KEY, TZ and others; see README.md.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {}

fn main() -> ExitCode {
    Arguments::parse();
    shared::logging::init();
    match Settings::from_env()
        .map_err(anyhow::Error::from)
        .and_then(app::serve)
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
