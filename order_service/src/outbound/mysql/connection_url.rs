//! How Diesel is told where the database is: a URL. Pure.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::ExposeSecret;

use crate::config::{DatabaseSettings, SslMode};

/// The client library takes this name for "by the Unix socket", and drops the port without a word.
const SOCKETS_NAME: &str = "localhost";
const LOOPBACK: &str = "127.0.0.1";

/// The URL, with the password. It names no database: Diesel would pass a name on as the URL has it, percent-encoded.
pub(super) fn connection_url(settings: &DatabaseSettings) -> String {
    let (host, port) = &settings.address;
    let host = if host == SOCKETS_NAME { LOOPBACK } else { host };
    // Encoded by hand, because `Url::set_password` leaves a `%` as it is, which Diesel would decode.
    let password = settings.password.current();
    let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    let mut url = format!(
        "mysql://{}:{}@{host}:{port}?ssl_mode={}",
        encoded(&settings.username),
        encoded(password.expose_secret()),
        settings.ssl_mode.as_str()
    );
    if let Some(file) = used_authority(settings) {
        url.push_str(&format!("&ssl_ca={}", encoded(file)));
    }
    url
}

/// The file that makes the client library encrypt.
pub(super) fn used_authority(settings: &DatabaseSettings) -> Option<&str> {
    settings
        .ssl_ca
        .as_deref()
        .filter(|_| settings.ssl_mode != SslMode::Disabled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(host: &str, port: u16) -> DatabaseSettings {
        DatabaseSettings {
            address: (host.to_owned(), port),
            name: "orders".to_owned(),
            username: "order@admin".to_owned(),
            password: "%41/?#:가".into(),
            migrator: None,
            migrates_on_start: true,
            ssl_mode: SslMode::Preferred,
            ssl_ca: Some("/etc/ssl/my ca.pem".to_owned()),
            pool_size: 8,
        }
    }

    fn read(settings: &DatabaseSettings) -> url::Url {
        connection_url(settings).parse().unwrap()
    }

    #[test]
    fn localhost_is_asked_by_tcp() {
        let url = read(&settings("localhost", 3307));
        assert_eq!(
            (url.host_str(), url.port()),
            (Some("127.0.0.1"), Some(3307))
        );
    }

    #[test]
    fn other_hosts_are_kept() {
        for host in ["db.example", "10.0.0.7", "[::1]"] {
            let url = read(&settings(host, 3306));
            assert_eq!((url.host_str(), url.port()), (Some(host), Some(3306)));
        }
    }

    #[test]
    fn user_and_password_arrive_as_they_are() {
        let url = read(&settings("db", 3306));
        let decoded = |text| {
            percent_encoding::percent_decode_str(text)
                .decode_utf8()
                .unwrap()
        };
        assert_eq!(decoded(url.username()), "order@admin");
        assert_eq!(decoded(url.password().unwrap()), "%41/?#:가");
    }

    #[test]
    fn the_authority_is_named_unless_encryption_is_off() {
        let authority = |settings: &DatabaseSettings| {
            let url = read(settings);
            let mut pairs = url.query_pairs();
            pairs
                .find(|(name, _)| name == "ssl_ca")
                .map(|(_, file)| file.into_owned())
        };
        let mut settings = settings("db", 3306);
        assert_eq!(authority(&settings), settings.ssl_ca);
        settings.ssl_mode = SslMode::Disabled;
        assert_eq!(authority(&settings), None);
    }
}
