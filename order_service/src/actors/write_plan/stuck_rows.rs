//! Stuck rows: each has a line of what is parked behind it. The first in the line tries again from time to time, less and less often;
//! when it gets through, the whole line may go on. So one row costs one try at a time, however many transitions need it. Knows no clock:
//! it tells delays, with jitter, so that lines and services that began together don't try together.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use crate::ports::order_store::StoreRow;

/// About as long as another service's batch takes, which is the usual reason.
const FIRST_DELAY: Duration = Duration::from_millis(10);
/// Without the jitter, which at most doubles it. A person who holds a row for long should not be kept from it by tries.
const LAST_DELAY: Duration = Duration::from_secs(1);

/// The lines. `T` is what is parked.
#[derive(Debug)]
pub(super) struct StuckRows<T> {
    lines: HashMap<StoreRow, Line<T>>,
}

#[derive(Debug)]
struct Line<T> {
    members: VecDeque<T>,
    /// Before each further try.
    delays: ExponentialBackoff,
}

impl<T> Line<T> {
    fn new(member: T, seed: u64) -> Self {
        let delays = ExponentialBuilder::default()
            .with_min_delay(FIRST_DELAY)
            .with_max_delay(LAST_DELAY)
            .with_jitter()
            .with_jitter_seed(seed)
            .without_max_times();
        Self {
            members: VecDeque::from([member]),
            delays: delays.build(),
        }
    }

    fn next_delay(&mut self) -> Duration {
        self.delays.next().unwrap_or(LAST_DELAY)
    }
}

impl<T> Default for StuckRows<T> {
    fn default() -> Self {
        Self {
            lines: HashMap::new(),
        }
    }
}

impl<T> StuckRows<T> {
    /// Whether the row is stuck.
    pub(super) fn contains(&self, row: &StoreRow) -> bool {
        self.lines.contains_key(row)
    }

    /// Whether no row is.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Puts one at the end of the row's line. A new line's first is due for a try after the returned time; `seed` makes the line's jitter.
    pub(super) fn join(&mut self, row: &StoreRow, member: T, seed: u64) -> Option<Duration> {
        if let Some(line) = self.lines.get_mut(row) {
            line.members.push_back(member);
            return None;
        }
        let mut line = Line::new(member, seed);
        let delay = line.next_delay();
        self.lines.insert(row.clone(), line);
        Some(delay)
    }

    /// Takes out the one that tries now. The line stays, though it may be empty, until [`release`](Self::release) or
    /// [`come_back`](Self::come_back).
    pub(super) fn next_to_try(&mut self, row: &StoreRow) -> Option<T> {
        self.lines.get_mut(row)?.members.pop_front()
    }

    /// Takes back to the head of its line the one that has tried and failed. Its next try is due after the returned time.
    ///
    /// # Panics
    /// When the row has no line: only the one that tries may end it.
    pub(super) fn come_back(&mut self, row: &StoreRow, member: T) -> Duration {
        let Some(line) = self.lines.get_mut(row) else {
            panic!("{row} was released while one tried for it");
        };
        line.members.push_front(member);
        line.next_delay()
    }

    /// Ends the line. Those behind the one that has tried come in their order.
    pub(super) fn release(&mut self, row: &StoreRow) -> VecDeque<T> {
        self.lines
            .remove(row)
            .map(|line| line.members)
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const ROW: StoreRow = StoreRow::Item(1);
    const OTHER: StoreRow = StoreRow::Item(2);

    /// Whether a delay is `least` with the jitter.
    fn is_about(delay: Duration, least: Duration) -> bool {
        (least..=2 * least).contains(&delay)
    }

    mod a_line {
        use super::*;

        #[test]
        fn has_one_try_at_a_time_and_all_others_follow_when_it_gets_through() {
            let mut stuck = StuckRows::default();
            assert!(stuck.join(&ROW, 'a', 1).is_some());
            assert_eq!(stuck.join(&ROW, 'b', 2), None);
            assert!(stuck.join(&OTHER, 'x', 3).is_some());
            assert_eq!(stuck.next_to_try(&ROW), Some('a'));
            assert_eq!(stuck.join(&ROW, 'c', 4), None, "its try is out");

            assert_eq!(stuck.release(&ROW), ['b', 'c']);

            assert!(!stuck.contains(&ROW));
            assert_eq!(stuck.release(&OTHER), ['x']);
            assert!(stuck.is_empty());
        }

        #[test]
        fn keeps_the_first_first_when_it_fails() {
            let mut stuck = StuckRows::default();
            stuck.join(&ROW, 'a', 1);
            stuck.join(&ROW, 'b', 2);
            for _ in 0..3 {
                let first = stuck.next_to_try(&ROW).unwrap();
                assert_eq!(first, 'a');
                stuck.come_back(&ROW, first);
            }
            assert_eq!(stuck.release(&ROW), ['a', 'b']);
        }
    }

    mod tries {
        use super::*;

        #[test]
        fn become_rarer_up_to_a_maximum() {
            let mut stuck = StuckRows::default();
            let mut delay = stuck.join(&ROW, 'a', 1).unwrap();
            for nth in 0..=10 {
                let least = (FIRST_DELAY * (1 << nth)).min(LAST_DELAY);
                assert!(is_about(delay, least), "{nth}: {delay:?}");
                let first = stuck.next_to_try(&ROW).unwrap();
                delay = stuck.come_back(&ROW, first);
            }
        }

        #[test]
        fn begin_anew_after_a_release() {
            let mut stuck = StuckRows::default();
            stuck.join(&ROW, 'a', 1);
            for _ in 0..5 {
                let first = stuck.next_to_try(&ROW).unwrap();
                stuck.come_back(&ROW, first);
            }
            assert_eq!(stuck.release(&ROW), ['a']);

            assert_eq!(stuck.next_to_try(&ROW), None);
            let delay = stuck.join(&ROW, 'b', 1).unwrap();
            assert!(is_about(delay, FIRST_DELAY));
        }

        #[test]
        fn of_lines_that_begin_together_are_not_together() {
            let mut stuck = StuckRows::default();
            let delays: HashSet<_> = (0..100)
                .map(|item| stuck.join(&StoreRow::Item(item), item, item.unsigned_abs()))
                .collect();
            assert!(delays.len() > 50, "{} delays", delays.len());
        }
    }
}
