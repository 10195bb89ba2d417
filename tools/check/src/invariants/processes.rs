//! processes: the mall's parts neither end nor panic by themselves.

use crate::evidence::Evidence;
use crate::faults::FaultKind;
use crate::invariants::verdict::{Findings, Verdict};
use crate::keeper::{End, Reason};
use crate::told::Millis;

/// So long after a fault of the database an order service may still end for want of an answer: it waits two minutes and a half for a
/// connection, and its end is noticed some time later.
const STUCK_UNTIL: Millis = 180_000;

/// Nothing panics, and nothing ends by itself but a service that says why, after a fault that took from it what it can't do without.
pub(super) fn processes(evidence: &Evidence) -> Verdict {
    let mut findings = Findings::default();
    for end in &evidence.ends {
        if !is_provoked(end, evidence) {
            findings.mall(format!("{end}, and no fault explains it"));
        }
    }
    for panic in &evidence.panics {
        findings.mall(panic.clone());
    }
    findings.verdict(
        "processes",
        "no part panics, or ends by itself without a fault that explains it",
        format!(
            "{} ended by themselves, {} panics",
            evidence.ends.len(),
            evidence.panics.len()
        ),
    )
}

fn is_provoked(end: &End, evidence: &Evidence) -> bool {
    let explains: fn(FaultKind) -> bool = match end.reason {
        Reason::DatabaseSilent => FaultKind::hides_database,
        Reason::ProducerLost => FaultKind::hides_kafka,
        Reason::Unknown => return false,
    };
    // a producer may notice only when it sends again
    let until = |ready: Millis| match end.reason {
        Reason::DatabaseSilent => ready + STUCK_UNTIL,
        Reason::ProducerLost | Reason::Unknown => Millis::MAX,
    };
    evidence.strikes.iter().any(|strike| {
        explains(strike.fault) && strike.struck <= end.at && end.at <= until(strike.ready)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariants::samples::{only, sound, strike};

    fn ended(at: Millis, reason: Reason) -> End {
        End {
            name: "order-service".into(),
            status: "signal: 6".into(),
            at,
            reason,
        }
    }

    #[test]
    fn given_an_end_without_a_fault_or_for_no_reason_then_processes_says_so() {
        for (fault, reason) in [
            (FaultKind::KillOrder, Reason::DatabaseSilent),
            (FaultKind::MuteOrderKafka, Reason::DatabaseSilent),
            (FaultKind::MuteDb, Reason::ProducerLost),
            (FaultKind::MuteDb, Reason::Unknown),
        ] {
            let mut evidence = sound();
            evidence.strikes.push(strike(fault, 1_000, 5_000));
            evidence.ends.push(ended(6_000, reason));
            only(&evidence, "processes");
        }
    }

    #[test]
    fn given_an_end_that_a_fault_explains_then_that_is_lawful_for_its_time() {
        let mut evidence = sound();
        evidence
            .strikes
            .push(strike(FaultKind::MuteDb, 10_000, 15_000));
        evidence.ends = vec![ended(45_000, Reason::DatabaseSilent)];
        assert_eq!(processes(&evidence).violations, []);
        for at in [9_000, 15_001 + STUCK_UNTIL] {
            evidence.ends = vec![ended(at, Reason::DatabaseSilent)];
            only(&evidence, "processes");
        }
        evidence.strikes = vec![strike(FaultKind::KillBroker, 10_000, 15_000)];
        evidence.ends = vec![ended(900_000, Reason::ProducerLost)];
        assert_eq!(processes(&evidence).violations, []);
    }

    #[test]
    fn given_a_panic_then_processes_says_so_with_its_words() {
        let mut evidence = sound();
        evidence
            .panics
            .push("order-service: thread 'main' panicked at src/app.rs:7:3: no".into());
        assert!(only(&evidence, "processes")[0].what.contains("app.rs:7"));
    }
}
