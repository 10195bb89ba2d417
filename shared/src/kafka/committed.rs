//! What is committed with an offset: of which making of the topic it is. Pure.
//!
//! Kafka keeps offsets by the topic's name. When a topic is deleted and made again, members that have not noticed commit offsets of the old
//! one, and the brokers take them. Whoever began there would skip the new topic's records.

use topic_ids::TopicId;

const PREFIX: &str = "topic=";

/// The text to be committed with an offset of the topic with this id.
#[must_use]
pub fn mark(id: &TopicId) -> String {
    format!("{PREFIX}{id}")
}

/// Whether an offset that was committed with this text is one of the topic with this id. Other members, such as Spring's, commit other
/// texts or none: theirs are believed, as nothing tells more.
#[must_use]
pub fn is_of(committed_with: &str, id: &TopicId) -> bool {
    committed_with
        .strip_prefix(PREFIX)
        .is_none_or(|found| found == id.as_str())
}

/// How many records a group has before it, in a partition with offsets from `low` to `end`, of which it has committed `committed`.
/// A group that has committed nothing, or something outside of the log, begins at `low`.
#[must_use]
pub fn lag(committed: Option<i64>, low: i64, end: i64) -> i64 {
    let next = committed
        .filter(|offset| (low..=end).contains(offset))
        .unwrap_or(low);
    (end - next).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    mod a_committed_offset {
        use super::*;

        #[test]
        fn counts_for_its_own_topic_and_without_a_mark_for_any() {
            let id = TopicId::new("a");
            assert!(is_of(&mark(&id), &id));
            assert!(!is_of(&mark(&TopicId::new("b")), &id));
            for foreign in ["", "spring", "NO_METADATA"] {
                assert!(is_of(foreign, &id), "{foreign}");
            }
        }
    }

    mod the_lag {
        use super::*;

        #[test]
        fn is_what_lies_between_the_commit_and_the_end() {
            for (committed, expected) in [
                (Some(7), 2),
                (Some(9), 0),
                (Some(3), 6),
                (None, 6),
                // Cut by retention.
                (Some(1), 6),
                // Of a topic that was made again.
                (Some(12), 6),
            ] {
                assert_eq!(lag(committed, 3, 9), expected, "{committed:?}");
            }
        }

        #[test]
        fn is_zero_in_an_empty_log() {
            assert_eq!(lag(None, 4, 4), 0);
            assert_eq!(lag(Some(400), 0, 0), 0);
        }
    }
}
