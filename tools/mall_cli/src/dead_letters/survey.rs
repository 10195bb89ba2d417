//! All letters of some topics, which of them wait, and which may go back. Pure: must not know where records come from.

use crate::dead_letters::letter::{Letter, MAX_REDRIVES, redriven_offset};
use crate::dead_letters::record_id::RecordId;
use rdkafka::message::Message;
use std::collections::{BTreeMap, BTreeSet};

/// The letters that were found, and the names of those that went back.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    letters: BTreeMap<RecordId, Letter>,
    redriven: BTreeSet<RecordId>,
}

impl Survey {
    /// Takes note of a record, be it a letter or a marker.
    pub(crate) fn add(&mut self, record: &impl Message) {
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
    pub(crate) fn is_redriven(&self, id: &RecordId) -> bool {
        self.redriven.contains(id)
    }

    /// The letters, oldest first; those that went back only when they are wanted, too.
    pub(crate) fn letters(&self, redriven_too: bool) -> Vec<&Letter> {
        let wanted = |letter: &&Letter| redriven_too || !self.is_redriven(&letter.id);
        let mut letters: Vec<&Letter> = self.letters.values().filter(wanted).collect();
        letters.sort_by_key(|letter| (letter.millis, &letter.id));
        letters
    }

    /// The letter of that name.
    pub(crate) fn letter(&self, id: &RecordId) -> Option<&Letter> {
        self.letters.get(id)
    }

    /// Why a letter may not go back; `force` overrules all but what can't be done.
    pub(crate) fn refusal(&self, letter: &Letter, force: bool) -> Option<String> {
        if letter.origin.topic.is_none() {
            Some("it does not say which topic it came from".to_owned())
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
pub(crate) fn distinct(ids: &[RecordId]) -> Vec<RecordId> {
    let mut seen = BTreeSet::new();
    ids.iter().filter(|id| seen.insert(*id)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dead_letters::letter::marker_headers;
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

    #[test]
    fn given_letters_of_two_topics_when_selected_then_the_oldest_is_first_and_no_marker_is_among_them()
     {
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
    fn given_a_marker_when_looked_for_then_it_is_no_letter() {
        let survey = survey(&[record("orders-dlt", 2, 40, marker_headers(0))]);
        let id = "orders-dlt/0/2".parse().unwrap();
        assert_eq!(survey.letter(&id), None);
    }

    #[test]
    fn given_a_letter_that_went_back_when_it_shall_again_then_only_force_does_it() {
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
    fn given_a_letter_that_keeps_coming_back_when_it_shall_go_again_then_only_force_does_it() {
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
    fn given_a_letter_of_unknown_origin_when_it_shall_go_back_then_even_force_does_not_help() {
        let survey = survey(&[record("orders-dlt", 0, 1, OwnedHeaders::new())]);
        assert!(survey.refusal(survey.letters(false)[0], true).is_some());
    }

    #[test]
    fn given_a_name_twice_when_made_distinct_then_it_is_there_once_and_the_order_is_kept() {
        let id = |text: &str| text.parse::<RecordId>().unwrap();
        let given = [id("b/0/1"), id("a/0/2"), id("b/0/01")];
        assert_eq!(distinct(&given), [id("b/0/1"), id("a/0/2")]);
    }
}
