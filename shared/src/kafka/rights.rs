//! What this process is not allowed at Kafka, in the words of Kafka's ACLs, so that operators know what to grant. Pure.

use std::fmt;

use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
pub use topic_ids::Operation;

use crate::kafka::token_login::CLIENT_ID_SETTING;

/// Whom the brokers grant rights to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account(Option<String>);

impl Account {
    /// The account that a client with these settings logs in with. With tokens it is the client that they are for, which brokers may call
    /// by another of the token's claims.
    #[must_use]
    pub fn of(config: &ClientConfig) -> Self {
        let names = ["sasl.username", CLIENT_ID_SETTING];
        let name = names.into_iter().find_map(|name| config.get(name));
        Self(name.map(str::to_owned))
    }
}

impl fmt::Display for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(name) => write!(formatter, "the account {name}"),
            // Its certificate has a name, which only the brokers make an account of.
            None => formatter.write_str("this client"),
        }
    }
}

/// A right that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack {
    /// What is not allowed.
    pub operation: Operation,
    /// The topic's name.
    pub topic: String,
}

impl fmt::Display for Lack {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, topic } = self;
        write!(
            formatter,
            "lacks the right {operation} on the topic {topic}"
        )
    }
}

/// What of these needs is not allowed.
#[must_use]
pub fn lacking(needs: &[Operation], allowed: &[Operation]) -> Vec<Operation> {
    let missing = needs.iter().filter(|need| !allowed.contains(need));
    missing.copied().collect()
}

/// A failure to read a topic as a member of a group, by name where a right is missing.
#[must_use]
pub fn reading_failure(error: &KafkaError, account: &Account, topic: &str, group: &str) -> String {
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::GroupAuthorizationFailed) => {
            format!("{account} lacks the right Read on the group {group}")
        }
        Some(RDKafkaErrorCode::TopicAuthorizationFailed) => {
            let operation = Operation::Read;
            let topic = topic.to_owned();
            format!("{account} {}", Lack { operation, topic })
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(username: Option<&str>) -> Account {
        let mut config = ClientConfig::new();
        if let Some(username) = username {
            config.set("sasl.username", username);
        }
        Account::of(&config)
    }

    #[test]
    fn only_what_is_needed_and_not_allowed_is_lacking() {
        use Operation::{DescribeConfigs, Read, Write};
        let needs = [Write, DescribeConfigs];
        assert_eq!(lacking(&needs, &[]), needs);
        assert_eq!(lacking(&needs, &[Read, Write]), [DescribeConfigs]);
        assert_eq!(lacking(&needs, &[DescribeConfigs, Write, Read]), []);
    }

    #[test]
    fn a_failure_names_account_right_and_resource() {
        let told = |code, username| {
            let error = KafkaError::MessageConsumption(code);
            reading_failure(&error, &account(username), "orders", "orderGroup")
        };
        assert_eq!(
            told(RDKafkaErrorCode::GroupAuthorizationFailed, Some("mall")),
            "the account mall lacks the right Read on the group orderGroup"
        );
        assert_eq!(
            told(RDKafkaErrorCode::TopicAuthorizationFailed, None),
            "this client lacks the right Read on the topic orders"
        );
        let other = told(RDKafkaErrorCode::PollExceeded, Some("mall"));
        assert!(!other.contains("right"), "{other}");
    }
}
