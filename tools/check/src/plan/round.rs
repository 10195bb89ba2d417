//! What happens in one round, and when.

use crate::faults::FaultKind;
use crate::plan::chance::chance;
use crate::plan::strikes::{self, Strike};
use crate::plan::{Shelf, Visit, VisitName};
use std::time::Duration;

/// What happens in one round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Round {
    /// The seed of the whole run.
    pub(crate) seed: u64,
    /// Its place in the run, from 1.
    pub(crate) number: u32,
    /// What is for sale.
    pub(crate) shelf: Shelf,
    /// The faults, in their order.
    pub(crate) strikes: Vec<Strike>,
    /// When, from the round's beginning, a record that is no command is sent.
    pub(crate) poisons: Vec<Duration>,
}

impl Round {
    /// The round of that number, with the faults that were dealt to it.
    pub(crate) fn new(seed: u64, number: u32, faults: &[FaultKind]) -> Self {
        Self {
            seed,
            number,
            shelf: Shelf::of_round(number),
            strikes: strikes::timetable(&mut chance(seed, &[number.into(), 1]), faults),
            poisons: strikes::poisons(&mut chance(seed, &[number.into(), 2])),
        }
    }

    /// What the buyer does when it comes for the `nth` time.
    pub(crate) fn visit(&self, buyer: u32, nth: u32) -> Visit {
        let name = VisitName {
            seed: self.seed,
            round: self.number,
            buyer,
            nth,
        };
        let mut chance = chance(
            self.seed,
            &[self.number.into(), 3, buyer.into(), nth.into()],
        );
        Visit::choose(name, &self.shelf, &mut chance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Course, Forgery, Shopper};
    use std::collections::BTreeSet;

    fn round(seed: u64) -> Round {
        Round::new(seed, 3, FaultKind::ALL)
    }

    fn visits(round: &Round) -> Vec<Visit> {
        (0..20)
            .flat_map(|buyer| (0..50).map(move |nth| (buyer, nth)))
            .map(|(buyer, nth)| round.visit(buyer, nth))
            .collect()
    }

    mod the_plan_depends_on_the_seed {
        use super::*;

        #[test]
        fn and_on_nothing_else() {
            assert_eq!(round(7), round(7));
            assert_eq!(visits(&round(7)), visits(&round(7)));
        }

        #[test]
        fn so_another_seed_gives_another_plan() {
            assert_ne!(round(7).strikes, round(8).strikes);
            assert_ne!(visits(&round(7)), visits(&round(8)));
        }
    }

    #[test]
    fn a_thousand_visits_have_every_kind_of_behaviour() {
        let round = round(1);
        let visits = visits(&round);
        let hot = round.shelf.items[0].id;
        let count = |holds: &dyn Fn(&Visit) -> bool| visits.iter().filter(|v| holds(v)).count();
        let at_once = |prefix: &'static str| move |visit: &Visit| matches!(&visit.course, Course::PayAtOnce(p) if p.key.starts_with(prefix));
        for (what, found) in [
            (
                "hot item",
                count(&|v| v.lines.iter().any(|line| line.item == hot)),
            ),
            ("several lines", count(&|v| v.lines.len() > 1)),
            ("coupon", count(&|v| v.coupon.is_some())),
            ("declined", count(&at_once("decline-"))),
            ("lost answer of the gateway", count(&at_once("lose-"))),
            ("slow payment", count(&at_once("slow-"))),
            ("abandoned", count(&|v| v.course == Course::Abandon)),
            (
                "rivals",
                count(&|v| matches!(v.course, Course::PayLater { rival: Some(_), .. })),
            ),
            (
                "rejected meanwhile",
                count(&|v| matches!(v.course, Course::RejectedMeanwhile(_))),
            ),
            (
                "impatient with a key",
                count(&|v| v.gives_up_after.is_some() && v.key.is_some()),
            ),
            (
                "impatient without a key",
                count(&|v| v.gives_up_after.is_some() && v.key.is_none()),
            ),
            ("twice at once", count(&|v| v.is_doubled)),
            (
                "key used for another request",
                count(&|v| v.misuses_its_key),
            ),
            ("forgery", count(&|v| v.forgery.is_some())),
        ] {
            assert!(found >= 5, "{what}: {found} of {}", visits.len());
        }
    }

    #[test]
    fn three_of_four_buyers_are_members_and_every_forgery_is_tried() {
        let visits = visits(&round(1));
        let guests = visits
            .iter()
            .filter(|v| v.name.shopper() == Shopper::Guest)
            .count();
        assert_eq!(guests * 4, visits.len());
        let forgeries: BTreeSet<Forgery> = visits.iter().filter_map(|v| v.forgery).collect();
        assert_eq!(forgeries.len(), Forgery::ALL.len());
    }

    #[test]
    fn keys_are_used_once() {
        let visits = visits(&round(1));
        let keys: Vec<&str> = visits.iter().filter_map(|v| v.key.as_deref()).collect();
        assert_eq!(keys.len(), keys.iter().collect::<BTreeSet<_>>().len());
        let payments: Vec<&str> = visits
            .iter()
            .flat_map(Visit::payments)
            .map(|payment| payment.key.as_str())
            .collect();
        assert_eq!(
            payments.len(),
            payments.iter().collect::<BTreeSet<_>>().len()
        );
    }
}
