//! The login of a Kafka that wants one: a listener with TLS and SCRAM, or tokens of an issuer, an account for each service, and what each
//! may do. Must not know how the broker is started.
//!
//! Authority, certificate and passwords are made once and kept beside the broker's records, readable by their owner only.

use crate::secrets::{kept_in, write_private};
use crate::{certificate, ports};
use anyhow::{Context, Result};
use std::fs;
use std::path::PathBuf;

/// The name of the listener.
pub(crate) const LISTENER: &str = "SASL_SSL";

/// The accounts that the broker has; services go by the names of their programs.
const ACCOUNTS: [&str; 2] = ["order_service", "composite_service"];

/// What operators are told to grant is what is granted here.
const GRANTS: &str = include_str!("../../../deploy/kafka/acls");

/// The audience of tokens that are logins at Kafka, and the scope by which they are asked for.
pub(crate) const KAFKA_AUDIENCE: &str = "kafka";

/// An issuer whose tokens are logins; their subjects are the accounts.
#[derive(Debug, Clone)]
pub struct TokenIssuer {
    /// Its name in its tokens.
    pub(crate) issuer: String,
    /// The URL of its keys.
    pub(crate) keys: String,
    /// The URL where it gives tokens.
    pub(crate) endpoint: String,
}

impl TokenIssuer {
    /// Lines for the settings of a broker that takes its tokens.
    fn properties(&self) -> String {
        let mechanism = "listener.name.sasl_ssl.oauthbearer.sasl";
        let package = "org.apache.kafka.common.security.oauthbearer";
        format!(
            "{mechanism}.jaas.config={package}.OAuthBearerLoginModule required;\n\
             {mechanism}.server.callback.handler.class={package}.OAuthBearerValidatorCallbackHandler\n\
             {mechanism}.oauthbearer.jwks.endpoint.url={}\n\
             {mechanism}.oauthbearer.expected.issuer={}\n\
             {mechanism}.oauthbearer.expected.audience={KAFKA_AUDIENCE}\n",
            self.keys, self.issuer
        )
    }
}

/// A login that is wanted.
pub(crate) struct WantedLogin {
    /// The listener's port (0: a free one).
    pub(crate) port: u16,
    /// Whose tokens are logins, too.
    pub(crate) issuer: Option<TokenIssuer>,
}

/// What one account may do with one topic or group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// The account's name.
    pub account: String,
    /// The operation, as Kafka names it.
    pub operation: String,
    /// `topic` or `group`.
    pub kind: String,
    /// The topic's or group's name.
    pub name: String,
}

/// The rights of `deploy/kafka/acls`, one by one.
pub fn rights() -> Vec<Right> {
    grant_lines().flat_map(rights_of).collect()
}

fn grant_lines() -> impl Iterator<Item = &'static str> {
    GRANTS.lines().filter(|line| !line.starts_with('#'))
}

/// Every operation of the line, with every topic and group of it.
fn rights_of(line: &str) -> Vec<Right> {
    let (account, rest) = line.split_once(' ').unwrap_or((line, ""));
    let words: Vec<&str> = rest.split_whitespace().collect();
    let told: Vec<(&str, &str)> = words
        .chunks(2)
        .filter_map(|pair| Some((pair.first()?.strip_prefix("--")?, *pair.get(1)?)))
        .collect();
    let (operations, resources): (Vec<_>, Vec<_>) =
        told.into_iter().partition(|(kind, _)| *kind == "operation");
    let each = resources.iter().flat_map(|(kind, name)| {
        operations.iter().map(|(_, operation)| Right {
            account: account.to_owned(),
            operation: (*operation).to_owned(),
            kind: (*kind).to_owned(),
            name: (*name).to_owned(),
        })
    });
    each.collect()
}

impl Right {
    /// The arguments of Kafka's ACL tool that name it.
    pub(crate) fn args(&self) -> Vec<String> {
        let Self {
            account,
            operation,
            kind,
            name,
        } = self;
        [
            "--allow-principal",
            &format!("User:{account}"),
            "--operation",
            operation,
            &format!("--{kind}"),
            name,
        ]
        .map(str::to_owned)
        .to_vec()
    }
}

/// A listener with a login, and its accounts.
#[derive(Debug, Clone)]
pub(crate) struct KafkaAccounts {
    dir: PathBuf,
    /// The listener's port on 127.0.0.1.
    pub(crate) port: u16,
    issuer: Option<TokenIssuer>,
}

impl KafkaAccounts {
    /// Makes what is missing of certificates and passwords in this folder.
    pub(crate) fn prepare(dir: PathBuf, wanted: &WantedLogin) -> Result<Self> {
        let accounts = Self {
            dir,
            port: ports::given_or_free(wanted.port)?,
            issuer: wanted.issuer.clone(),
        };
        if !accounts.ca().exists() {
            accounts.make_certificates()?;
        }
        Ok(accounts)
    }

    /// The certificate of the authority, which clients must know.
    fn ca(&self) -> PathBuf {
        self.dir.join("ca.pem")
    }

    fn keystore(&self) -> PathBuf {
        self.dir.join("broker.pem")
    }

    fn password_of(&self, account: &str) -> Result<String> {
        kept_in(&self.dir.join(format!("{account}.password")))
    }

    fn make_certificates(&self) -> Result<()> {
        let issued = certificate::issue()?;
        let keystore = format!("{}{}", issued.key, issued.certificate);
        write_private(&self.keystore(), &keystore)?;
        // Last: with it, all are there.
        fs::write(self.ca(), issued.authority).context("cannot write the authority's certificate")
    }

    /// Lines for the broker's settings. Whoever comes by the listener without a login may do everything: it is there for the tools, and on
    /// 127.0.0.1 only.
    pub(crate) fn properties(&self) -> String {
        let keystore = self.keystore();
        let (more, tokens) = match &self.issuer {
            Some(issuer) => (",OAUTHBEARER", issuer.properties()),
            None => ("", String::new()),
        };
        format!(
            "sasl.enabled.mechanisms=SCRAM-SHA-512{more}\n{tokens}\
             listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;\n\
             ssl.keystore.type=PEM\n\
             ssl.keystore.location={}\n\
             authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n\
             super.users=User:ANONYMOUS\n",
            keystore.display()
        )
    }

    /// The option of the broker's Java by which it may fetch the issuer's keys.
    pub(crate) fn java_option(&self) -> Option<String> {
        let issuer = self.issuer.as_ref()?;
        Some(format!(
            "-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={}",
            issuer.keys
        ))
    }

    /// Arguments of Kafka's storage tool that make the accounts.
    pub(crate) fn format_args(&self) -> Result<Vec<String>> {
        let mut args = Vec::new();
        for account in ACCOUNTS {
            let password = self.password_of(account)?;
            args.push("--add-scram".to_owned());
            args.push(format!(
                "SCRAM-SHA-512=[name={account},password={password}]"
            ));
        }
        Ok(args)
    }

    /// The arguments of Kafka's ACL tool that grant everything, one list a run: as operators are told to do it.
    pub(crate) fn grants(&self) -> Vec<Vec<String>> {
        let grant = |line: &str| {
            let (account, rest) = line.split_once(' ').unwrap_or((line, ""));
            let mut args = vec![
                "--add".to_owned(),
                "--allow-principal".to_owned(),
                format!("User:{account}"),
            ];
            args.extend(rest.split_whitespace().map(str::to_owned));
            args
        };
        grant_lines().map(grant).collect()
    }

    /// The variables by which a service logs in.
    pub(crate) fn client_env(&self, account: &str) -> Result<Vec<(String, String)>> {
        let by_password = [
            ("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512".to_owned()),
            ("KAFKA_SASL_USERNAME", account.to_owned()),
            ("KAFKA_SASL_PASSWORD", self.password_of(account)?),
        ];
        Ok(self.env(by_password))
    }

    /// The same by tokens; `None` where they are no logins.
    pub(crate) fn token_env(&self, account: &str) -> Option<Vec<(String, String)>> {
        let issuer = self.issuer.as_ref()?;
        let prefix = "KAFKA_SASL_OAUTHBEARER";
        let by_token = [
            ("KAFKA_SASL_MECHANISM".to_owned(), "OAUTHBEARER"),
            (format!("{prefix}_TOKEN_ENDPOINT_URL"), &issuer.endpoint),
            (format!("{prefix}_CLIENT_ID"), account),
            // The issuer takes any.
            (format!("{prefix}_CLIENT_SECRET"), "hush"),
            (format!("{prefix}_SCOPE"), KAFKA_AUDIENCE),
        ];
        Some(self.env(by_token.map(|(name, value)| (name, value.to_owned()))))
    }

    fn env<const N: usize>(
        &self,
        proof: [(impl Into<String>, String); N],
    ) -> Vec<(String, String)> {
        let listener = [
            (
                "KAFKA_BOOTSTRAP_SERVERS",
                format!("127.0.0.1:{}", self.port),
            ),
            ("KAFKA_SECURITY_PROTOCOL", LISTENER.to_owned()),
            ("KAFKA_SSL_CA_LOCATION", self.ca().display().to_string()),
        ];
        let proof = proof.map(|(name, value)| (name.into(), value));
        let listener = listener.map(|(name, value)| (name.to_owned(), value));
        listener.into_iter().chain(proof).collect()
    }
}
