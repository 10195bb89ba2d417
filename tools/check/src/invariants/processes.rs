//! processes: no part of the mall panics or exits by itself.

use crate::evidence::Evidence;
use crate::faults::FaultKind;
use crate::invariants::verdict::{Findings, Verdict};
use crate::keeper::{End, Reason};
use crate::told::Millis;

/// How long after a fault of the database an order service may still exit because of it: the service waits two and a half minutes for
/// the database, and the check notices the exit some time later.
const STUCK_UNTIL: Millis = 180_000;

/// Nothing panics, and nothing exits by itself except a service that logs why, after a fault that took away what it needs.
pub(super) fn processes(evidence: &Evidence) -> Verdict {
    let mut findings = Findings::default();
    for end in &evidence.ends {
        if !is_provoked(end, evidence) {
            findings.mall(format!("{end}, and no fault explains that"));
        }
    }
    for panic in &evidence.panics {
        findings.mall(panic.clone());
    }
    findings.verdict(
        "processes",
        "no part panics, or exits by itself without a fault that explains it",
        format!(
            "{} exited by themselves, {} panics",
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

    mod violated {
        use super::*;

        #[test]
        fn by_an_exit_without_fault_or_reason() {
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
        fn by_a_panic() {
            let mut evidence = sound();
            evidence
                .panics
                .push("order-service: thread 'main' panicked at src/app.rs:7:3: no".into());
            assert!(only(&evidence, "processes")[0].what.contains("app.rs:7"));
        }
    }

    mod kept {
        use super::*;

        #[test]
        fn by_an_exit_that_a_recent_fault_explains() {
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
    }
}
