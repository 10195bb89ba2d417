//! Settings of the composite service, read from the environment and validated at startup.
//!
//! | variable | default | meaning |
//! |---|---|---|
//! | `HTTP_ADDR` | `127.0.0.1:7000` | address of the public API and the probes |
//! | `INTERNAL_ADDR` | `127.0.0.1:7001` | address of what is for operators only: `/metrics`, `/internal/…` |
//! | `OPERATOR_TOKEN` | required unless `INTERNAL_ADDR` is loopback | the bearer token that operators ask with |
//! | `SERVICE_TOKEN` | none | the bearer token that the order service demands of its readers |
//! | `ORDER_SERVICE_URL` | `http://127.0.0.1:7002` | where reads go; a path in a URL is kept, and others are put behind it |
//! | `ORDER_SERVICE_KIND` | `auto` | `mall`, `spring`, or `auto`: found out. What a Spring order service does not know is never sent to it |
//! | `PAYMENT_URL` | `http://127.0.0.1:7010` | the payment gateway |
//! | `PAYMENT_PROXY_URL` | none | the HTTP proxy that the gateway is asked through; those of `HTTP_PROXY` and the like are ignored |
//! | `PAYMENT_SECRET_KEY` | required | the gateway's secret key |
//! | `MEMBER_SERVICE_URL` | none | the member service; without one a member's page has no profile |
//! | `MY_PAGE_PROFILE_MS`, `MY_PAGE_ORDERS_MS`, `MY_PAGE_COUPONS_MS`, `MY_PAGE_PRODUCTS_MS` | `2500` | until that part of a member's page is given up |
//! | `CORS_ORIGINS` | none | web pages that may use the API, as origins; `*` for all |
//! | `MAX_PURCHASES` | `4096` | purchases under way, answered ones that still have something to do included; beyond it 503 |
//! | `SHUTDOWN_DELAY_SECONDS` | `3` | how long HTTP is still served after SIGTERM, while readiness is off and balancers notice it |
//! | `SHUTDOWN_GRACE_SECONDS` | `20` | how long purchases under way may take to finish after SIGTERM |
//! | `TZ` | `Asia/Seoul` | zone of order numbers |
//!
//! and those of [`authentication`], [`limits`] and [`shared::kafka::config`].

pub mod authentication;
pub mod limits;

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use chrono_tz::Tz;
use shared::budget;
use shared::env::{EffectiveSettings, EnvReader, InvalidEnvironment};
use shared::http::cors::Origins;
use shared::http::port_token::PortToken;
use shared::http_url::{http_url, optional_http_url};
use shared::kafka::config::KafkaSettings;
use shared::secret::{Secret, SecretFiles};
use url::Url;

use authentication::MemberAuth;

use crate::domain::peer::{Peer, PeerKnowledge};
use crate::inbound::http::request_limits::RequestQuotas;

/// All settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Address to serve HTTP on.
    pub http_addr: SocketAddr,
    /// Address to serve operators on.
    pub internal_addr: SocketAddr,
    /// What operators must have.
    pub operator_token: PortToken,
    /// How to reach Kafka.
    pub kafka: KafkaSettings,
    /// The order service.
    pub order_service_url: Url,
    /// What the order service's port demands.
    pub service_token: Option<Secret>,
    /// Which order service reads the commands.
    pub order_service_kind: OrderServiceKind,
    /// The payment gateway.
    pub payment: PaymentSettings,
    /// The member service, where there is one.
    pub member_service_url: Option<Url>,
    /// The deadlines of the parts of a member's page.
    pub my_page: MyPageSettings,
    /// How members prove who they are.
    pub member_auth: MemberAuth,
    /// How many requests clients may send.
    pub request_quotas: RequestQuotas,
    /// The web pages that may use the API.
    pub cors_origins: Origins,
    /// The limit of concurrent purchases.
    pub max_purchases: usize,
    /// How long HTTP is still served after SIGTERM, while readiness is off and balancers notice it.
    pub shutdown_delay: Duration,
    /// How long purchases under way may take to finish after SIGTERM.
    pub shutdown_grace: Duration,
    /// Zone of order numbers.
    pub zone: Tz,
    /// All settings, as they are shown to operators.
    pub effective: EffectiveSettings,
    /// The files that secrets are in.
    pub secret_files: SecretFiles,
}

/// Which order service reads the commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderServiceKind {
    /// To be found out.
    Auto,
    /// One of this mall.
    Mall,
    /// A Spring one.
    Spring,
}

impl OrderServiceKind {
    /// What is known of the order service at the start.
    #[must_use]
    pub fn knowledge(self) -> PeerKnowledge {
        match self {
            Self::Auto => PeerKnowledge::unknown(),
            Self::Mall => PeerKnowledge::fixed(Peer::Mall),
            Self::Spring => PeerKnowledge::fixed(Peer::Spring),
        }
    }

    /// What only an order service of this mall is asked by; `None` where it is a Spring one for certain.
    #[must_use]
    pub fn unless_spring<T>(self, asked_by: T) -> Option<T> {
        match self {
            Self::Auto | Self::Mall => Some(asked_by),
            Self::Spring => None,
        }
    }
}

/// Not the name of a kind.
#[derive(Debug, thiserror::Error)]
#[error("must be auto, mall or spring")]
pub struct UnknownKind;

impl FromStr for OrderServiceKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "mall" => Ok(Self::Mall),
            "spring" => Ok(Self::Spring),
            _ => Err(UnknownKind),
        }
    }
}

impl fmt::Display for OrderServiceKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Auto => "auto",
            Self::Mall => "mall",
            Self::Spring => "spring",
        })
    }
}

/// How to reach the payment gateway.
#[derive(Debug, Clone)]
pub struct PaymentSettings {
    /// What its paths are put behind.
    pub url: Url,
    /// The proxy that it is asked through, where there is one.
    pub proxy: Option<Url>,
    /// The secret key.
    pub secret_key: Secret,
}

/// The deadlines of the parts of a member's page.
#[derive(Debug, Clone, Copy)]
pub struct MyPageSettings {
    /// The profile.
    pub profile: Duration,
    /// The orders.
    pub orders: Duration,
    /// The coupons.
    pub coupons: Duration,
    /// The products.
    pub products: Duration,
}

impl Settings {
    /// Reads the environment of the process.
    ///
    /// # Errors
    /// All problems at once.
    pub fn from_env() -> Result<Self, InvalidEnvironment> {
        Self::read(EnvReader::from_process())
    }

    /// Reads the given environment.
    ///
    /// # Errors
    /// All problems at once.
    pub fn read(mut env: EnvReader) -> Result<Self, InvalidEnvironment> {
        let internal_addr = env.parsed("INTERNAL_ADDR", SocketAddr::from(([127, 0, 0, 1], 7001)));
        let settings = Self {
            http_addr: env.parsed("HTTP_ADDR", SocketAddr::from(([127, 0, 0, 1], 7000))),
            internal_addr,
            operator_token: PortToken::read(
                &mut env,
                "OPERATOR_TOKEN",
                "INTERNAL_ADDR",
                internal_addr,
            ),
            kafka: KafkaSettings::from_env(&mut env),
            order_service_url: http_url(&mut env, "ORDER_SERVICE_URL", "http://127.0.0.1:7002"),
            service_token: env.secret("SERVICE_TOKEN"),
            order_service_kind: env.parsed("ORDER_SERVICE_KIND", OrderServiceKind::Auto),
            payment: PaymentSettings {
                url: http_url(&mut env, "PAYMENT_URL", "http://127.0.0.1:7010"),
                proxy: optional_http_url(&mut env, "PAYMENT_PROXY_URL"),
                secret_key: env.required_secret("PAYMENT_SECRET_KEY"),
            },
            member_service_url: optional_http_url(&mut env, "MEMBER_SERVICE_URL"),
            my_page: MyPageSettings {
                profile: part_wait(&mut env, "MY_PAGE_PROFILE_MS"),
                orders: part_wait(&mut env, "MY_PAGE_ORDERS_MS"),
                coupons: part_wait(&mut env, "MY_PAGE_COUPONS_MS"),
                products: part_wait(&mut env, "MY_PAGE_PRODUCTS_MS"),
            },
            member_auth: MemberAuth::read(&mut env),
            request_quotas: limits::read(&mut env),
            cors_origins: env.parsed("CORS_ORIGINS", Origins::default()),
            max_purchases: env.within("MAX_PURCHASES", 1..=1_000_000, 4_096),
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

/// At most 9 s: the deadline of a part must end before that of the whole answer and of the HTTP client behind it.
fn part_wait(env: &mut EnvReader, name: &str) -> Duration {
    Duration::from_millis(env.within(name, 1..=9_000, 2_500))
}

const _: () = assert!(budget::HTTP_ANSWER.as_millis() > 9_000);

#[cfg(test)]
mod tests {
    use super::*;

    mod a_url {
        use super::*;

        const URLS: [&str; 4] = [
            "ORDER_SERVICE_URL",
            "PAYMENT_URL",
            "PAYMENT_PROXY_URL",
            "MEMBER_SERVICE_URL",
        ];

        fn refusal(name: &str, url: &str) -> String {
            let variables = [("PAYMENT_SECRET_KEY", "key"), (name, url)];
            Settings::read(EnvReader::new(variables))
                .unwrap_err()
                .to_string()
        }

        #[test]
        fn with_more_than_a_base_is_refused_by_name_and_not_quoted() {
            for name in URLS {
                for (url, flaw) in [
                    ("http://us:hush@host/a", "must not name a user"),
                    ("http://hush@host", "must not name a user"),
                    ("http://host/a?token=hush", "must not have a query"),
                    ("http://host/a#hush", "must not have a fragment"),
                    ("http://us:hush@host:99999/a", "invalid port"),
                    ("ftp://host", "must be an http or https URL"),
                    ("mailto:hush", "must be an http or https URL"),
                    ("host:7002", "must be an http or https URL"),
                    ("/orders", "relative URL"),
                ] {
                    let told = refusal(name, url);
                    assert!(told.contains(name) && told.contains(flaw), "{told}");
                    assert!(!told.contains("hush"), "{told}");
                }
            }
        }

        #[test]
        fn keeps_its_path() {
            let settings = Settings::read(EnvReader::new([
                ("PAYMENT_SECRET_KEY", "key"),
                ("ORDER_SERVICE_URL", "http://host/orders/"),
            ]));
            assert_eq!(settings.unwrap().order_service_url.path(), "/orders/");
        }
    }

    mod settings {
        use super::*;

        #[test]
        fn have_defaults_and_hide_the_secret() {
            let settings =
                Settings::read(EnvReader::new([("PAYMENT_SECRET_KEY", "hush")])).unwrap();
            assert_eq!(settings.http_addr.to_string(), "127.0.0.1:7000");
            assert_eq!(settings.internal_addr.to_string(), "127.0.0.1:7001");
            assert!(!format!("{settings:?}").contains("hush"));
            assert_eq!(settings.member_service_url, None);
            assert_eq!(settings.order_service_kind, OrderServiceKind::Auto);
        }

        #[test]
        fn that_are_invalid_are_all_reported() {
            let told = Settings::read(EnvReader::new([
                ("ORDER_SERVICE_URL", "ftp://x"),
                ("ORDER_SERVICE_KIND", "boot"),
                ("PAYMENT_URL", "nowhere"),
                ("MEMBER_SERVICE_URL", "http://us:hush@members"),
                ("MY_PAGE_ORDERS_MS", "9001"),
                ("MAX_PURCHASES", "0"),
            ]))
            .unwrap_err()
            .to_string();
            for name in [
                "ORDER_SERVICE_URL",
                "ORDER_SERVICE_KIND",
                "PAYMENT_URL",
                "MEMBER_SERVICE_URL",
                "MY_PAGE_ORDERS_MS",
                "MAX_PURCHASES",
                "PAYMENT_SECRET_KEY",
            ] {
                assert!(told.contains(name), "{told}");
            }
            assert!(!told.contains("hush"), "{told}");
        }
    }
}
