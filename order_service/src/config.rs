//! Settings of the order service, by environment, validated at start.
//!
//! | variable | default | meaning |
//! |---|---|---|
//! | `HTTP_ADDR` | `127.0.0.1:7002` | address of the reads and the probes |
//! | `SERVICE_TOKEN` | required unless `HTTP_ADDR` is loopback | the bearer token that composites read with |
//! | `OPERATOR_TOKEN` | required unless `INTERNAL_ADDR` is loopback | the bearer token that operators ask with |
//! | `INTERNAL_ADDR` | `127.0.0.1:7003` | address of what is for operators only: `/metrics`, `/internal/…` |
//! | `DB_HOST` | `127.0.0.1:3306` | `host:port` of MySQL or MariaDB |
//! | `DB_NAME`, `DB_USERNAME` | `orders`, `order_admin` | |
//! | `DB_PASSWORD` | required | |
//! | `DB_MIGRATION_USERNAME`, `DB_MIGRATION_PASSWORD` | those above | who migrates and imports the catalogue |
//! | `DB_MIGRATE_ON_START` | `true` | whether `serve` migrates; otherwise it waits until `migrate` has |
//! | `DB_SSL_MODE` | `preferred` | `disabled`, `preferred`, `required`, `verify_ca` |
//! | `DB_SSL_CA` | none | PEM file of the authority that signs the server's certificate; without it nothing is encrypted |
//! | `DB_POOL_SIZE` | `8` | connections: one writes, one waits for locked rows, the others read |
//! | `MAX_IN_FLIGHT` | `2048` | commands that may be read and not yet replied to |
//! | `MAX_BATCH` | `512` | transitions of one transaction |
//! | `MAX_LIVE_ACTORS` | `10000` | order actors kept for orders that are still open |
//! | `ACTOR_IDLE_SECONDS` | `60` | an open order's actor retires after so long without a command |
//! | `UNPAID_MINUTES` | `30` | a pending order is given up when it has not been paid for so long |
//! | `PENDING_ORDERS_PER_MEMBER` | `0` | pending orders that a member may have; 0 is no limit |
//! | `PENDING_PIECES_PER_MEMBER` | `0` | pieces that a member's pending orders may hold together; 0 is no limit |
//! | `SHUTDOWN_DELAY_SECONDS` | `3` | how long HTTP is still served after SIGTERM, so that balancers notice that the service is not ready |
//! | `SHUTDOWN_GRACE_SECONDS` | `20` | how long unfinished commands may take after SIGTERM |
//! | `TZ` | `Asia/Seoul` | zone of dates on the wire |
//!
//! and those of [`shared::kafka::config`].

use std::fmt::{self, Display};
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use chrono::TimeDelta;
use chrono_tz::Tz;
use shared::env::{EffectiveSettings, EnvReader, InvalidEnvironment};
use shared::http::port_token::PortToken;
use shared::kafka::config::KafkaSettings;
use shared::secret::{Secret, SecretFiles};
use url::Host;

use crate::domain::pending_limits::PendingLimits;

/// All settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Address to serve HTTP on.
    pub http_addr: SocketAddr,
    /// Address of what is for operators only.
    pub internal_addr: SocketAddr,
    /// What composites must have to read.
    pub service_token: PortToken,
    /// What operators must have.
    pub operator_token: PortToken,
    /// How to reach Kafka.
    pub kafka: KafkaSettings,
    /// How to reach the database.
    pub database: DatabaseSettings,
    /// Sizes and times of the actors.
    pub actors: ActorSettings,
    /// How long a pending order waits for its payment.
    pub unpaid_for: TimeDelta,
    /// What a member may have pending.
    pub pending_limits: PendingLimits,
    /// How long HTTP is still served after SIGTERM, so that balancers notice that the service is not ready.
    pub shutdown_delay: Duration,
    /// How long unfinished commands may take after SIGTERM.
    pub shutdown_grace: Duration,
    /// Zone of dates on the wire.
    pub zone: Tz,
    /// All of these as operators see them, without secrets.
    pub effective: EffectiveSettings,
    /// The files that secrets are in.
    pub secret_files: SecretFiles,
}

/// How to reach the database.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// Host and port.
    pub address: (String, u16),
    /// Database.
    pub name: String,
    /// User.
    pub username: String,
    /// Its password.
    pub password: Secret,
    /// Who migrates, and the password, if not the user.
    pub migrator: Option<(String, Secret)>,
    /// Whether the service migrates when it starts.
    pub migrates_on_start: bool,
    /// Whether and how the connection is encrypted.
    pub ssl_mode: SslMode,
    /// PEM file of the authority that signs the server's certificate.
    pub ssl_ca: Option<String>,
    /// Connections.
    pub pool_size: u32,
}

/// Sizes and times of the actors.
#[derive(Debug, Clone, Copy)]
pub struct ActorSettings {
    /// Commands that may be read and not yet replied to.
    pub max_in_flight: usize,
    /// Transitions of one transaction.
    pub max_batch: usize,
    /// Order actors kept for orders that are still open.
    pub max_live: usize,
    /// An open order's actor retires after so long without a command.
    pub idle_after: Duration,
}

/// The modes of encryption that can be enforced with MariaDB's client library. `VERIFY_IDENTITY` is missing, because it can't compare the
/// certificate's name with the host's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SslMode {
    /// Never.
    Disabled,
    /// Encrypted if a CA is set and the server supports it.
    Preferred,
    /// Encrypted, or the connection fails.
    Required,
    /// Encrypted with a server certificate that the CA has signed, or the connection fails.
    VerifyCa,
}

impl SslMode {
    /// The mode as settings write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Preferred => "preferred",
            Self::Required => "required",
            Self::VerifyCa => "verify_ca",
        }
    }

    /// Whether a connection must be encrypted.
    #[must_use]
    pub fn must_encrypt(self) -> bool {
        match self {
            Self::Disabled | Self::Preferred => false,
            Self::Required | Self::VerifyCa => true,
        }
    }
}

impl Display for SslMode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for SslMode {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [
            Self::Disabled,
            Self::Preferred,
            Self::Required,
            Self::VerifyCa,
        ]
        .into_iter()
        .find(|mode| mode.as_str() == text)
        .ok_or("must be disabled, preferred, required or verify_ca")
    }
}

/// `host:port`.
struct HostAndPort(String, u16);

impl Display for HostAndPort {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.0, self.1)
    }
}

impl FromStr for HostAndPort {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str =
            "must be host:port, the port from 1 to 65535, an IPv6 address in brackets";
        let (host, port) = text.rsplit_once(':').ok_or(FORM)?;
        // The client library takes port 0 for its default.
        let port = port.parse().ok().filter(|port| *port > 0).ok_or(FORM)?;
        let host = Host::parse(host).map_err(|_| FORM)?;
        Ok(Self(host.to_string(), port))
    }
}

impl Settings {
    /// Reads the process' environment.
    ///
    /// # Errors
    /// All invalid settings.
    pub fn from_env() -> Result<Self, InvalidEnvironment> {
        Self::read(EnvReader::from_process())
    }

    /// Reads the given environment.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(mut env: EnvReader) -> Result<Self, InvalidEnvironment> {
        let http_addr = env.parsed("HTTP_ADDR", SocketAddr::from(([127, 0, 0, 1], 7002)));
        let internal_addr = env.parsed("INTERNAL_ADDR", SocketAddr::from(([127, 0, 0, 1], 7003)));
        let token = PortToken::read;
        let settings = Self {
            http_addr,
            internal_addr,
            service_token: token(&mut env, "SERVICE_TOKEN", "HTTP_ADDR", http_addr),
            operator_token: token(&mut env, "OPERATOR_TOKEN", "INTERNAL_ADDR", internal_addr),
            kafka: KafkaSettings::from_env(&mut env),
            database: DatabaseSettings::from_env(&mut env),
            actors: ActorSettings {
                max_in_flight: env.within("MAX_IN_FLIGHT", 1..=100_000, 2_048),
                max_batch: env.within("MAX_BATCH", 1..=4_096, 512),
                max_live: env.within("MAX_LIVE_ACTORS", 1..=10_000_000, 10_000),
                idle_after: Duration::from_secs(env.within("ACTOR_IDLE_SECONDS", 1..=86_400, 60)),
            },
            unpaid_for: TimeDelta::minutes(env.within("UNPAID_MINUTES", 1..=525_600, 30)),
            pending_limits: PendingLimits {
                orders: env.limit("PENDING_ORDERS_PER_MEMBER", 10_000),
                pieces: env.limit("PENDING_PIECES_PER_MEMBER", 1_000_000),
            },
            shutdown_delay: Duration::from_secs(env.within("SHUTDOWN_DELAY_SECONDS", 0..=600, 3)),
            shutdown_grace: Duration::from_secs(env.within(
                "SHUTDOWN_GRACE_SECONDS",
                0..=3_600,
                20,
            )),
            zone: env.parsed("TZ", chrono_tz::Asia::Seoul),
            effective: EffectiveSettings::default(),
            secret_files: env.secret_files(),
        };
        let effective = env.finish()?;
        Ok(Self {
            effective,
            ..settings
        })
    }
}

impl DatabaseSettings {
    fn from_env(env: &mut EnvReader) -> Self {
        let HostAndPort(host, port) =
            env.parsed("DB_HOST", HostAndPort("127.0.0.1".to_owned(), 3306));
        let ssl_mode = env.parsed("DB_SSL_MODE", SslMode::Preferred);
        let ssl_ca = Some(env.text("DB_SSL_CA", "")).filter(|file| !file.is_empty());
        if ssl_mode.must_encrypt() && ssl_ca.is_none() {
            env.problem(format!(
                "DB_SSL_MODE={}: needs DB_SSL_CA",
                ssl_mode.as_str()
            ));
        }
        Self {
            address: (host, port),
            name: env.text("DB_NAME", "orders"),
            username: env.text("DB_USERNAME", "order_admin"),
            password: env.required_secret("DB_PASSWORD"),
            migrator: migrator(env),
            migrates_on_start: env.parsed("DB_MIGRATE_ON_START", true),
            ssl_mode,
            ssl_ca,
            pool_size: env.within("DB_POOL_SIZE", 3..=256, 8),
        }
    }

    /// The same as who migrates.
    #[must_use]
    pub fn of_migrator(&self) -> Self {
        let mut settings = self.clone();
        if let Some((username, password)) = settings.migrator.take() {
            (settings.username, settings.password) = (username, password);
        }
        settings
    }
}

fn migrator(env: &mut EnvReader) -> Option<(String, Secret)> {
    let username = env.text("DB_MIGRATION_USERNAME", "");
    let password = env.secret("DB_MIGRATION_PASSWORD");
    match (username.is_empty(), password) {
        (false, Some(password)) => Some((username, password)),
        (true, None) => None,
        (is_nameless, _) => {
            let (missing, set) = if is_nameless {
                ("DB_MIGRATION_USERNAME", "DB_MIGRATION_PASSWORD")
            } else {
                ("DB_MIGRATION_PASSWORD", "DB_MIGRATION_USERNAME")
            };
            env.problem(format!("{missing}: is required with {set}"));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_fit_a_developers_machine() {
        let settings = Settings::read(EnvReader::new([("DB_PASSWORD", "hush")])).unwrap();
        assert_eq!(settings.http_addr.to_string(), "127.0.0.1:7002");
        assert_eq!(settings.internal_addr.to_string(), "127.0.0.1:7003");
        assert_eq!(settings.zone, chrono_tz::Asia::Seoul);
        assert!(!format!("{settings:?}").contains("hush"));
    }

    mod the_databases_address {
        use super::*;

        fn read(text: &str) -> Result<(String, u16), String> {
            let variables = [("DB_PASSWORD", "secret"), ("DB_HOST", text)];
            Settings::read(EnvReader::new(variables))
                .map(|settings| settings.database.address)
                .map_err(|error| error.to_string())
        }

        #[test]
        fn is_a_host_and_a_port() {
            for (text, host, port) in [
                ("localhost:3307", "localhost", 3307),
                ("LOCALHOST:3306", "localhost", 3306),
                ("mysql-svc.mall:3306", "mysql-svc.mall", 3306),
                ("10.0.0.7:1", "10.0.0.7", 1),
                ("[::1]:3306", "[::1]", 3306),
            ] {
                assert_eq!(read(text), Ok((host.to_owned(), port)));
            }
        }

        #[test]
        fn that_is_none_is_named() {
            for text in [
                "db",
                "db:",
                ":3306",
                "db:0",
                "db:65536",
                "db:x",
                "::1:3306",
                "[::1]",
                "[::1:3306",
                "mysql://db:3306",
                "db:3306/orders",
                "a b:3306",
            ] {
                let told = read(text).unwrap_err();
                assert!(
                    told.contains(&format!("DB_HOST={text:?}: must be host:port")),
                    "{told}"
                );
            }
        }
    }

    mod who_migrates {
        use super::*;
        use secrecy::ExposeSecret;

        fn read(variables: &[(&str, &str)]) -> Result<DatabaseSettings, String> {
            let required = [("DB_PASSWORD", "secret")];
            Settings::read(EnvReader::new(required.iter().chain(variables).copied()))
                .map(|settings| settings.database)
                .map_err(|error| error.to_string())
        }

        #[test]
        fn is_the_user_unless_another_one_is_named() {
            let same = read(&[]).unwrap();
            assert_eq!(same.of_migrator().username, same.username);
            let other = read(&[
                ("DB_MIGRATION_USERNAME", "migrator"),
                ("DB_MIGRATION_PASSWORD", "hush"),
            ])
            .unwrap()
            .of_migrator();
            assert_eq!(other.username, "migrator");
            assert_eq!(other.password.current().expose_secret(), "hush");
        }

        #[test]
        fn by_half_is_refused() {
            for (set, missing) in [
                ("DB_MIGRATION_USERNAME", "DB_MIGRATION_PASSWORD"),
                ("DB_MIGRATION_PASSWORD", "DB_MIGRATION_USERNAME"),
            ] {
                let told = read(&[(set, "x")]).unwrap_err();
                let expected = format!("{missing}: is required with {set}");
                assert!(told.contains(&expected), "{told}");
            }
        }
    }

    #[test]
    fn all_wrong_settings_are_told_at_once() {
        let told = Settings::read(EnvReader::new([
            ("DB_HOST", "db"),
            ("TZ", "Mars"),
            ("MAX_BATCH", "0"),
            ("DB_SSL_MODE", "required"),
        ]))
        .unwrap_err()
        .to_string();
        for name in [
            "DB_HOST",
            "TZ",
            "MAX_BATCH",
            "DB_PASSWORD",
            "needs DB_SSL_CA",
        ] {
            assert!(told.contains(name), "{told}");
        }
    }
}
