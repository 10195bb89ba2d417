//! replies: every command is answered. drained: no work is left over. dead letters: exactly the poison records were set aside.

use crate::evidence::{Command, Evidence, Position};
use crate::invariants::verdict::{Findings, Verdict};
use std::collections::{BTreeMap, BTreeSet};

const ORDERS: &str = "orders";

/// Every record of the commands' topic that asks for a reply gets at least one, because its offset is committed only afterwards. Those that
/// were lost with a topic are left out; whatever was committed before, or written into the new topic, is not.
pub(super) fn replies(evidence: &Evidence) -> Verdict {
    let mut findings = Findings::default();
    let records = &evidence.records;
    let replied: BTreeSet<&str> = records
        .replies
        .iter()
        .filter_map(|reply| reply.correlation.as_deref())
        .collect();
    let (mut asking, mut lost) = (0, 0);
    for command in &records.commands {
        let Some(correlation) = &command.correlation else {
            continue;
        };
        if evidence.may_lack_answer(command) {
            lost += 1;
            continue;
        }
        asking += 1;
        if !replied.contains(correlation.as_str()) {
            let Position { partition, offset } = command.position;
            let kind = command.kind.as_deref().unwrap_or("a record");
            let what = format!("{kind} at {ORDERS}/{partition}/{offset} got no reply");
            match &command.order {
                Some(order) => findings.order(order, what),
                None => findings.mall(what),
            }
        }
    }
    findings.verdict(
        "replies",
        "every command that asks for a reply gets one",
        format!(
            "{asking} commands, {lost} more excused by a deleted topic, {} replies",
            records.replies.len()
        ),
    )
}

/// The order services have committed everything; and when everything had time to finish, no service has unfinished work.
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
        "every command is committed, and in the end no service has unfinished work",
        format!(
            "{} partitions, {} gauges of unfinished work",
            evidence.records.lag.len(),
            evidence.in_hand.len()
        ),
    )
}

/// Every poison record is among the dead letters, and nothing else is. One may be there twice: a service that is killed after setting
/// it aside and before committing does so again after its restart.
pub(super) fn dead_letters(evidence: &Evidence) -> Verdict {
    let mut findings = Findings::default();
    let records = &evidence.records;
    let commands = records.commands.iter();
    let poisons: BTreeMap<&str, &Command> = commands
        .filter_map(|command| Some((command.poison.as_deref()?, command)))
        .collect();
    let mut set_aside = BTreeSet::new();
    for letter in &records.letters {
        match (&letter.origin, letter.poison.as_deref()) {
            (Some((topic, origin)), Some(name))
                if topic == ORDERS && is_from(&poisons, name, *origin) =>
            {
                set_aside.insert(name);
            }
            (origin, _) => findings.mall(format!(
                "{}/{}/{} is the dead letter of {origin:?}, which was not a poison record: {}",
                letter.topic, letter.position.partition, letter.position.offset, letter.cause
            )),
        }
    }
    for (name, command) in &poisons {
        if !set_aside.contains(name) && !evidence.may_lack_answer(command) {
            let Position { partition, offset } = command.position;
            findings.mall(format!(
                "{ORDERS}/{partition}/{offset} is a poison record, but not among the dead letters"
            ));
        }
    }
    findings.verdict(
        "dead letters",
        "exactly the poison records are set aside",
        format!(
            "{} poison records, {} letters",
            poisons.len(),
            records.letters.len()
        ),
    )
}

/// Whether the poison record of that name was there, as far as its place is known: it may have been lost with its topic.
fn is_from(poisons: &BTreeMap<&str, &Command>, name: &str, place: Position) -> bool {
    poisons
        .get(name)
        .is_none_or(|command| command.position == place)
}

#[cfg(test)]
mod tests {
    use crate::evidence::Position;
    use crate::faults::FaultKind;
    use crate::invariants::samples::{only, sound, strike};

    mod replies {
        use super::*;

        #[test]
        fn violated_by_a_command_without_one() {
            let mut evidence = sound();
            evidence.records.replies.remove(0);
            assert!(only(&evidence, "replies")[0].what.contains("got no reply"));
        }

        #[test]
        fn may_be_missing_when_the_command_was_lost_with_its_topic() {
            let mut evidence = sound();
            evidence.records.replies.remove(0);
            evidence.records.commands[0].is_lost = true;
            assert!(super::super::replies(&evidence).violations.is_empty());
        }

        #[test]
        fn may_be_missing_when_it_was_lost_with_the_replies_topic() {
            let mut evidence = sound();
            evidence.records.replies.remove(0);
            evidence.records.commands[0].at = 15_000;
            let by = |fault| vec![strike(fault, 10_000, 20_000)];
            evidence.strikes = by(FaultKind::RecreateOrders);
            only(&evidence, "replies");
            evidence.strikes = by(FaultKind::RecreateComposite);
            assert!(super::super::replies(&evidence).violations.is_empty());
            evidence.records.commands[0].at = 20_001;
            only(&evidence, "replies");
        }

        #[test]
        fn may_come_twice() {
            let mut evidence = sound();
            let again = evidence.records.replies[0].clone();
            evidence.records.replies.push(again);
            assert!(super::super::replies(&evidence).violations.is_empty());
        }
    }

    mod drained {
        use super::*;

        #[test]
        fn violated_by_lag() {
            let mut evidence = sound();
            evidence.records.lag.insert(1, 3);
            only(&evidence, "drained");
        }

        #[test]
        fn violated_by_unfinished_work_at_the_end() {
            let mut evidence = sound();
            evidence.in_hand[0].count = 1;
            assert_eq!(super::super::drained(&evidence).violations, []);
            evidence.is_final = true;
            let found = super::super::drained(&evidence).violations;
            assert_eq!(found[0].what, "composite-service: purchases_under_way is 1");
        }
    }

    mod dead_letters {
        use super::*;

        #[test]
        fn violated_by_one_of_a_valid_record() {
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
            letter.poison = None;
            evidence.records.letters.push(letter);
            assert_eq!(only(&evidence, "dead letters").len(), 2);
        }

        #[test]
        fn violated_by_poison_without_one() {
            let mut evidence = sound();
            evidence.records.letters.clear();
            only(&evidence, "dead letters");
            let poison = evidence.records.commands.last_mut().unwrap();
            poison.is_lost = true;
            assert!(super::super::dead_letters(&evidence).violations.is_empty());
        }

        #[test]
        fn may_be_of_poison_that_was_lost_with_its_topic() {
            let mut evidence = sound();
            evidence.records.commands.pop();
            assert!(super::super::dead_letters(&evidence).violations.is_empty());
        }

        #[test]
        fn may_come_twice() {
            let mut evidence = sound();
            let again = evidence.records.letters[0].clone();
            evidence.records.letters.push(again);
            assert!(super::super::dead_letters(&evidence).violations.is_empty());
        }
    }
}
