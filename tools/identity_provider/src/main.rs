//! The process: reads the command line and runs the issuer. Everything else is in the library.

use std::process::ExitCode;

use clap::Parser as _;
use identity_provider::{app::IdentityProvider, cli::Settings};

#[actix_web::main]
async fn main() -> ExitCode {
    env_logger::init_from_env(env_logger::Env::default().default_filter_or("info"));
    match run(&Settings::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: &Settings) -> anyhow::Result<()> {
    IdentityProvider::bind(settings)?.run().await
}
