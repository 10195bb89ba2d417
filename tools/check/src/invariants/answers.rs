//! answers: who asks a composite that runs hears something in time.

use crate::evidence::Evidence;
use crate::invariants::verdict::{Findings, Verdict};
use crate::told::Told;

/// Nobody waits for all its signals in vain, unless the composite that it asked was ended or stood still meanwhile, or was not ready
/// again. Whatever else is away, a composite says so in its own time. A connection that is refused or lost is heard at once: it is no
/// silence.
pub(super) fn answers(evidence: &Evidence) -> Verdict {
    let mut findings = Findings::default();
    let mut excused = 0;
    for told in &evidence.told {
        if !told.has_waited_in_vain() {
            continue;
        }
        if is_excused(told, evidence) {
            excused += 1;
            continue;
        }
        let what = format!(
            "visit {} has asked composite {} and heard nothing for {} ms, and nothing had silenced it",
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
        "who asks a composite that runs hears something in time",
        format!(
            "{} requests, {excused} to composites that could not answer",
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

    #[test]
    fn given_silence_until_the_time_out_then_answers_says_so() {
        only(&silent(1_000, 1_000 + signals()), "answers");
    }

    #[test]
    fn given_a_shopper_who_hangs_up_early_then_that_is_lawful() {
        let evidence = silent(1_000, 1_000 + signals() - 1);
        assert_eq!(answers(&evidence).violations, []);
    }

    #[test]
    fn given_a_composite_that_was_struck_meanwhile_then_its_silence_is_lawful_and_no_others() {
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
