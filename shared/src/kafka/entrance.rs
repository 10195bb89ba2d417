//! Whether the brokers let a client in. librdkafka's calls tell only that no broker answered; why is told by events, which this context
//! keeps.

use parking_lot::Mutex;
use rdkafka::ClientContext;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::kafka::rights::Account;

/// Why brokers that are there are of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shut {
    /// They don't accept the account or its password, or the token.
    Login,
    /// Brokers and client don't accept each other's certificates, or don't both speak TLS.
    Certificate,
}

impl Shut {
    /// What this error of a client tells. `None`: something else.
    #[must_use]
    pub fn of(code: RDKafkaErrorCode) -> Option<Self> {
        match code {
            RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed => {
                Some(Self::Login)
            }
            RDKafkaErrorCode::SSL => Some(Self::Certificate),
            _ => None,
        }
    }

    /// In words that hold nothing of a library's, for the public answer of readiness.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Login => "the brokers refuse the login of this service",
            Self::Certificate => "brokers and service do not accept each other by TLS",
        }
    }
}

/// Keeps why a client was not let in, and logs it when it is news. Never a password: librdkafka's words have none.
pub(super) struct Entrance {
    account: Account,
    shut: Mutex<Option<(Shut, String)>>,
}

impl Entrance {
    pub(super) fn new(account: Account) -> Self {
        Self {
            account,
            shut: Mutex::default(),
        }
    }

    /// Why it was not let in since it was last [`open`](Self::open), with the brokers' words.
    pub(super) fn shut(&self) -> Option<(Shut, String)> {
        self.shut.lock().clone()
    }

    /// A broker has answered.
    pub(super) fn open(&self) {
        *self.shut.lock() = None;
    }
}

impl ClientContext for Entrance {
    fn error(&self, error: KafkaError, reason: &str) {
        let Some(shut) = error.rdkafka_error_code().and_then(Shut::of) else {
            // Not news: all clients tell that brokers are away.
            return log::debug!("the probe reports: {error}: {reason}");
        };
        let told = format!("{}: {reason}", self.account);
        let before = self.shut.lock().replace((shut, told.clone()));
        if before.is_none_or(|(before, _)| before != shut) {
            log::error!("{}: {told}", shut.words());
        }
    }
}

impl ConsumerContext for Entrance {}
