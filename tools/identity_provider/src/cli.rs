//! The command line and the environment. It must not know what the settings are used for.

use std::{net::SocketAddr, path::PathBuf};

use clap::Parser;

/// A token must be usable at all, and is not to outlive a day of development.
const TOKEN_SECONDS: std::ops::RangeInclusive<i64> = 1..=86_400;

/// Serves an OpenID issuer for development and tests: discovery, keys, and tokens for members.
///
/// Any member gets a token without a password, so it listens on a loopback address only. POST /rotate replaces its key.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Settings {
    /// Loopback address to listen on; port 0 takes a free one, which the log tells
    #[arg(
        long,
        env = "IDENTITY_LISTEN",
        value_name = "ADDR",
        default_value = "127.0.0.1:7012",
        value_parser = loopback
    )]
    pub listen: SocketAddr,

    /// Folder that keeps the key; without it the key is lost when the process ends, and with it every token
    #[arg(long, env = "IDENTITY_DATA", value_name = "FOLDER")]
    pub data: Option<PathBuf>,

    /// Audience of the tokens
    #[arg(
        long,
        env = "IDENTITY_AUDIENCE",
        value_name = "TEXT",
        default_value = "mall",
        value_parser = clap::builder::NonEmptyStringValueParser::new()
    )]
    pub audience: String,

    /// How long a token is valid
    #[arg(
        long,
        env = "IDENTITY_TOKEN_SECONDS",
        value_name = "SECONDS",
        default_value_t = 3_600,
        value_parser = clap::value_parser!(i64).range(TOKEN_SECONDS)
    )]
    pub token_seconds: i64,
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text
        .parse()
        .map_err(|_| "must be an address with a port, such as 127.0.0.1:7012".to_owned())?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err(format!(
            "{} is no loopback address: whoever reaches the issuer gets any member's token",
            address.ip()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(words: &[&str]) -> Result<Settings, clap::Error> {
        Settings::try_parse_from([&["identity_provider"], words].concat())
    }

    #[test]
    fn only_a_loopback_address_is_listened_on() {
        for address in ["127.0.0.1:0", "[::1]:7012"] {
            assert!(settings(&["--listen", address]).is_ok(), "{address}");
        }
        for address in ["0.0.0.0:7012", "[::]:7012", "10.0.0.1:1", "localhost", ""] {
            assert!(settings(&["--listen", address]).is_err(), "{address}");
        }
    }

    #[test]
    fn a_token_lives_between_a_second_and_a_day() {
        for (seconds, is_accepted) in [("0", false), ("1", true), ("86400", true), ("86401", false)]
        {
            let accepted = settings(&["--token-seconds", seconds]).is_ok();
            assert_eq!(accepted, is_accepted, "{seconds}");
        }
    }
}
