//! The command line and the environment. It must not know what the settings are used for.

use std::path::PathBuf;

use clap::Parser;
use secrecy::SecretString;

/// Serves the payment gateway's API for development and tests.
///
/// Payment keys choose their outcome by prefix: `decline-` is declined, `lose-` is charged and its first answer is lost,
/// `slow-` is charged after three seconds. Anything else is charged at once. PUT /faults switches faults on for all payments.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Settings {
    /// Address to listen on; port 0 takes a free one, which the log tells
    #[arg(
        long,
        env = "PAYMENT_LISTEN",
        value_name = "ADDR",
        default_value = "127.0.0.1:7010"
    )]
    pub listen: String,

    /// File that keeps the ledger; without it the ledger is lost when the process ends
    #[arg(long, env = "PAYMENT_LEDGER", value_name = "FILE")]
    pub ledger: Option<PathBuf>,

    /// Secret key the callers must present as their user name
    #[arg(
        long,
        env = "PAYMENT_SECRET_KEY",
        hide_env_values = true,
        value_name = "KEY",
        default_value = "test_sk_mall",
        value_parser = secret_key
    )]
    pub secret_key: SecretString,
}

/// Cut as the composite cuts its own, so that both read the same key from the same file.
fn secret_key(text: &str) -> Result<SecretString, &'static str> {
    match text.trim() {
        "" => Err("must not be empty"),
        key => Ok(key.into()),
    }
}
