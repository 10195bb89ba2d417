//! replies: every command is answered. drained: nothing is left in hand. dead letters: they are the records that were no commands.

use crate::evidence::{Evidence, Position};
use crate::invariants::verdict::{Findings, Verdict};
use std::collections::BTreeSet;

const ORDERS: &str = "orders";

/// Every record of the commands' topic that asks for a reply has got one at least: its offset was not committed before.
pub(super) fn replies(evidence: &Evidence) -> Verdict {
    let mut findings = Findings::default();
    let records = &evidence.records;
    let replied: BTreeSet<&str> = records
        .replies
        .iter()
        .filter_map(|reply| reply.correlation.as_deref())
        .collect();
    let mut asking = 0;
    for command in &records.commands {
        let Some(correlation) = &command.correlation else {
            continue;
        };
        asking += 1;
        if !replied.contains(correlation.as_str()) {
            let Position { partition, offset } = command.position;
            let kind = command.kind.as_deref().unwrap_or("a record");
            let what = format!("{kind} at {ORDERS}/{partition}/{offset} was never replied to");
            match &command.order {
                Some(order) => findings.order(order, what),
                None => findings.mall(what),
            }
        }
    }
    findings.verdict(
        "replies",
        "every command that asks for a reply has got one",
        format!("{asking} commands, {} replies", records.replies.len()),
    )
}

/// The order services have committed everything; and once all had time to end, no service has anything in hand.
pub(super) fn drained(evidence: &Evidence) -> Verdict {
    let mut findings = Findings::default();
    for (partition, lag) in &evidence.records.lag {
        if *lag != 0 {
            findings.mall(format!(
                "{lag} records of {ORDERS}/{partition} are not committed"
            ));
        }
    }
    for in_hand in evidence.in_hand.iter().filter(|_| evidence.is_final) {
        if in_hand.count != 0 {
            let (service, what) = (&in_hand.service, &in_hand.what);
            findings.mall(format!("{service}: {what} is {}", in_hand.count));
        }
    }
    findings.verdict(
        "drained",
        "every command is committed, and in the end no service has anything in hand",
        format!(
            "{} partitions, {} numbers of what is in hand",
            evidence.records.lag.len(),
            evidence.in_hand.len()
        ),
    )
}

/// Each record that was no command is among the dead letters, and nothing else is. One may be there twice: whoever dies between
/// setting it aside and committing does it again.
pub(super) fn dead_letters(evidence: &Evidence) -> Verdict {
    let mut findings = Findings::default();
    let records = &evidence.records;
    let poisons: BTreeSet<Position> = records
        .commands
        .iter()
        .filter(|command| command.is_poison)
        .map(|command| command.position)
        .collect();
    let mut set_aside = BTreeSet::new();
    for letter in &records.letters {
        match &letter.origin {
            Some((topic, origin)) if topic == ORDERS && poisons.contains(origin) => {
                set_aside.insert(*origin);
            }
            origin => findings.mall(format!(
                "{}/{}/{} is the dead letter of {origin:?}, which was no poison: {}",
                letter.topic, letter.position.partition, letter.position.offset, letter.cause
            )),
        }
    }
    for Position { partition, offset } in poisons.difference(&set_aside) {
        findings.mall(format!(
            "{ORDERS}/{partition}/{offset} is no command, and it is not among the dead letters"
        ));
    }
    findings.verdict(
        "dead letters",
        "they are the records that were no commands",
        format!(
            "{} poison records, {} letters",
            poisons.len(),
            records.letters.len()
        ),
    )
}

#[cfg(test)]
mod tests {
    use crate::evidence::Position;
    use crate::invariants::samples::{only, sound};

    #[test]
    fn given_a_command_without_a_reply_then_replies_says_so() {
        let mut evidence = sound();
        evidence.records.replies.remove(0);
        assert!(
            only(&evidence, "replies")[0]
                .what
                .contains("never replied to")
        );
    }

    #[test]
    fn given_two_replies_to_one_command_then_that_is_lawful() {
        let mut evidence = sound();
        let again = evidence.records.replies[0].clone();
        evidence.records.replies.push(again);
        assert!(super::replies(&evidence).violations.is_empty());
    }

    #[test]
    fn given_lag_then_drained_says_so() {
        let mut evidence = sound();
        evidence.records.lag.insert(1, 3);
        only(&evidence, "drained");
    }

    #[test]
    fn given_a_purchase_that_is_under_way_at_the_very_end_then_drained_says_so() {
        let mut evidence = sound();
        evidence.in_hand[0].count = 1;
        assert_eq!(super::drained(&evidence).violations, []);
        evidence.is_final = true;
        let found = super::drained(&evidence).violations;
        assert_eq!(found[0].what, "composite-service: purchases_under_way is 1");
    }

    #[test]
    fn given_a_dead_letter_of_a_sound_record_then_dead_letters_says_so() {
        let mut evidence = sound();
        let mut letter = evidence.records.letters[0].clone();
        letter.origin = Some((
            "orders".into(),
            Position {
                partition: 0,
                offset: 0,
            },
        ));
        evidence.records.letters.push(letter.clone());
        letter.origin = None;
        evidence.records.letters.push(letter);
        assert_eq!(only(&evidence, "dead letters").len(), 2);
    }

    #[test]
    fn given_poison_that_is_nowhere_then_dead_letters_says_so() {
        let mut evidence = sound();
        evidence.records.letters.clear();
        only(&evidence, "dead letters");
    }

    #[test]
    fn given_poison_that_was_set_aside_twice_then_that_is_lawful() {
        let mut evidence = sound();
        let again = evidence.records.letters[0].clone();
        evidence.records.letters.push(again);
        assert!(super::dead_letters(&evidence).violations.is_empty());
    }
}
