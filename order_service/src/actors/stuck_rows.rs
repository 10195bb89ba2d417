//! What waits aside because somebody else holds a row: behind each such row its own line, of which the first tries again now and
//! then, ever more rarely; when it gets through, all of its line may. Pure: the times are told, the clock is the journal's.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crate::ports::order_store::StoreRow;

const FIRST_DELAY: Duration = Duration::from_millis(10);
const LAST_DELAY: Duration = Duration::from_secs(1);

/// The lines. `T` is what waits.
#[derive(Debug)]
pub struct StuckRows<T> {
    lines: HashMap<StoreRow, Line<T>>,
}

#[derive(Debug)]
struct Line<T> {
    members: VecDeque<T>,
    /// Doubled with each try that fails.
    delay: Duration,
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
        let line = Line {
            members: VecDeque::from([member]),
            delay: FIRST_DELAY,
        };
        self.lines.insert(row.clone(), line);
        Some(FIRST_DELAY)
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
        line.delay = (line.delay * 2).min(LAST_DELAY);
        Some(line.delay)
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
    use super::*;

    const ROW: StoreRow = StoreRow::Item(1);
    const OTHER: StoreRow = StoreRow::Item(2);

    #[test]
    fn given_a_line_then_its_first_tries_and_the_others_follow_when_it_gets_through() {
        let mut stuck = StuckRows::default();
        assert_eq!(stuck.join(&ROW, 'a'), Some(FIRST_DELAY));
        assert_eq!(stuck.join(&ROW, 'b'), None, "one try a line");
        assert_eq!(stuck.join(&OTHER, 'x'), Some(FIRST_DELAY));
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

        let delays: Vec<Duration> = (0..10)
            .map(|_| {
                let first = stuck.next_to_try(&ROW).unwrap();
                assert_eq!(first, 'a');
                stuck.come_back(&ROW, first).unwrap()
            })
            .collect();

        assert_eq!(delays[0], FIRST_DELAY * 2);
        assert!(delays.is_sorted());
        assert_eq!(delays.last(), Some(&LAST_DELAY));
        assert_eq!(stuck.release(&ROW), ['a', 'b']);
    }

    #[test]
    fn given_a_row_that_was_released_then_the_next_who_is_stuck_begins_anew() {
        let mut stuck = StuckRows::default();
        stuck.join(&ROW, 'a');
        assert_eq!(stuck.next_to_try(&ROW), Some('a'));
        stuck.come_back(&ROW, 'a');
        assert_eq!(stuck.release(&ROW), ['a']);

        assert_eq!(stuck.next_to_try(&ROW), None);
        assert_eq!(stuck.join(&ROW, 'b'), Some(FIRST_DELAY));
    }
}
