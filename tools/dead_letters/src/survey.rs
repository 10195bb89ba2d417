//! All letters of some topics, which of them wait, and which may go back. Pure: must not know where records come from.

use crate::letter::{Letter, MAX_REDRIVES, redriven_offset};
use crate::record_id::RecordId;
use rdkafka::message::Message;
use std::collections::{BTreeMap, BTreeSet};

/// The letters that were found, and the names of those that went back.
#[derive(Debug, Default)]
pub struct Survey {
    letters: BTreeMap<RecordId, Letter>,
    redriven: BTreeSet<RecordId>,
}

impl Survey {
    /// Takes note of a record, be it a letter or a marker.
    pub fn add(&mut self, record: &impl Message) {
        match redriven_offset(record) {
            Some(offset) => {
                self.redriven.insert(RecordId {
                    offset,
                    ..RecordId::of(record)
                });
            }
            None => {
                let letter = Letter::read(record);
                self.letters.insert(letter.id.clone(), letter);
            }
        }
    }

    /// Whether that letter went back.
    pub fn is_redriven(&self, id: &RecordId) -> bool {
        self.redriven.contains(id)
    }

    /// The letters, oldest first; those that went back only when they are wanted, too.
    pub fn letters(&self, redriven_too: bool) -> Vec<&Letter> {
        let wanted = |letter: &&Letter| redriven_too || !self.is_redriven(&letter.id);
        let mut letters: Vec<&Letter> = self.letters.values().filter(wanted).collect();
        letters.sort_by_key(|letter| (letter.millis, &letter.id));
        letters
    }

    /// The letter of that name.
    pub fn letter(&self, id: &RecordId) -> Option<&Letter> {
        self.letters.get(id)
    }

    /// Why a letter may not go back; `force` overrules all but what can't be done.
    pub fn refusal(&self, letter: &Letter, force: bool) -> Option<String> {
        if letter.origin.topic.is_none() {
            Some("its headers do not say which topic it came from".to_owned())
        } else if force {
            None
        } else if self.is_redriven(&letter.id) {
            Some("it has been redriven already (--force does it again)".to_owned())
        } else if letter.redrives >= MAX_REDRIVES {
            let redrives = letter.redrives;
            Some(format!(
                "it has come back after {redrives} redrives (--force does it once more)"
            ))
        } else {
            None
        }
    }
}

/// Each name once, in the order in which they came.
pub fn distinct(ids: &[RecordId]) -> Vec<RecordId> {
    let mut seen = BTreeSet::new();
    ids.iter().filter(|id| seen.insert(*id)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::letter::marker_headers;
    use rdkafka::Timestamp;
    use rdkafka::message::{Header, OwnedHeaders, OwnedMessage};
    use shared::kafka::dead_letters::{ORIGINAL_TOPIC, REDRIVES};

    fn record(topic: &str, offset: i64, millis: i64, headers: OwnedHeaders) -> OwnedMessage {
        let time = Timestamp::CreateTime(millis);
        OwnedMessage::new(None, None, topic.into(), time, 0, offset, Some(headers))
    }

    fn origin() -> OwnedHeaders {
        OwnedHeaders::new().insert(Header {
            key: ORIGINAL_TOPIC,
            value: Some("orders"),
        })
    }

    fn after(redrives: i32) -> OwnedHeaders {
        origin().insert(Header {
            key: REDRIVES,
            value: Some(&redrives.to_be_bytes()),
        })
    }

    fn survey(records: &[OwnedMessage]) -> Survey {
        let mut survey = Survey::default();
        records.iter().for_each(|record| survey.add(record));
        survey
    }

    fn names(letters: &[&Letter]) -> Vec<String> {
        letters.iter().map(|letter| letter.id.to_string()).collect()
    }

    mod letters {
        use super::*;

        #[test]
        fn are_sorted_by_age_without_markers() {
            let survey = survey(&[
                record("orders-dlt", 0, 30, origin()),
                record("orders-dlt", 1, 10, origin()),
                record("orders-dlt", 2, 40, marker_headers(0)),
                record("composite-dlt", 0, 20, origin()),
            ]);
            assert_eq!(
                names(&survey.letters(false)),
                ["orders-dlt/0/1", "composite-dlt/0/0"]
            );
            assert_eq!(
                names(&survey.letters(true)),
                ["orders-dlt/0/1", "composite-dlt/0/0", "orders-dlt/0/0"]
            );
        }

        #[test]
        fn do_not_include_markers_by_name() {
            let survey = survey(&[record("orders-dlt", 2, 40, marker_headers(0))]);
            let id = "orders-dlt/0/2".parse().unwrap();
            assert_eq!(survey.letter(&id), None);
        }
    }

    mod refusal {
        use super::*;

        #[test]
        fn of_a_redriven_letter_is_overruled_by_force() {
            let survey = survey(&[
                record("orders-dlt", 0, 1, origin()),
                record("orders-dlt", 1, 1, marker_headers(0)),
            ]);
            let letter = survey.letters(true)[0];
            let refusal = survey.refusal(letter, false).unwrap();
            assert!(refusal.contains("redriven already"), "{refusal}");
            assert_eq!(survey.refusal(letter, true), None);
        }

        #[test]
        fn of_a_letter_that_keeps_coming_back_is_overruled_by_force() {
            let survey = survey(&[
                record("orders-dlt", 0, 1, after(MAX_REDRIVES - 1)),
                record("orders-dlt", 1, 2, after(MAX_REDRIVES)),
            ]);
            let letters = survey.letters(false);
            assert_eq!(survey.refusal(letters[0], false), None);
            let refusal = survey.refusal(letters[1], false).unwrap();
            assert!(refusal.contains("3 redrives"), "{refusal}");
            assert_eq!(survey.refusal(letters[1], true), None);
        }

        #[test]
        fn of_a_letter_without_origin_is_not_overruled() {
            let survey = survey(&[record("orders-dlt", 0, 1, OwnedHeaders::new())]);
            assert!(survey.refusal(survey.letters(false)[0], true).is_some());
        }
    }

    #[test]
    fn distinct_names_keep_their_order() {
        let id = |text: &str| text.parse::<RecordId>().unwrap();
        let given = [id("b/0/1"), id("a/0/2"), id("b/0/01")];
        assert_eq!(distinct(&given), [id("b/0/1"), id("a/0/2")]);
    }
}
