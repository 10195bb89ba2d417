//! How the mall came through each fault: from the journal and the times of the strikes. Pure.

use crate::faults::{FaultKind, Silenced};
use crate::told::{Millis, Request, Told};

/// A fault that came and went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Struck {
    pub(crate) fault: FaultKind,
    /// Who could not answer meanwhile.
    pub(crate) silenced: Silenced,
    pub(crate) struck: Millis,
    /// It had gone; what it had ended was started again, and not ready yet.
    pub(crate) healed: Millis,
    /// What it had struck was ready.
    pub(crate) ready: Millis,
}

/// What a service said of itself while a fault kept its topic away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Starved {
    pub(crate) fault: FaultKind,
    pub(crate) service: String,
    /// Why it is not ready; none when it never said that.
    pub(crate) reason: Option<String>,
}

/// What shoppers noticed of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recovery {
    pub(crate) fault: FaultKind,
    /// The longest time without any success, from the strike on.
    pub(crate) outage: Millis,
    /// From the end of the fault to the next success; none when there was none in the whole round.
    pub(crate) after_heal: Option<Millis>,
    /// From the end of the fault until every composite had sold something; none when one sold nothing in the whole round.
    pub(crate) everywhere: Option<Millis>,
    /// The longest that a success took.
    pub(crate) slowest: Millis,
}

/// Each strike's recovery, of so many composites; its time ends where the next strike begins, or at `end`.
pub(crate) fn recoveries(
    told: &[Told],
    strikes: &[Struck],
    composites: usize,
    end: Millis,
) -> Vec<Recovery> {
    let ends = strikes.iter().skip(1).map(|next| next.struck).chain([end]);
    strikes
        .iter()
        .zip(ends)
        .map(|(strike, end)| recovery(told, strike, composites, end))
        .collect()
}

fn recovery(told: &[Told], strike: &Struck, composites: usize, end: Millis) -> Recovery {
    let within = |told: &&Told| told.ended >= strike.struck && told.ended < end;
    let successes: Vec<&Told> = told
        .iter()
        .filter(|told| told.is_success())
        .filter(within)
        .collect();
    let mut times: Vec<Millis> = successes.iter().map(|told| told.ended).collect();
    times.sort_unstable();
    let from = [strike.struck].into_iter().chain(times.iter().copied());
    let to = times.iter().copied().chain([end]);
    let outage = from.zip(to).map(|(from, to)| to - from).max().unwrap_or(0);
    // however many faults have come since
    let sold_by: Vec<Option<Millis>> = (0..composites)
        .map(|composite| first_sale(told, composite, strike.healed))
        .map(|sale| sale.map(|at| at - strike.healed))
        .collect();
    let took = |told: &Told| told.ended - told.begun;
    let slowest = successes
        .into_iter()
        .filter(|told| !is_slow_by_itself(told))
        .map(took)
        .max();
    Recovery {
        fault: strike.fault,
        outage,
        after_heal: sold_by.iter().copied().flatten().min(),
        everywhere: sold_by
            .into_iter()
            .collect::<Option<Vec<Millis>>>()
            .and_then(|sold| sold.into_iter().max()),
        slowest: slowest.unwrap_or(0),
    }
}

/// When that composite first told a success, from that time on.
pub(crate) fn first_sale(told: &[Told], composite: usize, from: Millis) -> Option<Millis> {
    told.iter()
        .filter(|told| told.composite == composite && told.is_success() && told.ended >= from)
        .map(|told| told.ended)
        .min()
}

/// The payment simulator takes its time with such a payment.
fn is_slow_by_itself(told: &Told) -> bool {
    match &told.request {
        Request::Place { payment, .. } => payment
            .as_ref()
            .is_some_and(|(key, _)| key.starts_with("slow-")),
        Request::Pay { payment, .. } => payment.starts_with("slow-"),
        Request::Cancel { .. } | Request::Read { .. } | Request::Reject { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::VisitName;
    use crate::told::{Answer, Said};

    fn bought(begun: Millis, ended: Millis, http: u16, payment: &str) -> Told {
        let visit = VisitName {
            seed: 1,
            round: 1,
            buyer: 1,
            nth: 1,
        };
        let said = Said {
            http,
            ..Said::default()
        };
        Told {
            visit,
            composite: 0,
            request: Request::Place {
                lines: Vec::new(),
                coupon: None,
                payment: Some((payment.into(), 1)),
            },
            key: None,
            misuses_key: false,
            begun,
            ended,
            answer: Answer::Said(said),
        }
    }

    fn strike(struck: Millis, healed: Millis) -> Struck {
        Struck {
            fault: FaultKind::KillOrder,
            silenced: Silenced::Nobody,
            struck,
            healed,
            ready: healed,
        }
    }

    #[test]
    fn a_recovery_has_the_outage_and_the_slowest_success() {
        let told = [
            bought(900, 950, 200, "pay-1"),
            bought(990, 1_100, 200, "pay-2"),
            bought(1_000, 3_600, 200, "pay-3"),
            bought(1_000, 4_000, 503, "pay-4"),
            bought(1_000, 4_100, 200, "slow-5"),
        ];
        let found = recoveries(&told, &[strike(1_000, 3_000)], 1, 5_000);
        let expected = Recovery {
            fault: FaultKind::KillOrder,
            outage: 2_500,
            after_heal: Some(600),
            everywhere: Some(600),
            slowest: 2_600,
        };
        assert_eq!(found, [expected]);
    }

    #[test]
    fn without_success_the_outage_lasts_to_the_next_strike() {
        let found = recoveries(&[], &[strike(1_000, 2_000), strike(5_000, 6_000)], 1, 9_000);
        assert_eq!((found[0].outage, found[0].after_heal), (4_000, None));
        assert_eq!(found[1].outage, 4_000);
    }

    #[test]
    fn all_has_recovered_when_the_last_composite_sells() {
        let mut told = [
            bought(1_000, 3_600, 200, "pay-1"),
            bought(1_000, 2_000, 200, "pay-2"),
            bought(4_000, 4_200, 200, "pay-3"),
        ];
        told[1].composite = 1;
        let strike = [strike(1_000, 3_000)];
        let found = recoveries(&told, &strike, 2, 5_000);
        assert_eq!(
            (found[0].after_heal, found[0].everywhere),
            (Some(600), None)
        );
        told[2].composite = 1;
        let found = recoveries(&told, &strike, 2, 5_000);
        assert_eq!(found[0].everywhere, Some(1_200));
    }
}
