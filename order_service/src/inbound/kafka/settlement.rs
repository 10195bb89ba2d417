//! Which offsets are committed, and when partitions that the group takes away may go. Pure: the time is an argument, as the time since
//! some fixed start, and commits and acknowledgements are somebody else's to make.

use std::time::Duration;

use shared::kafka::offset_ledger::{OffsetLedger, Position};

/// How long a rebalance waits for the unfinished records of partitions that leave. What takes longer is handled again by the next owner.
/// It is half of what the poll loop allows, so that the last commit is still made as the partitions' owner.
pub const REVOKE_GRACE: Duration = Duration::from_secs(5);

/// The unfinished records of all assigned partitions, and the partitions that leave. By `A` the group is told that it need not wait.
#[derive(Debug)]
pub struct Settlement<A> {
    ledger: OffsetLedger,
    leaving: Vec<Leaving<A>>,
}

#[derive(Debug)]
struct Leaving<A> {
    partitions: Vec<i32>,
    deadline: Duration,
    acknowledge: A,
}

/// What is to be done now, in this order.
#[derive(Debug, PartialEq, Eq)]
pub struct Due<A> {
    /// Offsets to commit, each by its partition: the first that its next owner reads.
    pub commits: Vec<(i32, i64)>,
    /// Partitions that go. The commits must have arrived before this is told: the next owner begins at what is committed.
    pub released: Vec<Released<A>>,
}

/// Partitions that are no longer ours.
#[derive(Debug, PartialEq, Eq)]
pub struct Released<A> {
    /// Which ones.
    pub partitions: Vec<i32>,
    /// How the group is told.
    pub acknowledge: A,
}

impl<A> Default for Settlement<A> {
    fn default() -> Self {
        Self {
            ledger: OffsetLedger::default(),
            leaving: Vec::new(),
        }
    }
}

impl<A> Settlement<A> {
    /// The group has given us a partition.
    pub fn assign(&mut self, partition: i32) {
        self.ledger.assign(partition);
    }

    /// Another member takes the place of the one that all of this came from. Nothing of what is unfinished will be committed, and the group
    /// need not wait for it.
    pub fn start_over(&mut self) {
        self.ledger.revoke_all();
        self.leaving.clear();
    }

    /// A partition is read up to `offset`, and what lies between its last record and there is no record.
    pub fn pass(&mut self, partition: i32, offset: i64) {
        self.ledger.pass(partition, offset);
    }

    /// A record has come. `None` when it is not ours to handle: its partition is not assigned, or the record has been seen.
    pub fn track(&mut self, partition: i32, offset: i64) -> Option<Position> {
        self.ledger.track(partition, offset)
    }

    /// A record is finished: its effect is stored, and its reply is acknowledged.
    pub fn finish(&mut self, position: Position) {
        self.ledger.finish(position);
    }

    /// How many records are unfinished.
    #[must_use]
    pub fn unfinished(&self) -> usize {
        self.ledger.total_in_flight()
    }

    /// How many records of a partition are unfinished.
    #[must_use]
    pub fn unfinished_in(&self, partition: i32) -> usize {
        self.ledger.in_flight(partition)
    }

    /// The group takes these partitions away, and waits until it is told by `acknowledge` that they may go.
    pub fn leave(&mut self, partitions: Vec<i32>, now: Duration, acknowledge: A) {
        self.leaving.push(Leaving {
            partitions,
            deadline: now + REVOKE_GRACE,
            acknowledge,
        });
    }

    /// Whether the group waits for partitions that it takes away.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        !self.leaving.is_empty()
    }

    /// Whether partitions that leave have no unfinished record any more, so that the group waits for nothing but [`settle`](Self::settle).
    #[must_use]
    pub fn can_release(&self) -> bool {
        self.leaving
            .iter()
            .any(|leaving| is_finished(&self.ledger, leaving))
    }

    /// What is to be done at `now`: commits of what has been finished since the last call, and partitions to let go.
    pub fn settle(&mut self, now: Duration) -> Due<A> {
        let (gone, staying): (Vec<_>, Vec<_>) = std::mem::take(&mut self.leaving)
            .into_iter()
            .partition(|leaving| now >= leaving.deadline || is_finished(&self.ledger, leaving));
        self.leaving = staying;
        if !gone.is_empty() {
            // Earlier commits may have failed without a word, and there will be no other chance to repeat them.
            self.recommit();
        }
        let commits = self.ledger.take_commits();
        let released = gone.into_iter().map(|leaving| self.release(leaving));
        Due {
            released: released.collect(),
            commits,
        }
    }

    /// The commits of all that is finished, whatever became of earlier ones: the last before the process ends.
    pub fn settle_all(&mut self) -> Vec<(i32, i64)> {
        self.recommit();
        self.ledger.take_commits()
    }

    /// Earlier commits have failed, or may have: they are due again.
    pub fn recommit(&mut self) {
        self.ledger.recommit();
    }

    /// From now on the partitions' unfinished records count for nothing, should they be finished after all.
    fn release(&mut self, leaving: Leaving<A>) -> Released<A> {
        for partition in &leaving.partitions {
            self.ledger.revoke(*partition);
        }
        Released {
            partitions: leaving.partitions,
            acknowledge: leaving.acknowledge,
        }
    }
}

fn is_finished<A>(ledger: &OffsetLedger, leaving: &Leaving<A>) -> bool {
    leaving
        .partitions
        .iter()
        .all(|partition| ledger.in_flight(*partition) == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(100);

    /// Partitions 0 and 1 with one unfinished record each, at offset 7.
    fn settlement() -> (Settlement<&'static str>, [Position; 2]) {
        let mut settlement = Settlement::default();
        let positions = [0, 1].map(|partition| {
            settlement.assign(partition);
            settlement.track(partition, 7).unwrap()
        });
        (settlement, positions)
    }

    fn released(partition: i32, acknowledge: &str) -> Vec<Released<&str>> {
        vec![Released {
            partitions: vec![partition],
            acknowledge,
        }]
    }

    #[test]
    fn an_offset_is_committed_once() {
        let (mut settlement, [first, _]) = settlement();
        settlement.finish(first);
        assert_eq!(settlement.settle(NOW).commits, [(0, 8), (1, 7)]);
        assert_eq!(settlement.settle(NOW).commits, []);
    }

    #[test]
    fn a_commit_that_may_have_failed_is_repeated() {
        let (mut settlement, _) = settlement();
        let commits = settlement.settle(NOW).commits;
        settlement.recommit();
        assert_eq!(settlement.settle(NOW).commits, commits);
        assert_eq!(settlement.settle_all(), commits);
    }

    mod another_members_beginning {
        use super::*;

        #[test]
        fn leaves_nothing_to_commit_or_to_wait_for() {
            let (mut settlement, [first, _]) = settlement();
            settlement.leave(vec![1], NOW, "go");
            settlement.start_over();
            settlement.finish(first);
            assert_eq!(
                (settlement.unfinished(), settlement.is_leaving()),
                (0, false)
            );
            assert_eq!(settlement.settle_all(), []);
            settlement.assign(0);
            let again = settlement.track(0, 0).unwrap();
            settlement.finish(again);
            assert_eq!(settlement.settle(NOW).commits, [(0, 1)]);
        }
    }

    mod partitions_that_leave {
        use super::*;

        #[test]
        fn stay_while_a_record_is_unfinished() {
            let (mut settlement, [_, second]) = settlement();
            settlement.leave(vec![0], NOW, "go");
            settlement.finish(second);
            assert!(!settlement.can_release());
            let just_before = NOW + REVOKE_GRACE - Duration::from_millis(1);
            assert_eq!(settlement.settle(just_before).released, []);
            assert_eq!(settlement.unfinished_in(0), 1);
        }

        #[test]
        fn go_with_a_commit_of_everything_when_all_is_finished() {
            let (mut settlement, [first, _]) = settlement();
            let _ = settlement.settle(NOW);
            settlement.leave(vec![0], NOW, "go");
            settlement.finish(first);
            assert!(settlement.can_release());
            let due = settlement.settle(NOW);
            assert_eq!(due.commits, [(0, 8), (1, 7)]);
            assert_eq!(due.released, released(0, "go"));
            assert!(!settlement.can_release());
        }

        #[test]
        fn go_unfinished_when_the_grace_is_over_and_nothing_more_of_them_counts() {
            let (mut settlement, [first, _]) = settlement();
            settlement.leave(vec![0], NOW, "go");
            let due = settlement.settle(NOW + REVOKE_GRACE);
            assert_eq!(due.commits, [(0, 7), (1, 7)]);
            assert_eq!(due.released, released(0, "go"));
            settlement.finish(first);
            assert_eq!(settlement.settle(NOW + REVOKE_GRACE).commits, []);
            assert_eq!(settlement.track(0, 8), None);
        }

        #[test]
        fn do_not_wait_for_each_other() {
            let (mut settlement, [_, second]) = settlement();
            settlement.leave(vec![0], NOW, "first");
            settlement.leave(vec![1], NOW, "second");
            settlement.finish(second);
            assert_eq!(settlement.settle(NOW).released, released(1, "second"));
        }
    }
}
