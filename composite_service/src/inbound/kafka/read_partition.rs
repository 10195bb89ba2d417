//! How far a reply partition is read, and which offset may be committed. Pure.

use std::collections::BTreeSet;

/// A partition that is being read.
#[derive(Debug)]
pub struct ReadPartition {
    /// The offset to read next.
    next: i64,
    /// Replies before this offset were for another composite.
    ours_from: i64,
    /// The offset that was last stored for a commit.
    stored: Option<i64>,
    /// Records whose dead letters are not acknowledged yet. Nothing is committed past the first of them.
    held: BTreeSet<i64>,
}

impl ReadPartition {
    /// A partition that was just assigned to this composite, with offsets from `low` to `end`. It is read from its committed offset, to find
    /// the invalid records that its last owner has not written to the dead letters yet. The replies before `end` are not for this composite.
    #[must_use]
    pub fn new(committed: Option<i64>, low: i64, end: i64) -> Self {
        Self {
            // Kept within the log: retention may have deleted the committed offset, or the topic may have been recreated.
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

    /// Whether a reply at this offset is for this composite.
    #[must_use]
    pub fn is_ours(&self, offset: i64) -> bool {
        offset >= self.ours_from
    }

    /// The record at this offset is handled, unless it is held.
    pub fn read(&mut self, offset: i64) {
        self.next = offset + 1;
    }

    /// It is read up to `offset`, and what lies between its last record and there is no record: the marks of transactions.
    pub fn pass(&mut self, offset: i64) {
        self.next = self.next.max(offset);
    }

    /// Holds the record at this offset until its dead letter is acknowledged. `false` if it is held already.
    pub fn hold(&mut self, offset: i64) -> bool {
        self.held.insert(offset)
    }

    /// The dead letter of the record at this offset is acknowledged.
    pub fn release(&mut self, offset: i64) {
        self.held.remove(&offset);
    }

    /// The group has rebalanced, and this composite keeps the partition. The last stored offset may not have been committed, so it is
    /// stored again.
    pub fn keep(&mut self) {
        self.stored = None;
    }

    /// The partition was revoked and is assigned again. It is like a new one, except that it was read in the meantime: those replies must
    /// not be delivered twice.
    pub fn regain(&mut self, found: Self) {
        self.ours_from = self.ours_from.max(self.next);
        self.next = self.next.min(found.next);
        self.stored = None;
    }

    /// The offset that may be committed; `None` if it is stored already.
    #[must_use]
    pub fn to_store(&self) -> Option<i64> {
        let safe = self.held.first().copied().unwrap_or(self.next);
        (self.stored != Some(safe)).then_some(safe)
    }

    /// This offset was stored for the next commit.
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

    mod marks_of_transactions {
        use super::*;

        #[test]
        fn are_committed_past_but_move_nothing_back() {
            let mut partition = ReadPartition::new(Some(5), 0, 5);
            partition.read(5);
            partition.pass(7);
            partition.pass(6);
            assert_eq!(partition.to_store(), Some(7));
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
