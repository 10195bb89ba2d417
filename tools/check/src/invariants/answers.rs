//! answers: a running composite answers every request in time.

use crate::evidence::Evidence;
use crate::invariants::verdict::{Findings, Verdict};
use crate::told::Told;

/// A request may go unanswered for 15 s only if its composite was killed or paused meanwhile, or was not ready again yet. Whatever
/// else is missing (Kafka, the gateway, the order service), a composite must say so itself. A connection that is refused or lost counts
/// as an answer: the shopper notices at once.
pub(super) fn answers(evidence: &Evidence) -> Verdict {
    let mut findings = Findings::default();
    let mut excused = 0;
    for told in &evidence.told {
        if !told.timed_out() {
            continue;
        }
        if is_excused(told, evidence) {
            excused += 1;
            continue;
        }
        let what = format!(
            "visit {}: composite {} did not answer for {} ms, and no fault had killed or paused it",
            told.visit,
            told.composite,
            told.ended - told.begun
        );
        match told.order() {
            Some(order) => findings.order(order, what),
            None => findings.mall(what),
        }
    }
    findings.verdict(
        "answers",
        "a request may go unanswered for 15 s only if its composite was killed or paused",
        format!(
            "{} requests, {excused} unanswered by a killed or paused composite",
            evidence.told.len()
        ),
    )
}

fn is_excused(told: &Told, evidence: &Evidence) -> bool {
    evidence.strikes.iter().any(|strike| {
        strike.silenced.has(told.composite)
            && told.begun <= strike.ready
            && told.ended >= strike.struck
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::{FaultKind, Silenced};
    use crate::invariants::samples::{HELD, only, sound, strike, told};
    use crate::recovery::Struck;
    use crate::told::{ANSWER_TIMEOUT, Answer, Millis, Request};

    /// Asked composite 0 from that time on, and left at that.
    fn silent(begun: Millis, ended: Millis) -> Evidence {
        let request = Request::Read { order: HELD.into() };
        let mut evidence = sound();
        evidence.told.push(Told {
            ended,
            ..told(request, begun, Answer::Nothing("no answer in time".into()))
        });
        evidence
    }

    fn signals() -> Millis {
        ANSWER_TIMEOUT.as_millis().try_into().unwrap()
    }

    mod violated {
        use super::*;

        #[test]
        fn by_a_request_without_an_answer() {
            only(&silent(1_000, 1_000 + signals()), "answers");
        }
    }

    mod kept {
        use super::*;

        #[test]
        fn when_the_shopper_gives_up_early() {
            let evidence = silent(1_000, 1_000 + signals() - 1);
            assert_eq!(answers(&evidence).violations, []);
        }

        #[test]
        fn when_the_composite_was_killed_or_paused_meanwhile() {
            let by = |fault, silenced, struck, ready| {
                let mut evidence = silent(10_000, 10_000 + signals());
                evidence.strikes.push(Struck {
                    silenced,
                    ..strike(fault, struck, ready)
                });
                evidence
            };
            let pause = FaultKind::PauseComposite;
            for (struck, ready) in [(5_000, 10_000), (12_000, 16_000), (25_000, 26_000)] {
                for silenced in [Silenced::One(0), Silenced::All] {
                    let evidence = by(pause, silenced, struck, ready);
                    assert_eq!(answers(&evidence).violations, [], "{struck}");
                }
            }
            for evidence in [
                by(pause, Silenced::One(1), 12_000, 16_000),
                by(pause, Silenced::One(0), 5_000, 9_999),
                by(pause, Silenced::One(0), 25_001, 30_000),
                by(
                    FaultKind::MuteCompositeKafka,
                    Silenced::Nobody,
                    12_000,
                    16_000,
                ),
            ] {
                only(&evidence, "answers");
            }
        }
    }
}
