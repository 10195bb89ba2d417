//! What is known of a topic: whether it is there, and which making of it. Pure; times are measured from some fixed start.

use std::time::Duration;

pub use topic_ids::TopicId;

/// How long a topic may be missing before it is made again here. Somebody who deletes a topic by hand to make it again has so much time.
pub const MAKE_AFTER: Duration = Duration::from_secs(10);

/// What the brokers say of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sighting {
    /// It is there.
    There(TopicId),
    /// It is there, and refuses what is written to it.
    Refusing,
    /// They don't have it.
    Missing,
    /// They don't answer, or don't say.
    Unseen,
}

/// What is known of a topic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum TopicState {
    /// No broker has answered yet.
    #[default]
    Unknown,
    /// The brokers don't have it.
    Missing,
    /// It is there, and refuses what is written to it: it is set so.
    Refusing,
    /// It is there.
    There(TopicId),
}

/// What a sighting tells that was not known before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// It is there; first seen, or back as it was.
    Found(TopicId),
    /// The brokers don't have it any more, or have never had it.
    Lost,
    /// It is set so that it refuses what is written to it.
    Refuses,
    /// It was deleted, and another one has its name.
    MadeAgain {
        /// The topic that was there before.
        before: TopicId,
        /// The topic that is there now.
        now: TopicId,
    },
}

/// What was seen of a topic so far.
#[derive(Debug, Default)]
pub struct TopicHistory {
    state: TopicState,
    /// The last one that was there, even if it is missing now.
    last: Option<TopicId>,
    missing_since: Option<Duration>,
}

impl TopicHistory {
    /// What is known now.
    #[must_use]
    pub fn state(&self) -> &TopicState {
        &self.state
    }

    /// Takes in what the brokers say. A topic that nobody tells of is as it was.
    pub fn see(&mut self, sighting: Sighting, now: Duration) -> Option<News> {
        let state = match sighting {
            Sighting::Unseen => return None,
            Sighting::Missing => TopicState::Missing,
            Sighting::Refusing => TopicState::Refusing,
            Sighting::There(id) => TopicState::There(id),
        };
        self.missing_since = match state {
            TopicState::Missing => self.missing_since.or(Some(now)),
            TopicState::There(_) | TopicState::Refusing | TopicState::Unknown => None,
        };
        if self.state == state {
            return None;
        }
        self.state = state.clone();
        match state {
            TopicState::There(id) => Some(match self.last.replace(id.clone()) {
                Some(before) if before != id => News::MadeAgain { before, now: id },
                Some(_) | None => News::Found(id),
            }),
            TopicState::Refusing => Some(News::Refuses),
            TopicState::Missing | TopicState::Unknown => Some(News::Lost),
        }
    }

    /// Whether it has been missing for so long that nobody else will make it.
    #[must_use]
    pub fn is_to_be_made(&self, now: Duration) -> bool {
        self.missing_since
            .is_some_and(|since| now.saturating_sub(since) >= MAKE_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(100);

    fn there(id: &str) -> Sighting {
        Sighting::There(TopicId::new(id))
    }

    mod a_topic {
        use super::*;

        #[test]
        fn stays_known_while_no_broker_answers() {
            let mut history = TopicHistory::default();
            assert_eq!(history.see(Sighting::Unseen, NOW), None);
            assert_eq!(*history.state(), TopicState::Unknown);
            assert_eq!(
                history.see(there("a"), NOW),
                Some(News::Found(TopicId::new("a")))
            );
            assert_eq!(history.see(Sighting::Unseen, NOW), None);
            assert_eq!(*history.state(), TopicState::There(TopicId::new("a")));
        }

        #[test]
        fn that_has_another_id_was_made_again_whether_or_not_it_was_missing_meanwhile() {
            for was_missed in [false, true] {
                let mut history = TopicHistory::default();
                history.see(there("a"), NOW);
                if was_missed {
                    assert_eq!(history.see(Sighting::Missing, NOW), Some(News::Lost));
                }
                let made_again = News::MadeAgain {
                    before: TopicId::new("a"),
                    now: TopicId::new("b"),
                };
                assert_eq!(history.see(there("b"), NOW), Some(made_again));
                assert_eq!(history.see(there("b"), NOW), None);
            }
        }

        #[test]
        fn that_comes_back_with_its_id_is_the_same() {
            let mut history = TopicHistory::default();
            history.see(there("a"), NOW);
            history.see(Sighting::Missing, NOW);
            assert_eq!(
                history.see(there("a"), NOW),
                Some(News::Found(TopicId::new("a")))
            );
        }
    }

    mod a_topic_that_refuses_records {
        use super::*;

        #[test]
        fn is_not_used_until_it_takes_them() {
            let mut history = TopicHistory::default();
            history.see(there("a"), NOW);
            assert_eq!(history.see(Sighting::Refusing, NOW), Some(News::Refuses));
            assert_eq!(*history.state(), TopicState::Refusing);
            assert!(!history.is_to_be_made(NOW + MAKE_AFTER));
            assert_eq!(
                history.see(there("a"), NOW),
                Some(News::Found(TopicId::new("a")))
            );
        }
    }

    mod a_missing_topic {
        use super::*;

        #[test]
        fn is_made_when_it_has_been_missing_for_long_without_a_break() {
            let mut history = TopicHistory::default();
            let later = NOW + MAKE_AFTER - Duration::from_millis(1);
            history.see(Sighting::Missing, NOW);
            history.see(Sighting::Unseen, later);
            assert!(!history.is_to_be_made(later));
            assert!(history.is_to_be_made(NOW + MAKE_AFTER));
            history.see(there("a"), later);
            history.see(Sighting::Missing, NOW + MAKE_AFTER);
            assert!(!history.is_to_be_made(NOW + MAKE_AFTER));
        }
    }
}
