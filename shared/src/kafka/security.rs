//! How Kafka's brokers and their clients prove themselves to each other. The variables are named after Kafka's own settings.
//!
//! | variable | default | meaning |
//! |---|---|---|
//! | `KAFKA_SECURITY_PROTOCOL` | `PLAINTEXT` | `PLAINTEXT`, `SSL`, `SASL_PLAINTEXT` or `SASL_SSL`: what the brokers' listener speaks |
//! | `KAFKA_SASL_MECHANISM` | `SCRAM-SHA-512` | `PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512` |
//! | `KAFKA_SASL_USERNAME`, `KAFKA_SASL_PASSWORD` | none | the account; required with `SASL_…` |
//! | `KAFKA_SSL_CA_LOCATION` | the system's authorities | PEM file of the authorities that the brokers' certificates are from |
//! | `KAFKA_SSL_CERTIFICATE_LOCATION`, `KAFKA_SSL_KEY_LOCATION` | none | PEM files of a client certificate and its key |
//! | `KAFKA_SSL_KEY_PASSWORD` | none | of an encrypted key |
//!
//! With TLS, a broker's certificate must be valid for the address that it is reached by. No setting turns that off.

use std::fmt::{self, Display};
use std::fs::File;
use std::str::FromStr;

use rdkafka::ClientConfig;
use secrecy::{ExposeSecret, SecretString};

use crate::env::EnvReader;

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
    username: String,
    password: SecretString,
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
}

const PROTOCOLS: [(Protocol, &str); 4] = [
    (Protocol::Plaintext, "PLAINTEXT"),
    (Protocol::Ssl, "SSL"),
    (Protocol::SaslPlaintext, "SASL_PLAINTEXT"),
    (Protocol::SaslSsl, "SASL_SSL"),
];

const MECHANISMS: [(Mechanism, &str); 3] = [
    (Mechanism::Plain, "PLAIN"),
    (Mechanism::ScramSha256, "SCRAM-SHA-256"),
    (Mechanism::ScramSha512, "SCRAM-SHA-512"),
];

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
        let ca = readable(env, "KAFKA_SSL_CA_LOCATION");
        let certificate = readable(env, "KAFKA_SSL_CERTIFICATE_LOCATION");
        let key = readable(env, "KAFKA_SSL_KEY_LOCATION");
        let password = env.start_secret("KAFKA_SSL_KEY_PASSWORD");
        if !protocol.has_tls() {
            let told = [
                ("KAFKA_SSL_CA_LOCATION", ca.is_some()),
                ("KAFKA_SSL_CERTIFICATE_LOCATION", certificate.is_some()),
                ("KAFKA_SSL_KEY_LOCATION", key.is_some()),
                ("KAFKA_SSL_KEY_PASSWORD", password.is_some()),
            ];
            refuse_without_effect(env, protocol, &told);
            return None;
        }
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
        let username = env.text("KAFKA_SASL_USERNAME", "");
        if !protocol.has_sasl() {
            let has_password = env.start_secret("KAFKA_SASL_PASSWORD").is_some();
            let told = [
                ("KAFKA_SASL_USERNAME", !username.is_empty()),
                ("KAFKA_SASL_PASSWORD", has_password),
            ];
            refuse_without_effect(env, protocol, &told);
            return None;
        }
        if username.is_empty() {
            env.problem(format!(
                "KAFKA_SASL_USERNAME: is required with KAFKA_SECURITY_PROTOCOL={protocol}"
            ));
        }
        Some(Self {
            mechanism,
            username,
            password: env.required_start_secret("KAFKA_SASL_PASSWORD", 1),
        })
    }

    fn apply(&self, config: &mut ClientConfig) {
        config
            .set("sasl.mechanism", self.mechanism.to_string())
            .set("sasl.username", &self.username)
            .set("sasl.password", self.password.expose_secret());
    }
}

/// The file that the variable names. One that can't be read is a problem here, where it can be named: librdkafka would tell of it once
/// for each client.
fn readable(env: &mut EnvReader, name: &str) -> Option<String> {
    let path = env.text(name, "");
    if path.is_empty() {
        return None;
    }
    if let Err(error) = File::open(&path) {
        env.problem(format!("{name}={path:?}: {error}"));
    }
    Some(path)
}

fn refuse_without_effect(env: &mut EnvReader, protocol: Protocol, told: &[(&str, bool)]) {
    for (name, _) in told.iter().filter(|(_, is_set)| *is_set) {
        env.problem(format!(
            "{name}: has no effect with KAFKA_SECURITY_PROTOCOL={protocol}"
        ));
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
            told.contains("KAFKA_SASL_MECHANISM=\"GSSAPI\": must be one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512"),
            "{told}"
        );
    }
}
