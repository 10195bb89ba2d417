//! Which offset of each partition may be committed: that of the lowest unfinished record, because records finish out of order. Pure.

use std::collections::{BTreeMap, BTreeSet};

/// A record's place in one assignment of its partition. After a rebalance, positions of earlier assignments count for nothing: the
/// partition's next owner handles their records, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    partition: i32,
    offset: i64,
    epoch: u64,
}

impl Position {
    /// The number of the assignment, unique in this process.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }
}

/// The unfinished records of every assigned partition.
#[derive(Debug, Default)]
pub struct OffsetLedger {
    partitions: BTreeMap<i32, Offsets>,
    last_epoch: u64,
}

#[derive(Debug)]
struct Offsets {
    epoch: u64,
    unfinished: BTreeSet<i64>,
    /// One past the highest offset seen; `None` before the first record.
    next: Option<i64>,
    committed: Option<i64>,
}

impl Offsets {
    /// The offset to commit: the first one that the next owner must read.
    fn committable(&self) -> Option<i64> {
        self.unfinished.first().copied().or(self.next)
    }
}

impl OffsetLedger {
    /// A partition is assigned; it begins without records.
    pub fn assign(&mut self, partition: i32) {
        self.last_epoch += 1;
        let offsets = Offsets {
            epoch: self.last_epoch,
            unfinished: BTreeSet::new(),
            next: None,
            committed: None,
        };
        self.partitions.insert(partition, offsets);
    }

    /// A partition is revoked.
    pub fn revoke(&mut self, partition: i32) {
        self.partitions.remove(&partition);
    }

    /// The member that all of this was read by is gone: no partition is assigned.
    pub fn revoke_all(&mut self) {
        self.partitions.clear();
    }

    /// Tracks a record that is about to be handled. `None` when its partition is not assigned or the record was seen before in this
    /// assignment: then it must not be handled.
    pub fn track(&mut self, partition: i32, offset: i64) -> Option<Position> {
        let offsets = self.partitions.get_mut(&partition)?;
        if offsets.next.is_some_and(|next| offset < next) {
            return None;
        }
        offsets.next = Some(offset + 1);
        offsets.unfinished.insert(offset);
        Some(Position {
            partition,
            offset,
            epoch: offsets.epoch,
        })
    }

    /// A partition is read up to `offset`, where nothing but marks of transactions lies between its last record and there.
    pub fn pass(&mut self, partition: i32, offset: i64) {
        if let Some(offsets) = self.partitions.get_mut(&partition) {
            offsets.next = offsets.next.max(Some(offset));
        }
    }

    /// A record is finished: its effect is stored and its reply is acknowledged.
    pub fn finish(&mut self, position: Position) {
        if let Some(offsets) = self
            .partitions
            .get_mut(&position.partition)
            .filter(|offsets| offsets.epoch == position.epoch)
        {
            offsets.unfinished.remove(&position.offset);
        }
    }

    /// How many records of a partition are unfinished.
    #[must_use]
    pub fn in_flight(&self, partition: i32) -> usize {
        self.partitions
            .get(&partition)
            .map_or(0, |offsets| offsets.unfinished.len())
    }

    /// How many records of all partitions are unfinished.
    #[must_use]
    pub fn total_in_flight(&self) -> usize {
        self.partitions
            .values()
            .map(|offsets| offsets.unfinished.len())
            .sum()
    }

    /// A commit has failed, or may have: all offsets are to be committed again.
    pub fn recommit(&mut self) {
        for offsets in self.partitions.values_mut() {
            offsets.committed = None;
        }
    }

    /// The (partition, offset) pairs to commit that were not returned before.
    pub fn take_commits(&mut self) -> Vec<(i32, i64)> {
        let mut commits = Vec::new();
        for (partition, offsets) in &mut self.partitions {
            let committable = offsets.committable();
            if committable != offsets.committed {
                offsets.committed = committable;
                commits.extend(committable.map(|offset| (*partition, offset)));
            }
        }
        commits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger() -> OffsetLedger {
        let mut ledger = OffsetLedger::default();
        ledger.assign(0);
        ledger
    }

    #[test]
    fn the_lowest_unfinished_record_holds_the_commit_back() {
        let mut ledger = ledger();
        let positions: Vec<_> = (10..13)
            .map(|offset| ledger.track(0, offset).unwrap())
            .collect();
        ledger.finish(positions[2]);
        ledger.finish(positions[1]);
        assert_eq!(ledger.take_commits(), [(0, 10)]);
        ledger.finish(positions[0]);
        assert_eq!(ledger.take_commits(), [(0, 13)]);
        assert_eq!(ledger.take_commits(), []);
    }

    #[test]
    fn a_gap_in_the_offsets_does_not_hold_the_commit_back() {
        let mut ledger = ledger();
        for offset in [3, 9] {
            let position = ledger.track(0, offset).unwrap();
            ledger.finish(position);
        }
        assert_eq!(ledger.take_commits(), [(0, 10)]);
    }

    #[test]
    fn records_of_an_earlier_assignment_count_for_nothing() {
        let mut ledger = ledger();
        let old = ledger.track(0, 5).unwrap();
        ledger.revoke(0);
        ledger.assign(0);
        let new = ledger.track(0, 5).unwrap();
        ledger.finish(old);
        assert_eq!(ledger.in_flight(0), 1);
        ledger.finish(new);
        assert_eq!(ledger.take_commits(), [(0, 6)]);
    }

    #[test]
    fn after_another_members_beginning_nothing_of_the_last_one_counts() {
        let mut ledger = ledger();
        let old = ledger.track(0, 400).unwrap();
        ledger.revoke_all();
        assert_eq!(ledger.take_commits(), []);
        ledger.assign(0);
        let new = ledger.track(0, 0).unwrap();
        assert_ne!(old.epoch(), new.epoch());
        ledger.finish(old);
        ledger.finish(new);
        assert_eq!(ledger.take_commits(), [(0, 1)]);
    }

    mod marks_of_transactions {
        use super::*;

        #[test]
        fn are_committed_past_once_the_records_before_them_are_finished() {
            let mut ledger = ledger();
            let position = ledger.track(0, 4).unwrap();
            ledger.pass(0, 6);
            assert_eq!(ledger.take_commits(), [(0, 4)]);
            ledger.finish(position);
            assert_eq!(ledger.take_commits(), [(0, 6)]);
        }

        #[test]
        fn move_no_partition_back_and_none_that_is_not_assigned() {
            let mut ledger = ledger();
            ledger.pass(0, 6);
            ledger.pass(0, 2);
            ledger.pass(7, 9);
            assert_eq!(ledger.take_commits(), [(0, 6)]);
        }
    }

    #[test]
    fn records_of_other_partitions_and_repeated_ones_are_not_tracked() {
        let mut ledger = ledger();
        assert_eq!(ledger.track(1, 0), None);
        assert!(ledger.track(0, 7).is_some());
        assert_eq!(ledger.track(0, 7), None);
        assert_eq!(ledger.total_in_flight(), 1);
    }

    #[test]
    fn after_a_failed_commit_all_offsets_are_committed_again() {
        let mut ledger = ledger();
        ledger.assign(1);
        ledger.assign(2);
        for partition in [0, 1] {
            let position = ledger.track(partition, 4).unwrap();
            ledger.finish(position);
        }
        assert_eq!(ledger.take_commits(), [(0, 5), (1, 5)]);
        ledger.recommit();
        assert_eq!(ledger.take_commits(), [(0, 5), (1, 5)]);
        assert_eq!(ledger.take_commits(), []);
    }
}
