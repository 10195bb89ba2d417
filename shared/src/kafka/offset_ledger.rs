//! Which offset of each partition may be committed: the lowest unfinished one, since keys finish out of order. Pure.

use std::collections::{BTreeMap, BTreeSet};

/// A record's place in one assignment of its partition. Positions of an earlier assignment count for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    partition: i32,
    offset: i64,
    epoch: u64,
}

impl Position {
    /// The assignment of its partition: no other assignment in this process has the same number.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }
}

/// The records in hand of every assigned partition.
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
    /// What a commit would say: the first offset that a successor must read.
    fn committable(&self) -> Option<i64> {
        self.unfinished.first().copied().or(self.next)
    }
}

impl OffsetLedger {
    /// Starts a partition afresh.
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

    /// Forgets a partition.
    pub fn revoke(&mut self, partition: i32) {
        self.partitions.remove(&partition);
    }

    /// Takes a record in hand. `None` when its partition is not assigned or the record has been seen in this assignment:
    /// then it is not ours to handle.
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

    /// Lets go of a record: its effect is stored and its reply acknowledged.
    pub fn finish(&mut self, position: Position) {
        if let Some(offsets) = self
            .partitions
            .get_mut(&position.partition)
            .filter(|offsets| offsets.epoch == position.epoch)
        {
            offsets.unfinished.remove(&position.offset);
        }
    }

    /// How many records of a partition are in hand.
    #[must_use]
    pub fn in_flight(&self, partition: i32) -> usize {
        self.partitions
            .get(&partition)
            .map_or(0, |offsets| offsets.unfinished.len())
    }

    /// How many records of all partitions are in hand.
    #[must_use]
    pub fn total_in_flight(&self) -> usize {
        self.partitions
            .values()
            .map(|offsets| offsets.unfinished.len())
            .sum()
    }

    /// A commit has failed, or nobody knows whether it has: all offsets are to be committed again.
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
    fn given_records_that_finish_out_of_order_then_the_lowest_unfinished_one_holds_the_commit_back()
    {
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
    fn given_a_gap_in_the_offsets_when_all_is_finished_then_the_commit_is_past_the_highest() {
        let mut ledger = ledger();
        for offset in [3, 9] {
            let position = ledger.track(0, offset).unwrap();
            ledger.finish(position);
        }
        assert_eq!(ledger.take_commits(), [(0, 10)]);
    }

    #[test]
    fn given_a_partition_that_came_back_when_an_old_record_finishes_then_it_counts_for_nothing() {
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
    fn given_foreign_or_repeated_records_when_tracked_then_they_are_not_ours() {
        let mut ledger = ledger();
        assert_eq!(ledger.track(1, 0), None);
        assert!(ledger.track(0, 7).is_some());
        assert_eq!(ledger.track(0, 7), None);
        assert_eq!(ledger.total_in_flight(), 1);
    }

    #[test]
    fn given_a_commit_that_failed_when_committed_again_then_all_offsets_are_told_once_more() {
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
