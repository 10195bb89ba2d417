//! What waits aside because somebody else holds a row, or because the store fails with an order: behind each such row its own line, of
//! which the first tries again now and then, ever more rarely; when it gets through, all of its line may. Knows no clock: the delays are
//! told, with jitter, so that lines and services that began together do not try together.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use crate::ports::order_store::StoreRow;

const FIRST_DELAY: Duration = Duration::from_millis(10);
/// Without the jitter, which at most doubles it.
const LAST_DELAY: Duration = Duration::from_secs(1);

/// The lines. `T` is what waits.
#[derive(Debug)]
pub struct StuckRows<T> {
    lines: HashMap<StoreRow, Line<T>>,
}

#[derive(Debug)]
struct Line<T> {
    members: VecDeque<T>,
    /// Before each further try.
    delays: ExponentialBackoff,
}

impl<T> Line<T> {
    fn new(member: T) -> Self {
        let delays = ExponentialBuilder::default()
            .with_min_delay(FIRST_DELAY)
            .with_max_delay(LAST_DELAY)
            .with_jitter()
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
    /// Whether there is a line behind this row.
    #[must_use]
    pub fn contains(&self, row: &StoreRow) -> bool {
        self.lines.contains_key(row)
    }

    /// Puts one at the end of the row's line. A new line's first is due for a try after the returned time.
    pub fn join(&mut self, row: &StoreRow, member: T) -> Option<Duration> {
        if let Some(line) = self.lines.get_mut(row) {
            line.members.push_back(member);
            return None;
        }
        let mut line = Line::new(member);
        let delay = line.next_delay();
        self.lines.insert(row.clone(), line);
        Some(delay)
    }

    /// Who tries now. The line stays, until [`release`](Self::release) or [`come_back`](Self::come_back).
    pub fn next_to_try(&mut self, row: &StoreRow) -> Option<T> {
        self.lines.get_mut(row)?.members.pop_front()
    }

    /// Takes back to the head of its line who has tried in vain. Its next try is due after the returned time.
    pub fn come_back(&mut self, row: &StoreRow, member: T) -> Option<Duration> {
        let Some(line) = self.lines.get_mut(row) else {
            return self.join(row, member);
        };
        line.members.push_front(member);
        Some(line.next_delay())
    }

    /// Ends the line: the row is free. Those who waited come in their order.
    pub fn release(&mut self, row: &StoreRow) -> VecDeque<T> {
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
    fn is_about(delay: Option<Duration>, least: Duration) -> bool {
        delay.is_some_and(|delay| (least..=2 * least).contains(&delay))
    }

    #[test]
    fn given_a_line_then_its_first_tries_and_the_others_follow_when_it_gets_through() {
        let mut stuck = StuckRows::default();
        assert!(is_about(stuck.join(&ROW, 'a'), FIRST_DELAY));
        assert_eq!(stuck.join(&ROW, 'b'), None, "one try a line");
        assert!(is_about(stuck.join(&OTHER, 'x'), FIRST_DELAY));
        assert_eq!(stuck.next_to_try(&ROW), Some('a'));
        assert_eq!(stuck.join(&ROW, 'c'), None, "its try is out");

        assert_eq!(stuck.release(&ROW), ['b', 'c']);

        assert!(!stuck.contains(&ROW));
        assert_eq!(stuck.release(&OTHER), ['x']);
    }

    #[test]
    fn given_tries_in_vain_then_they_keep_their_place_and_become_rarer_up_to_a_maximum() {
        let mut stuck = StuckRows::default();
        stuck.join(&ROW, 'a');
        stuck.join(&ROW, 'b');

        for nth in 1..=10 {
            let first = stuck.next_to_try(&ROW).unwrap();
            assert_eq!(first, 'a');
            let delay = stuck.come_back(&ROW, first);
            let least = (FIRST_DELAY * (1 << nth)).min(LAST_DELAY);
            assert!(is_about(delay, least), "{nth}: {delay:?}");
        }

        assert_eq!(stuck.release(&ROW), ['a', 'b']);
    }

    #[test]
    fn given_many_lines_that_begin_together_then_they_do_not_try_together() {
        let mut stuck = StuckRows::default();
        let delays: HashSet<_> = (0..100)
            .map(|item| stuck.join(&StoreRow::Item(item), item))
            .collect();
        assert!(delays.len() > 50, "{} delays", delays.len());
    }

    #[test]
    fn given_a_row_that_was_released_then_the_next_who_is_stuck_begins_anew() {
        let mut stuck = StuckRows::default();
        stuck.join(&ROW, 'a');
        assert_eq!(stuck.next_to_try(&ROW), Some('a'));
        stuck.come_back(&ROW, 'a');
        assert_eq!(stuck.release(&ROW), ['a']);

        assert_eq!(stuck.next_to_try(&ROW), None);
        assert!(is_about(stuck.join(&ROW, 'b'), FIRST_DELAY));
    }
}
