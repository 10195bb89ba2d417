//! Evidence → verdicts: what must hold of any mall after any run, however it was disturbed. Pure; must not know how evidence is found.

mod answers;
mod denials;
mod drained;
mod money;
mod one_at_a_time;
mod processes;
mod recovery;
mod requests;
mod rest;
mod shelves;
mod terminal;
mod truth;

#[cfg(test)]
pub(crate) mod samples;

use crate::evidence::Evidence;

/// What an invariant says of some evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// The invariant.
    pub(crate) name: &'static str,
    /// What it means.
    pub(crate) meaning: &'static str,
    /// What was looked at, with its numbers.
    pub(crate) counted: String,
    /// What does not hold.
    pub(crate) violations: Vec<Violation>,
}

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) about: About,
    /// What is wrong with it.
    pub(crate) what: String,
}

/// What a violation is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum About {
    Order(String),
    Item(i64),
    Mall,
}

/// Every invariant's verdict.
pub(crate) fn judge(evidence: &Evidence) -> Vec<Verdict> {
    [
        shelves::stock,
        shelves::coupons,
        shelves::prices,
        requests::one_order_a_request,
        answers::answers,
        truth::answered_truth,
        denials::denials,
        terminal::terminal,
        money::money,
        one_at_a_time::one_at_a_time,
        drained::replies,
        drained::drained,
        drained::dead_letters,
        recovery::recovery,
        rest::rest,
        processes::processes,
    ]
    .map(|invariant| invariant(evidence))
    .into()
}

/// Gathers violations.
#[derive(Default)]
struct Findings(Vec<Violation>);

impl Findings {
    fn order(&mut self, order: &str, what: impl Into<String>) {
        self.0.push(Violation {
            about: About::Order(order.to_owned()),
            what: what.into(),
        });
    }

    fn item(&mut self, item: i64, what: impl Into<String>) {
        self.0.push(Violation {
            about: About::Item(item),
            what: what.into(),
        });
    }

    fn mall(&mut self, what: impl Into<String>) {
        self.0.push(Violation {
            about: About::Mall,
            what: what.into(),
        });
    }

    fn verdict(self, name: &'static str, meaning: &'static str, counted: String) -> Verdict {
        Verdict {
            name,
            meaning,
            counted,
            violations: self.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_a_sound_mall_then_every_invariant_holds() {
        let evidence = samples::sound();
        for verdict in judge(&evidence) {
            assert_eq!(verdict.violations, [], "{}", verdict.name);
        }
    }

    #[test]
    fn given_no_evidence_then_nothing_is_violated() {
        assert!(
            judge(&Evidence::default())
                .iter()
                .all(|verdict| verdict.violations.is_empty())
        );
    }
}
