//! The orders that wait for something that no review can do. Pure: a view of what the latest reviews have found, for operators.

use std::collections::{BTreeMap, HashSet};

use shared::order_number::OrderNumber;

use super::review::Hold;

/// The orders on hold, each with its latest reason.
#[derive(Debug, Default)]
pub struct Holds(BTreeMap<OrderNumber, Hold>);

impl Holds {
    /// The most orders that are remembered. Beyond that, orders are still logged, but each time they are reviewed.
    pub const CAPACITY: usize = 10_000;

    /// A review of the order has found this. Returns whether that is news: it was not on hold, or for another reason.
    pub fn is_news(&mut self, number: &OrderNumber, found: Option<Hold>) -> bool {
        let Some(hold) = found else {
            self.0.remove(number);
            return false;
        };
        let is_known = self.0.contains_key(number);
        if !is_known && self.0.len() >= Self::CAPACITY {
            return true;
        }
        self.0.insert(number.clone(), hold) != Some(hold)
    }

    /// Forgets the orders that are no longer due for review, because somebody or another composite has ended their wait.
    pub fn keep_only(&mut self, due: &HashSet<OrderNumber>) {
        self.0.retain(|number, _| due.contains(number));
    }

    /// How many orders wait for this reason.
    #[must_use]
    pub fn count(&self, hold: Hold) -> usize {
        self.0.values().filter(|held| **held == hold).count()
    }

    /// The orders and their reasons, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (&OrderNumber, Hold)> {
        self.0.iter().map(|(number, hold)| (number, *hold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(digits: usize) -> OrderNumber {
        digits.to_string().parse().unwrap()
    }

    const PARTLY: Option<Hold> = Some(Hold::PartlyCancelled);

    mod an_order_on_hold {
        use super::*;

        #[test]
        fn is_news_once_and_again_for_another_reason() {
            let mut holds = Holds::default();
            let news = [PARTLY, PARTLY, Some(Hold::Unfinished), None, PARTLY]
                .map(|found| holds.is_news(&number(1), found));
            assert_eq!(news, [true, false, true, false, true]);
        }

        #[test]
        fn is_counted_until_a_review_finds_nothing_or_it_is_no_longer_due() {
            let mut holds = Holds::default();
            for digits in 1..=3 {
                holds.is_news(&number(digits), PARTLY);
            }
            assert_eq!(holds.count(Hold::PartlyCancelled), 3);
            assert_eq!(holds.count(Hold::Unfinished), 0);
            holds.is_news(&number(1), None);
            holds.keep_only(&HashSet::from([number(1), number(3)]));
            assert_eq!(
                holds.iter().collect::<Vec<_>>(),
                [(&number(3), Hold::PartlyCancelled)]
            );
        }
    }

    #[test]
    fn no_more_orders_are_remembered_than_there_is_room_for() {
        let mut holds = Holds::default();
        for digits in 1..=Holds::CAPACITY + 1 {
            assert!(holds.is_news(&number(digits), PARTLY));
        }
        assert_eq!(holds.count(Hold::PartlyCancelled), Holds::CAPACITY);
        assert!(holds.is_news(&number(Holds::CAPACITY + 1), PARTLY));
        assert!(!holds.is_news(&number(1), PARTLY));
    }
}
