//! How Kafka's brokers and their clients prove themselves to each other. The variables are named after Kafka's own settings.
//!
//! | variable | default | meaning |
//! |---|---|---|
//! | `KAFKA_SECURITY_PROTOCOL` | `PLAINTEXT` | `PLAINTEXT`, `SSL`, `SASL_PLAINTEXT` or `SASL_SSL`: what the brokers' listener speaks |
//! | `KAFKA_SASL_MECHANISM` | `SCRAM-SHA-512` | `PLAIN`, `SCRAM-SHA-256`, `SCRAM-SHA-512` or `OAUTHBEARER`, which has [variables of its own](super::token_login) |
//! | `KAFKA_SASL_USERNAME`, `KAFKA_SASL_PASSWORD` | none | the account; required by the other mechanisms |
//! | `KAFKA_SSL_CA_LOCATION` | the system's authorities | PEM file of the authorities that the brokers' certificates are from |
//! | `KAFKA_SSL_CERTIFICATE_LOCATION`, `KAFKA_SSL_KEY_LOCATION` | none | PEM files of a client certificate and its key |
//! | `KAFKA_SSL_KEY_PASSWORD` | none | of an encrypted key |
//!
//! With TLS, a broker's certificate must be valid for the address that it is reached by. No setting turns that off.

use std::fmt::{self, Display};
use std::str::FromStr;

use rdkafka::ClientConfig;
use secrecy::{ExposeSecret, SecretString};

use crate::env::EnvReader;
use crate::kafka::token_login::{self, TokenLogin};

/// How to reach brokers that want to be sure of their clients, or clients of them. The default is neither.
#[derive(Debug, Clone, Default)]
pub struct KafkaSecurity {
    tls: Option<Tls>,
    sasl: Option<Sasl>,
}

#[derive(Debug, Clone)]
struct Tls {
    ca: Option<String>,
    client: Option<ClientCertificate>,
}

#[derive(Debug, Clone)]
struct ClientCertificate {
    certificate: String,
    key: String,
    password: Option<SecretString>,
}

#[derive(Debug, Clone)]
struct Sasl {
    mechanism: Mechanism,
    proof: Proof,
}

#[derive(Debug, Clone)]
enum Proof {
    Password {
        username: String,
        password: SecretString,
    },
    Token(TokenLogin),
}

/// The values of `KAFKA_SECURITY_PROTOCOL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Plaintext,
    Ssl,
    SaslPlaintext,
    SaslSsl,
}

/// The values of `KAFKA_SASL_MECHANISM`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mechanism {
    Plain,
    ScramSha256,
    ScramSha512,
    OauthBearer,
}

const PROTOCOLS: [(Protocol, &str); 4] = [
    (Protocol::Plaintext, "PLAINTEXT"),
    (Protocol::Ssl, "SSL"),
    (Protocol::SaslPlaintext, "SASL_PLAINTEXT"),
    (Protocol::SaslSsl, "SASL_SSL"),
];

const MECHANISMS: [(Mechanism, &str); 4] = [
    (Mechanism::Plain, "PLAIN"),
    (Mechanism::ScramSha256, "SCRAM-SHA-256"),
    (Mechanism::ScramSha512, "SCRAM-SHA-512"),
    (Mechanism::OauthBearer, "OAUTHBEARER"),
];

const TLS_VARIABLES: [&str; 4] = [
    "KAFKA_SSL_CA_LOCATION",
    "KAFKA_SSL_CERTIFICATE_LOCATION",
    "KAFKA_SSL_KEY_LOCATION",
    "KAFKA_SSL_KEY_PASSWORD",
];
const PASSWORD_VARIABLES: [&str; 2] = ["KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"];

impl KafkaSecurity {
    /// Reads the variables of the module's table. A variable that would have no effect is a problem: who sets a password believes that it
    /// is asked for.
    pub fn from_env(env: &mut EnvReader) -> Self {
        let protocol = env.parsed("KAFKA_SECURITY_PROTOCOL", Protocol::Plaintext);
        let tls = Tls::from_env(env, protocol);
        let sasl = Sasl::from_env(env, protocol);
        Self { tls, sasl }
    }

    /// Adds it to a client's settings.
    pub(crate) fn apply(&self, config: &mut ClientConfig) {
        let protocol = match (&self.tls, &self.sasl) {
            (None, None) => Protocol::Plaintext,
            (Some(_), None) => Protocol::Ssl,
            (None, Some(_)) => Protocol::SaslPlaintext,
            (Some(_), Some(_)) => Protocol::SaslSsl,
        };
        config.set("security.protocol", protocol.to_string());
        if let Some(tls) = &self.tls {
            tls.apply(config);
        }
        if let Some(sasl) = &self.sasl {
            sasl.apply(config);
        }
    }
}

impl Tls {
    fn from_env(env: &mut EnvReader, protocol: Protocol) -> Option<Self> {
        if !protocol.has_tls() {
            refuse_without_effect(env, &TLS_VARIABLES, "KAFKA_SECURITY_PROTOCOL", &protocol);
            return None;
        }
        let ca = env.readable_file("KAFKA_SSL_CA_LOCATION");
        let certificate = env.readable_file("KAFKA_SSL_CERTIFICATE_LOCATION");
        let key = env.readable_file("KAFKA_SSL_KEY_LOCATION");
        let password = env.start_secret("KAFKA_SSL_KEY_PASSWORD");
        let client = match (certificate, key, password) {
            (Some(certificate), Some(key), password) => Some(ClientCertificate {
                certificate,
                key,
                password,
            }),
            (None, None, None) => None,
            (None, ..) => {
                env.problem("KAFKA_SSL_CERTIFICATE_LOCATION: is required with KAFKA_SSL_KEY_LOCATION and KAFKA_SSL_KEY_PASSWORD".to_owned());
                None
            }
            (Some(_), None, _) => {
                env.problem(
                    "KAFKA_SSL_KEY_LOCATION: is required with KAFKA_SSL_CERTIFICATE_LOCATION"
                        .to_owned(),
                );
                None
            }
        };
        Some(Self { ca, client })
    }

    fn apply(&self, config: &mut ClientConfig) {
        // librdkafka's default; written down because everything depends on it.
        config.set("ssl.endpoint.identification.algorithm", "https");
        if let Some(ca) = &self.ca {
            config.set("ssl.ca.location", ca);
        }
        if let Some(client) = &self.client {
            config
                .set("ssl.certificate.location", &client.certificate)
                .set("ssl.key.location", &client.key);
            if let Some(password) = &client.password {
                config.set("ssl.key.password", password.expose_secret());
            }
        }
    }
}

impl Sasl {
    fn from_env(env: &mut EnvReader, protocol: Protocol) -> Option<Self> {
        let mechanism = env.parsed("KAFKA_SASL_MECHANISM", Mechanism::ScramSha512);
        if !protocol.has_sasl() {
            for variables in [&PASSWORD_VARIABLES[..], &token_login::VARIABLES] {
                refuse_without_effect(env, variables, "KAFKA_SECURITY_PROTOCOL", &protocol);
            }
            return None;
        }
        Some(Self {
            mechanism,
            proof: Proof::from_env(env, mechanism),
        })
    }

    fn apply(&self, config: &mut ClientConfig) {
        config.set("sasl.mechanism", self.mechanism.to_string());
        match &self.proof {
            Proof::Password { username, password } => {
                config
                    .set("sasl.username", username)
                    .set("sasl.password", password.expose_secret());
            }
            Proof::Token(login) => login.apply(config),
        }
    }
}

impl Proof {
    fn from_env(env: &mut EnvReader, mechanism: Mechanism) -> Self {
        let is_token = mechanism == Mechanism::OauthBearer;
        let others = if is_token {
            &PASSWORD_VARIABLES[..]
        } else {
            &token_login::VARIABLES
        };
        refuse_without_effect(env, others, "KAFKA_SASL_MECHANISM", &mechanism);
        if is_token {
            Self::Token(TokenLogin::from_env(env))
        } else {
            Self::Password {
                username: env.required_text("KAFKA_SASL_USERNAME"),
                password: env.required_start_secret("KAFKA_SASL_PASSWORD", 1),
            }
        }
    }
}

fn refuse_without_effect(
    env: &mut EnvReader,
    variables: &[&str],
    because: &str,
    value: &dyn Display,
) {
    for name in variables {
        if env.is_set(name) {
            env.problem(format!("{name}: has no effect with {because}={value}"));
        }
    }
}

impl Protocol {
    fn has_tls(self) -> bool {
        matches!(self, Self::Ssl | Self::SaslSsl)
    }

    fn has_sasl(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }
}

impl FromStr for Protocol {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        value_of(&PROTOCOLS, text)
    }
}

impl Display for Protocol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(name_of(&PROTOCOLS, *self))
    }
}

impl FromStr for Mechanism {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        value_of(&MECHANISMS, text)
    }
}

impl Display for Mechanism {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(name_of(&MECHANISMS, *self))
    }
}

fn value_of<T: Copy>(names: &[(T, &str)], text: &str) -> Result<T, String> {
    let found = names
        .iter()
        .find(|(_, name)| name.eq_ignore_ascii_case(text));
    found.map(|(value, _)| *value).ok_or_else(|| {
        let all: Vec<&str> = names.iter().map(|(_, name)| *name).collect();
        format!("must be one of {}", all.join(", "))
    })
}

fn name_of<T: PartialEq>(names: &[(T, &'static str)], value: T) -> &'static str {
    let found = names.iter().find(|(named, _)| *named == value);
    found.map_or("", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<ClientConfig, String> {
        let mut env = EnvReader::new(variables.iter().copied());
        let security = KafkaSecurity::from_env(&mut env);
        env.finish().map_err(|error| error.to_string())?;
        let mut config = ClientConfig::new();
        security.apply(&mut config);
        Ok(config)
    }

    fn refused(variables: &[(&str, &str)]) -> String {
        read(variables).expect_err("the settings are accepted")
    }

    #[test]
    fn nothing_is_asked_for_by_default() {
        let config = read(&[]).unwrap();
        assert_eq!(config.get("security.protocol"), Some("PLAINTEXT"));
        assert_eq!(config.get("sasl.mechanism"), None);
    }

    mod an_account {
        use super::*;

        #[test]
        fn is_shown_by_each_mechanism_with_and_without_tls() {
            for protocol in ["SASL_PLAINTEXT", "SASL_SSL", "sasl_ssl"] {
                for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
                    let config = read(&[
                        ("KAFKA_SECURITY_PROTOCOL", protocol),
                        ("KAFKA_SASL_MECHANISM", mechanism),
                        ("KAFKA_SASL_USERNAME", "mall"),
                        ("KAFKA_SASL_PASSWORD", "hush\n"),
                    ])
                    .unwrap();
                    assert_eq!(
                        config.get("security.protocol"),
                        Some(protocol.to_uppercase().as_str())
                    );
                    assert_eq!(config.get("sasl.mechanism"), Some(mechanism));
                    assert_eq!(config.get("sasl.username"), Some("mall"));
                    assert_eq!(config.get("sasl.password"), Some("hush"));
                }
            }
        }

        #[test]
        fn without_name_or_password_is_refused() {
            let told = refused(&[("KAFKA_SECURITY_PROTOCOL", "SASL_SSL")]);
            assert!(told.contains("KAFKA_SASL_USERNAME: is required"), "{told}");
            assert!(told.contains("KAFKA_SASL_PASSWORD: is required"), "{told}");
        }

        #[test]
        fn that_nobody_asks_for_is_refused() {
            for protocol in ["PLAINTEXT", "SSL"] {
                let told = refused(&[
                    ("KAFKA_SECURITY_PROTOCOL", protocol),
                    ("KAFKA_SASL_USERNAME", "mall"),
                    ("KAFKA_SASL_PASSWORD", "hush"),
                ]);
                for name in ["KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"] {
                    let line =
                        format!("{name}: has no effect with KAFKA_SECURITY_PROTOCOL={protocol}");
                    assert!(told.contains(&line), "{told}");
                }
                assert!(!told.contains("hush"), "{told}");
            }
        }
    }

    mod a_token {
        use super::*;

        const LOGIN: [(&str, &str); 5] = [
            ("KAFKA_SECURITY_PROTOCOL", "SASL_SSL"),
            ("KAFKA_SASL_MECHANISM", "OAUTHBEARER"),
            (
                "KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL",
                "https://id.example/token",
            ),
            ("KAFKA_SASL_OAUTHBEARER_CLIENT_ID", "order_service"),
            ("KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET", "hush"),
        ];

        fn with(more: &[(&'static str, &'static str)]) -> Result<ClientConfig, String> {
            let all: Vec<_> = LOGIN.iter().chain(more).copied().collect();
            read(&all)
        }

        #[test]
        fn is_fetched_by_librdkafka_for_the_clients_id_and_secret() {
            let config = with(&[("KAFKA_SASL_OAUTHBEARER_SCOPE", "kafka")]).unwrap();
            for (name, value) in [
                ("sasl.mechanism", "OAUTHBEARER"),
                ("sasl.oauthbearer.method", "oidc"),
                (
                    "sasl.oauthbearer.token.endpoint.url",
                    "https://id.example/token",
                ),
                ("sasl.oauthbearer.client.id", "order_service"),
                ("sasl.oauthbearer.client.secret", "hush"),
                ("sasl.oauthbearer.scope", "kafka"),
            ] {
                assert_eq!(config.get(name), Some(value));
            }
            assert_eq!(config.get("sasl.username"), None);
        }

        #[test]
        fn without_endpoint_id_or_secret_is_refused() {
            let told = refused(&LOGIN[..2]);
            for (name, _) in &LOGIN[2..] {
                assert!(told.contains(&format!("{name}: is required")), "{told}");
            }
        }

        #[test]
        fn beside_what_has_no_effect_is_refused() {
            let told = with(&[("KAFKA_SASL_PASSWORD", "hush")]).unwrap_err();
            let line = "KAFKA_SASL_PASSWORD: has no effect with KAFKA_SASL_MECHANISM=OAUTHBEARER";
            assert!(told.contains(line) && !told.contains("hush"), "{told}");
            for (name, value) in &LOGIN[2..] {
                let by_scram = refused(&[(LOGIN[0].0, LOGIN[0].1), (name, value)]);
                let line = format!("{name}: has no effect with KAFKA_SASL_MECHANISM=SCRAM-SHA-512");
                assert!(by_scram.contains(&line), "{by_scram}");
                let plain = refused(&[(name, value)]);
                let line = format!("{name}: has no effect with KAFKA_SECURITY_PROTOCOL=PLAINTEXT");
                assert!(plain.contains(&line), "{plain}");
            }
        }

        #[test]
        fn from_what_is_no_url_or_by_an_authority_that_is_not_there_is_refused() {
            let told = with(&[("KAFKA_HTTPS_CA_LOCATION", "/no/such/file.pem")]).unwrap_err();
            assert!(told.contains("KAFKA_HTTPS_CA_LOCATION=\"/no/such/file.pem\": No such file"));
            let told = with(&[(LOGIN[2].0, "id.example/token")]).unwrap_err();
            assert!(told.contains(LOGIN[2].0), "{told}");
        }
    }

    mod a_certificate {
        use super::*;

        /// Any file: what is in it is read by librdkafka.
        const FILE: &str = "/dev/null";

        #[test]
        fn of_authority_and_client_are_given_to_librdkafka() {
            let config = read(&[
                ("KAFKA_SECURITY_PROTOCOL", "SSL"),
                ("KAFKA_SSL_CA_LOCATION", FILE),
                ("KAFKA_SSL_CERTIFICATE_LOCATION", FILE),
                ("KAFKA_SSL_KEY_LOCATION", FILE),
                ("KAFKA_SSL_KEY_PASSWORD", "hush"),
            ])
            .unwrap();
            for name in [
                "ssl.ca.location",
                "ssl.certificate.location",
                "ssl.key.location",
            ] {
                assert_eq!(config.get(name), Some(FILE));
            }
            assert_eq!(config.get("ssl.key.password"), Some("hush"));
            assert_eq!(
                config.get("ssl.endpoint.identification.algorithm"),
                Some("https")
            );
        }

        #[test]
        fn that_cant_be_read_is_named() {
            let told = refused(&[
                ("KAFKA_SECURITY_PROTOCOL", "SSL"),
                ("KAFKA_SSL_CA_LOCATION", "/no/such/file.pem"),
            ]);
            assert!(
                told.contains("KAFKA_SSL_CA_LOCATION=\"/no/such/file.pem\": No such file"),
                "{told}"
            );
        }

        #[test]
        fn without_its_other_half_is_refused() {
            let key_alone = refused(&[
                ("KAFKA_SECURITY_PROTOCOL", "SSL"),
                ("KAFKA_SSL_KEY_LOCATION", FILE),
            ]);
            assert!(
                key_alone.contains("KAFKA_SSL_CERTIFICATE_LOCATION: is required"),
                "{key_alone}"
            );
            let certificate_alone = refused(&[
                ("KAFKA_SECURITY_PROTOCOL", "SSL"),
                ("KAFKA_SSL_CERTIFICATE_LOCATION", FILE),
            ]);
            assert!(
                certificate_alone.contains("KAFKA_SSL_KEY_LOCATION: is required"),
                "{certificate_alone}"
            );
        }

        #[test]
        fn without_tls_is_refused() {
            let told = refused(&[
                ("KAFKA_SECURITY_PROTOCOL", "PLAINTEXT"),
                ("KAFKA_SSL_CA_LOCATION", FILE),
            ]);
            assert!(
                told.contains("KAFKA_SSL_CA_LOCATION: has no effect"),
                "{told}"
            );
        }
    }

    #[test]
    fn unknown_words_are_refused_with_the_known_ones() {
        let told = refused(&[
            ("KAFKA_SECURITY_PROTOCOL", "TLS"),
            ("KAFKA_SASL_MECHANISM", "GSSAPI"),
        ]);
        assert!(told.contains("KAFKA_SECURITY_PROTOCOL=\"TLS\": must be one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL"), "{told}");
        assert!(
            told.contains("KAFKA_SASL_MECHANISM=\"GSSAPI\": must be one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER"),
            "{told}"
        );
    }
}
