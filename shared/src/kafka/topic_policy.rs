//! What a topic's settings mean for the records that are written to it. Pure.

use std::fmt;

/// What a topic is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Commands: each has its order's number as key.
    Commands,
    /// Replies, which have no keys, as Spring's have none.
    Replies,
    /// Records that could not be handled, with the keys that they had, or none.
    DeadLetters,
}

/// The settings of a topic that matter, as the brokers tell them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicPolicy {
    /// `cleanup.policy`.
    pub cleanup_policy: String,
    /// `min.insync.replicas`.
    pub min_insync_replicas: usize,
    /// `max.message.bytes`.
    pub max_message_bytes: usize,
    /// How many replicas its partitions have.
    pub replicas: usize,
}

/// Something about a topic that will hurt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Concern {
    /// The brokers refuse every record without a key.
    RefusesKeyless,
    /// Compaction removes all but the last command of an order, read or not.
    RemovesCommands,
    /// The brokers acknowledge records that fewer replicas have than they are set to want.
    FewReplicas {
        /// `min.insync.replicas`.
        wanted: usize,
        /// How many there are.
        replicas: usize,
    },
    /// The brokers refuse larger records, although they may be valid.
    SmallRecords {
        /// `max.message.bytes`.
        max_bytes: usize,
    },
}

impl fmt::Display for Concern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RefusesKeyless => formatter.write_str(
                "cleanup.policy has compact, so the brokers refuse records without keys, which is what is written to it",
            ),
            Self::RemovesCommands => formatter.write_str(
                "cleanup.policy has compact, so commands may be removed before they are read",
            ),
            Self::FewReplicas { wanted, replicas } => write!(
                formatter,
                "min.insync.replicas is {wanted}, but there are {replicas} replicas, and the brokers acknowledge records that these have"
            ),
            Self::SmallRecords { max_bytes } => write!(
                formatter,
                "max.message.bytes is {max_bytes}, so the brokers refuse larger orders; Kafka's default is {USUAL_MAX_BYTES}"
            ),
        }
    }
}

/// Kafka's default for `max.message.bytes`. Each valid command and reply fits.
const USUAL_MAX_BYTES: usize = 1_048_588;
/// The body of a request has at most 64 KiB; names, prices and other members make a reply of the same lines several times as large.
const LARGEST_RECORD: usize = 512 * 1024;

impl TopicPolicy {
    /// What will hurt a topic for this purpose.
    #[must_use]
    pub fn concerns(&self, purpose: Purpose) -> Vec<Concern> {
        let mut concerns = Vec::new();
        if self.is_compacted() {
            concerns.push(match purpose {
                Purpose::Commands => Concern::RemovesCommands,
                Purpose::Replies | Purpose::DeadLetters => Concern::RefusesKeyless,
            });
        }
        if self.min_insync_replicas > self.replicas {
            concerns.push(Concern::FewReplicas {
                wanted: self.min_insync_replicas,
                replicas: self.replicas,
            });
        }
        if self.max_message_bytes < LARGEST_RECORD {
            concerns.push(Concern::SmallRecords {
                max_bytes: self.max_message_bytes,
            });
        }
        concerns
    }

    fn is_compacted(&self) -> bool {
        let mut policies = self.cleanup_policy.split(',');
        policies.any(|policy| policy.trim() == "compact")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usual() -> TopicPolicy {
        TopicPolicy {
            cleanup_policy: "delete".to_owned(),
            min_insync_replicas: 1,
            max_message_bytes: USUAL_MAX_BYTES,
            replicas: 1,
        }
    }

    #[test]
    fn kafkas_defaults_are_fine() {
        for purpose in [Purpose::Commands, Purpose::Replies, Purpose::DeadLetters] {
            assert_eq!(usual().concerns(purpose), []);
        }
    }

    #[test]
    fn a_compacted_topic_refuses_replies_and_removes_commands() {
        for cleanup in ["compact", "compact,delete", "delete, compact"] {
            let policy = TopicPolicy {
                cleanup_policy: cleanup.to_owned(),
                ..usual()
            };
            for (purpose, concern) in [
                (Purpose::Commands, Concern::RemovesCommands),
                (Purpose::Replies, Concern::RefusesKeyless),
                (Purpose::DeadLetters, Concern::RefusesKeyless),
            ] {
                assert_eq!(policy.concerns(purpose), [concern]);
            }
        }
    }

    #[test]
    fn fewer_replicas_than_wanted_and_small_records_are_told() {
        let policy = TopicPolicy {
            min_insync_replicas: 2,
            max_message_bytes: 3_000,
            ..usual()
        };
        let few = Concern::FewReplicas {
            wanted: 2,
            replicas: 1,
        };
        let small = Concern::SmallRecords { max_bytes: 3_000 };
        assert_eq!(policy.concerns(Purpose::Commands), [few, small]);
    }
}
