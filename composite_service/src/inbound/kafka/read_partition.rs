//! How far a partition of replies has been read, and how far that may be committed. Pure.

use std::collections::BTreeSet;

/// A partition that is being read.
#[derive(Debug)]
pub struct ReadPartition {
    /// The offset to read next.
    next: i64,
    /// Replies before this offset were meant for another composite.
    ours_from: i64,
    /// The offset that was handed to the member last, to be committed.
    stored: Option<i64>,
    /// Records that are being set aside: nothing is committed past the first of them.
    held: BTreeSet<i64>,
}

impl ReadPartition {
    /// A partition that was given to this composite just now, and reaches from `low` to `end`. It is read from what the group has
    /// committed of it: what its last owner had not set aside yet is found again. Nobody waits any more for replies among that.
    #[must_use]
    pub fn new(committed: Option<i64>, low: i64, end: i64) -> Self {
        Self {
            next: committed.map_or(end, |offset| offset.min(end).max(low)),
            ours_from: end,
            stored: None,
            held: BTreeSet::new(),
        }
    }

    /// The offset to read next.
    #[must_use]
    pub fn next(&self) -> i64 {
        self.next
    }

    /// Whether a reply there is meant for this composite.
    #[must_use]
    pub fn is_ours(&self, offset: i64) -> bool {
        offset >= self.ours_from
    }

    /// The record there has been dealt with, unless it is held.
    pub fn read(&mut self, offset: i64) {
        self.next = offset + 1;
    }

    /// The record there is being set aside; `false` when it was already.
    pub fn hold(&mut self, offset: i64) -> bool {
        self.held.insert(offset)
    }

    /// The record there is set aside.
    pub fn release(&mut self, offset: i64) {
        self.held.remove(&offset);
    }

    /// The group has changed, and this composite keeps the partition. What was stored before may not have been committed.
    pub fn keep(&mut self) {
        self.stored = None;
    }

    /// It was lost, and is given back: as a new one, but replies were read here meanwhile, and must not be handed over twice.
    pub fn regain(&mut self, found: Self) {
        self.ours_from = self.ours_from.max(self.next);
        self.next = self.next.min(found.next);
        self.stored = None;
    }

    /// What may be committed, when that was not stored yet.
    #[must_use]
    pub fn to_store(&self) -> Option<i64> {
        let safe = self.held.first().copied().unwrap_or(self.next);
        (self.stored != Some(safe)).then_some(safe)
    }

    /// The member has taken this offset, and commits it.
    pub fn stored(&mut self, offset: i64) {
        self.stored = Some(offset);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    mod a_new_partition {
        use super::*;

        #[test]
        fn is_read_from_what_is_committed_and_only_later_replies_are_ours() {
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
    }

    mod records_that_are_being_set_aside {
        use super::*;

        #[test]
        fn hold_back_the_commit_at_the_first_of_them() {
            let mut partition = ReadPartition::new(Some(5), 0, 5);
            assert_eq!(partition.to_store(), Some(5));
            partition.stored(5);
            assert_eq!(partition.to_store(), None);
            for offset in 5..10 {
                if matches!(offset, 6 | 8) {
                    assert!(partition.hold(offset));
                }
                partition.read(offset);
            }
            assert_eq!(partition.to_store(), Some(6));
            partition.release(8);
            assert_eq!(partition.to_store(), Some(6));
            partition.release(6);
            assert_eq!(partition.to_store(), Some(10));
        }

        #[test]
        fn are_held_once() {
            let mut partition = ReadPartition::new(Some(5), 0, 5);
            assert!(partition.hold(5));
            assert!(!partition.hold(5));
        }
    }

    mod a_partition_of_a_group_that_has_changed {
        use super::*;

        #[test]
        fn is_stored_again_when_it_is_kept() {
            let mut partition = ReadPartition::new(None, 0, 5);
            partition.stored(5);
            partition.keep();
            assert_eq!(partition.to_store(), Some(5));
        }

        #[test]
        fn finds_what_its_owner_has_left_and_hands_no_reply_over_twice_when_it_comes_back() {
            let mut partition = ReadPartition::new(None, 0, 5);
            (5..9).for_each(|offset| partition.read(offset));
            partition.stored(9);
            partition.regain(ReadPartition::new(Some(7), 0, 12));
            assert_eq!(partition.next(), 7);
            assert_eq!(partition.to_store(), Some(7));
            assert!(!partition.is_ours(8) && partition.is_ours(9));
        }
    }
}
