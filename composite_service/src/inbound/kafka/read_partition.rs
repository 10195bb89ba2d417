//! How far a partition of replies has been read, and how far that may be committed. Pure.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// A partition that is being read.
#[derive(Debug)]
pub(super) struct ReadPartition {
    /// The offset to read next.
    next: i64,
    /// Replies before this offset were meant for somebody else.
    ours_from: i64,
    /// What the member was last told of it.
    told: Option<i64>,
    /// Records that are being set aside: nothing is committed past the first of them.
    held: BTreeSet<i64>,
    /// When the partition was taken away.
    lost_at: Option<Instant>,
}

impl ReadPartition {
    /// A partition that has just been given to us, which reaches from `low` to `end`. It is read from what the group has committed of
    /// it: what its last owner had not set aside yet is found again. Replies among that are nobody's any more.
    pub(super) fn new(committed: Option<i64>, low: i64, end: i64) -> Self {
        Self {
            next: committed.map_or(end, |offset| offset.min(end).max(low)),
            ours_from: end,
            told: None,
            held: BTreeSet::new(),
            lost_at: None,
        }
    }

    /// The offset to read next.
    pub(super) fn next(&self) -> i64 {
        self.next
    }

    /// Whether a reply there is meant for us.
    pub(super) fn is_ours(&self, offset: i64) -> bool {
        offset >= self.ours_from
    }

    /// Whether somebody else owns it by now, who sets its poison aside.
    pub(super) fn is_lost(&self) -> bool {
        self.lost_at.is_some()
    }

    /// The record there has been dealt with, but for being held.
    pub(super) fn read(&mut self, offset: i64) {
        self.next = offset + 1;
    }

    /// The record there is being set aside; `false` when it was already.
    pub(super) fn hold(&mut self, offset: i64) -> bool {
        self.held.insert(offset)
    }

    /// The record there is set aside.
    pub(super) fn release(&mut self, offset: i64) {
        self.held.remove(&offset);
    }

    /// It is still ours, in a group that has changed.
    pub(super) fn keep(&mut self) {
        self.told = None;
    }

    /// It is ours again: as a new one, but its replies were ours meanwhile.
    pub(super) fn regain(&mut self, found: Self) {
        self.ours_from = self.ours_from.max(self.next);
        self.next = self.next.min(found.next);
        self.lost_at = None;
        self.told = None;
    }

    /// It was taken away.
    pub(super) fn lose(&mut self, now: Instant) {
        self.lost_at.get_or_insert(now);
    }

    /// Whether it was taken away so long ago.
    pub(super) fn is_lost_for(&self, farewell: Duration, now: Instant) -> bool {
        self.lost_at
            .is_some_and(|lost_at| now.duration_since(lost_at) >= farewell)
    }

    /// What the member is to be told, when there is something new.
    pub(super) fn to_tell(&self) -> Option<i64> {
        let safe = self.held.first().copied().unwrap_or(self.next);
        (!self.is_lost() && self.told != Some(safe)).then_some(safe)
    }

    /// The member was told.
    pub(super) fn told(&mut self, offset: i64) {
        self.told = Some(offset);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_what_is_committed_then_reading_begins_there_and_only_later_replies_are_ours() {
        for (committed, next) in [
            (None, 9),
            (Some(5), 5),
            (Some(2), 3),
            (Some(9), 9),
            (Some(12), 9),
        ] {
            let partition = ReadPartition::new(committed, 3, 9);
            assert_eq!(partition.next(), next, "{committed:?}");
            assert!(!partition.is_ours(8) && partition.is_ours(9));
        }
    }

    #[test]
    fn given_records_that_are_being_set_aside_then_nothing_is_told_past_the_first_of_them() {
        let mut partition = ReadPartition::new(Some(5), 0, 5);
        assert_eq!(partition.to_tell(), Some(5));
        partition.told(5);
        assert_eq!(partition.to_tell(), None);
        for offset in 5..10 {
            if matches!(offset, 6 | 8) {
                partition.hold(offset);
            }
            partition.read(offset);
        }
        assert_eq!(partition.to_tell(), Some(6));
        partition.release(8);
        assert_eq!(partition.to_tell(), Some(6));
        partition.release(6);
        assert_eq!(partition.to_tell(), Some(10));
    }

    #[test]
    fn given_a_partition_that_was_taken_away_then_nothing_is_told_of_it_until_it_is_back() {
        let begin = Instant::now();
        let later = begin + Duration::from_secs(1);
        let mut partition = ReadPartition::new(None, 0, 5);
        partition.told(5);
        partition.lose(begin);
        partition.lose(later);
        partition.read(5);
        assert_eq!(partition.to_tell(), None);
        assert!(partition.is_lost_for(later - begin, later));
        assert!(!partition.is_lost_for(2 * (later - begin), later));
        partition.regain(ReadPartition::new(Some(6), 0, 8));
        assert_eq!(partition.to_tell(), Some(6));
    }

    #[test]
    fn given_a_partition_that_is_back_then_what_its_owner_has_left_is_found_again_and_no_reply_comes_twice()
     {
        let mut partition = ReadPartition::new(None, 0, 5);
        (5..9).for_each(|offset| partition.read(offset));
        partition.lose(Instant::now());
        partition.regain(ReadPartition::new(Some(7), 0, 12));
        assert_eq!(partition.next(), 7);
        assert!(!partition.is_ours(8) && partition.is_ours(9));
    }
}
