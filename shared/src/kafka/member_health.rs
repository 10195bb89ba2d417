//! Whether a group member does its work: it is in the group, and reads the topic that is there. Pure; times are measured from some fixed
//! start. The words are for the public answer of readiness, so they hold nothing of a library's.

use std::fmt;
use std::time::Duration;

use rdkafka::error::RDKafkaErrorCode;

use crate::kafka::rights::Lack;
use crate::kafka::topic_state::{TopicId, TopicState};

/// How long a member may be outside of its group before it counts: each rebalance is a moment outside, and lasts until all others have
/// come back.
pub const MISSED_AFTER: Duration = Duration::from_secs(10);
/// How long reading may fail before another member is tried in its place.
pub const RENEW_AFTER: Duration = Duration::from_secs(20);

/// Why joining or reading fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The group's other members use assignors that we don't have.
    OtherAssignor,
    /// The brokers don't allow it.
    NotAuthorised,
    /// Something else; the log has the client's words.
    Other,
}

impl Trouble {
    /// What this error of a poll tells. `None` for those that pass by themselves, or that are told otherwise: brokers that are away by the
    /// probe, a missing topic by [`TopicState`].
    #[must_use]
    pub fn of(code: RDKafkaErrorCode) -> Option<Self> {
        use RDKafkaErrorCode as Code;
        match code {
            Code::InconsistentGroupProtocol => Some(Self::OtherAssignor),
            Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::ClusterAuthorizationFailed => Some(Self::NotAuthorised),
            Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::Resolve
            | Code::OperationTimedOut
            | Code::RequestTimedOut
            | Code::PartitionEOF
            | Code::UnknownTopic
            | Code::UnknownPartition
            | Code::UnknownTopicOrPartition
            | Code::UnknownTopicId
            | Code::AutoOffsetReset
            | Code::OffsetOutOfRange
            | Code::PollExceeded => None,
            _ => Some(Self::Other),
        }
    }
}

/// What is wrong with a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unwell {
    /// The service may not do what it is there for.
    NotAllowed(Lack),
    /// No broker has told of the topic yet.
    TopicUnknown,
    /// The brokers don't have the topic.
    TopicMissing,
    /// The topic is set so that it refuses what is written to it.
    TopicRefuses,
    /// The topic is another one than the one that is read.
    TopicMadeAgain,
    /// It is not in the group.
    NotAMember(Option<Trouble>),
    /// It is in the group, and can't read.
    NotReading(Trouble),
}

impl Unwell {
    /// In words, about this topic and this group.
    #[must_use]
    pub fn words(&self, topic: &str, group: &str) -> String {
        match self {
            Self::NotAllowed(lack) => format!("this service {lack}"),
            Self::TopicUnknown => {
                format!("the brokers have not told yet whether they have the topic {topic}")
            }
            Self::TopicMissing => format!("the brokers do not have the topic {topic}"),
            Self::TopicRefuses => {
                format!("the topic {topic} is compacted, so it refuses records without keys")
            }
            Self::TopicMadeAgain => {
                format!("the topic {topic} was made again and is not read yet")
            }
            Self::NotAMember(None) => format!("not a member of the group {group}"),
            Self::NotAMember(Some(trouble)) => {
                format!("not a member of the group {group}: {trouble}")
            }
            Self::NotReading(trouble) => format!("the topic {topic} can't be read: {trouble}"),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::OtherAssignor => "its members use another assignor than this service",
            Self::NotAuthorised => "the brokers do not authorise it",
            Self::Other => "the log says why",
        })
    }
}

/// What is known of a member.
#[derive(Debug, Default)]
pub struct MemberHealth {
    /// A right without which the service sells nothing.
    lack: Option<Lack>,
    topic: TopicState,
    /// The topic that the member reads.
    reads: Option<TopicId>,
    /// When it was last seen in the group.
    steady_at: Option<Duration>,
    joining: Option<Trouble>,
    /// Since when reading fails, and why.
    reading: Option<(Duration, Trouble)>,
}

impl MemberHealth {
    /// The brokers say this of the topic.
    pub fn topic(&mut self, state: TopicState) {
        self.topic = state;
    }

    /// The brokers don't grant this right, or grant all that are needed.
    pub fn lacks(&mut self, lack: Option<Lack>) {
        self.lack = lack;
    }

    /// Another member takes the place of the last one; it will read the topic with this id.
    pub fn begin(&mut self, id: TopicId) {
        self.reads = Some(id);
        self.steady_at = None;
        self.joining = None;
        self.reading = None;
    }

    /// Its client says whether it is in the group.
    pub fn seen(&mut self, is_in_group: bool, now: Duration) {
        if is_in_group {
            self.steady_at = Some(now);
            self.joining = None;
        }
    }

    /// A poll has failed.
    pub fn failed(&mut self, code: RDKafkaErrorCode, now: Duration) {
        let Some(trouble) = Trouble::of(code) else {
            return;
        };
        self.joining = Some(trouble);
        let since = self.reading.map_or(now, |(since, _)| since);
        self.reading = Some((since, trouble));
    }

    /// It has read a record, or was given partitions.
    pub fn works(&mut self) {
        self.reading = None;
    }

    /// What is wrong with it at `now`, if anything is.
    #[must_use]
    pub fn unwell(&self, now: Duration) -> Option<Unwell> {
        // First, because it is the cause of most others.
        if let Some(lack) = &self.lack {
            return Some(Unwell::NotAllowed(lack.clone()));
        }
        match (&self.topic, &self.reads) {
            (TopicState::Unknown, _) => return Some(Unwell::TopicUnknown),
            (TopicState::Missing, _) => return Some(Unwell::TopicMissing),
            (TopicState::Refusing, _) => return Some(Unwell::TopicRefuses),
            (TopicState::There(_), None) => return Some(Unwell::NotAMember(None)),
            (TopicState::There(is), Some(reads)) if is != reads => {
                return Some(Unwell::TopicMadeAgain);
            }
            (TopicState::There(_), Some(_)) => {}
        }
        let is_member = self
            .steady_at
            .is_some_and(|at| now.saturating_sub(at) < MISSED_AFTER);
        match self.reading {
            _ if !is_member => Some(Unwell::NotAMember(self.joining)),
            Some((_, trouble)) => Some(Unwell::NotReading(trouble)),
            None => None,
        }
    }

    /// Whether it is to be replaced, because it can't read and does not recover.
    #[must_use]
    pub fn is_to_be_renewed(&self, now: Duration) -> bool {
        self.steady_at.is_some()
            && self
                .reading
                .is_some_and(|(since, _)| now.saturating_sub(since) >= RENEW_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(100);

    fn id(text: &str) -> TopicId {
        TopicId::new(text)
    }

    /// A member that reads the topic that is there.
    fn well() -> MemberHealth {
        let mut health = MemberHealth::default();
        health.topic(TopicState::There(id("a")));
        health.begin(id("a"));
        health.seen(true, NOW);
        health
    }

    mod a_member {
        use super::*;

        #[test]
        fn is_well_when_it_is_in_the_group_of_the_topic_that_is_there() {
            assert_eq!(well().unwell(NOW), None);
        }

        #[test]
        fn is_not_well_before_it_has_joined() {
            let mut health = MemberHealth::default();
            assert_eq!(health.unwell(NOW), Some(Unwell::TopicUnknown));
            health.topic(TopicState::There(id("a")));
            assert_eq!(health.unwell(NOW), Some(Unwell::NotAMember(None)));
            health.begin(id("a"));
            health.seen(false, NOW);
            assert_eq!(health.unwell(NOW), Some(Unwell::NotAMember(None)));
        }

        #[test]
        fn may_be_outside_of_the_group_for_a_moment() {
            let mut health = well();
            health.seen(false, NOW + MISSED_AFTER);
            let just_before = NOW + MISSED_AFTER - Duration::from_millis(1);
            assert_eq!(health.unwell(just_before), None);
            assert_eq!(
                health.unwell(NOW + MISSED_AFTER),
                Some(Unwell::NotAMember(None))
            );
        }

        #[test]
        fn that_nobody_has_seen_for_long_is_not_well() {
            let later = NOW + MISSED_AFTER;
            assert_eq!(well().unwell(later), Some(Unwell::NotAMember(None)));
        }
    }

    mod a_topic_that {
        use super::*;

        #[test]
        fn is_missing_or_another_one_makes_it_unwell_at_once() {
            let mut health = well();
            health.topic(TopicState::Missing);
            assert_eq!(health.unwell(NOW), Some(Unwell::TopicMissing));
            health.topic(TopicState::Refusing);
            assert_eq!(health.unwell(NOW), Some(Unwell::TopicRefuses));
            health.topic(TopicState::There(id("b")));
            assert_eq!(health.unwell(NOW), Some(Unwell::TopicMadeAgain));
            health.begin(id("b"));
            health.seen(true, NOW);
            assert_eq!(health.unwell(NOW), None);
        }
    }

    mod a_right_that_is_missing {
        use super::*;
        use crate::kafka::rights::Operation;

        #[test]
        fn is_told_before_all_else_until_it_is_granted() {
            let mut health = well();
            let (operation, topic) = (Operation::Write, "composite".to_owned());
            health.lacks(Some(Lack { operation, topic }));
            health.topic(TopicState::Unknown);
            let unwell = health.unwell(NOW).unwrap();
            assert_eq!(
                unwell.words("orders", "orderGroup"),
                "this service lacks the right Write on the topic composite"
            );
            health.lacks(None);
            assert_eq!(health.unwell(NOW), Some(Unwell::TopicUnknown));
        }
    }

    mod a_group_that_cant_be_joined {
        use super::*;

        #[test]
        fn is_told_with_its_reason() {
            let mut health = well();
            health.begin(id("a"));
            health.failed(RDKafkaErrorCode::InconsistentGroupProtocol, NOW);
            let unwell = health.unwell(NOW).unwrap();
            assert_eq!(unwell, Unwell::NotAMember(Some(Trouble::OtherAssignor)));
            let words = unwell.words("orders", "orderGroup");
            assert!(words.contains("orderGroup") && words.contains("assignor"));
            assert!(!health.is_to_be_renewed(NOW + RENEW_AFTER));
        }
    }

    mod reading_that_fails {
        use super::*;

        #[test]
        fn is_told_until_a_record_comes() {
            let mut health = well();
            health.failed(RDKafkaErrorCode::TopicAuthorizationFailed, NOW);
            assert_eq!(
                health.unwell(NOW),
                Some(Unwell::NotReading(Trouble::NotAuthorised))
            );
            health.works();
            assert_eq!(health.unwell(NOW), None);
        }

        #[test]
        fn for_long_has_the_member_replaced() {
            let mut health = well();
            health.failed(RDKafkaErrorCode::NotImplemented, NOW);
            health.failed(
                RDKafkaErrorCode::NotImplemented,
                NOW + Duration::from_secs(1),
            );
            assert!(!health.is_to_be_renewed(NOW));
            assert!(health.is_to_be_renewed(NOW + RENEW_AFTER));
        }

        #[test]
        fn because_brokers_are_away_is_the_probes_to_tell() {
            let mut health = well();
            health.failed(RDKafkaErrorCode::AllBrokersDown, NOW);
            health.failed(RDKafkaErrorCode::BrokerTransportFailure, NOW);
            assert_eq!(health.unwell(NOW), None);
        }
    }
}
