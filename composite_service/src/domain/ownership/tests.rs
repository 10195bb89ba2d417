//! Homes, rule by rule, and all that can happen to three partitions.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn owning(partitions: &[i32]) -> Ownership {
    let mut ownership = Ownership::default();
    ownership.follow(&partitions.iter().copied().collect(), at(0));
    ownership
}

fn follow(ownership: &mut Ownership, owned: &[i32], now: Duration) {
    ownership.follow(&owned.iter().copied().collect(), now);
}

mod home {
    use super::*;

    #[test]
    fn is_none_before_anything_is_owned() {
        assert_eq!(Ownership::default().home(), None);
        assert_eq!(owning(&[]).home(), None);
    }

    #[test]
    fn is_the_first_partition_that_is_owned() {
        assert_eq!(owning(&[2, 5]).home(), Some(2));
    }

    #[test]
    fn stays_as_long_as_it_is_owned() {
        let mut ownership = owning(&[2, 5]);
        follow(&mut ownership, &[1, 2], at(1));
        assert_eq!(ownership.home(), Some(2));
    }

    #[test]
    fn moves_at_once_when_it_is_lost_and_another_is_owned() {
        let mut ownership = owning(&[2, 5]);
        follow(&mut ownership, &[5], at(1));
        assert_eq!(ownership.home(), Some(5));
    }

    #[test]
    fn stays_for_a_while_when_nothing_is_owned_any_more() {
        let mut ownership = owning(&[2]);
        follow(&mut ownership, &[], at(10));
        ownership.pass(at(10) + LAST_HOME_WAIT - SECOND);
        assert_eq!(ownership.home(), Some(2));
        ownership.pass(at(10) + LAST_HOME_WAIT);
        assert_eq!(ownership.home(), None);
    }

    #[test]
    fn is_not_left_again_when_the_same_loss_is_told_twice() {
        let mut ownership = owning(&[2]);
        for seconds in [10, 13, 16] {
            follow(&mut ownership, &[], at(seconds));
        }
        ownership.pass(at(10) + LAST_HOME_WAIT);
        assert_eq!(ownership.home(), None);
    }

    #[test]
    fn is_kept_when_it_comes_back_in_time() {
        let mut ownership = owning(&[2]);
        follow(&mut ownership, &[], at(10));
        follow(&mut ownership, &[1, 2], at(11));
        assert!(ownership.pass(at(1_000)).is_empty());
        assert_eq!(ownership.home(), Some(2));
    }

    #[test]
    fn is_found_again_by_one_that_had_none() {
        let mut ownership = owning(&[2]);
        follow(&mut ownership, &[], at(10));
        ownership.pass(at(100));
        follow(&mut ownership, &[3], at(101));
        assert_eq!(ownership.home(), Some(3));
    }
}

mod gained_partitions {
    use super::*;

    #[test]
    fn are_new_ones_and_lost_ones() {
        let mut ownership = owning(&[1, 2, 3]);
        follow(&mut ownership, &[2, 3], at(1));
        let gained = ownership.gained(&BTreeSet::from([1, 2, 4]));
        assert_eq!(gained, [1, 4]);
    }
}

mod a_lost_partition {
    use super::*;

    #[test]
    fn is_read_until_the_last_command_that_named_it_is_overdue() {
        let mut ownership = owning(&[2, 5]);
        follow(&mut ownership, &[5], at(10));
        assert!(ownership.pass(at(10) + FAREWELL - SECOND).is_empty());
        assert!(ownership.reads(2) && !ownership.owns(2));
        assert_eq!(ownership.pass(at(10) + FAREWELL), [2]);
        assert!(!ownership.reads(2) && ownership.reads(5));
    }

    #[test]
    fn that_stayed_home_is_read_for_so_long_after_it_was_left() {
        let mut ownership = owning(&[2]);
        follow(&mut ownership, &[], at(10));
        // The process stood still, and left its home late: it named it until then.
        assert!(ownership.pass(at(60)).is_empty());
        assert!(ownership.pass(at(60) + FAREWELL - SECOND).is_empty());
        assert_eq!(ownership.pass(at(60) + FAREWELL), [2]);
    }

    #[test]
    fn that_stayed_home_is_read_for_so_long_after_another_has_become_home() {
        let mut ownership = owning(&[2]);
        follow(&mut ownership, &[], at(10));
        follow(&mut ownership, &[7], at(14));
        assert!(ownership.pass(at(14) + FAREWELL - SECOND).is_empty());
        assert_eq!(ownership.pass(at(14) + FAREWELL), [2]);
    }

    #[test]
    fn that_comes_back_is_read_without_end() {
        let mut ownership = owning(&[2, 5]);
        follow(&mut ownership, &[5], at(10));
        follow(&mut ownership, &[2, 5], at(11));
        assert!(ownership.pass(at(1_000)).is_empty());
        assert_eq!(ownership.home(), Some(5));
    }
}

/// Goes through all sequences of what can happen, and holds each to the promises.
mod whatever_happens {
    use super::*;

    /// One more thing happens in each of so many rounds.
    const ROUNDS: usize = 3;
    /// Time passes by so much: not at all, less than any wait, by each wait, and by more than both.
    const PASSES: [u64; 4] = [0, 5, 9, 30];

    #[derive(Clone, Default)]
    struct World {
        ownership: Ownership,
        owned: BTreeSet<i32>,
        now: Duration,
        /// When each partition was home for the last time.
        named_at: BTreeMap<i32, Duration>,
        owned_nothing_since: Duration,
        story: Vec<String>,
    }

    impl World {
        fn is_given(&mut self, owned: BTreeSet<i32>) {
            let home = self.ownership.home();
            let kept = home.filter(|home| owned.contains(home));
            if !self.owned.is_empty() && owned.is_empty() {
                self.owned_nothing_since = self.now;
            }
            self.story.push(format!("{:?}: given {owned:?}", self.now));
            self.note_home();
            self.ownership.follow(&owned, self.now);
            self.owned = owned;
            if kept.is_some() {
                assert_eq!(self.ownership.home(), kept, "left: {:?}", self.story);
            }
        }

        fn pass(&mut self, seconds: u64) {
            self.note_home();
            self.now += at(seconds);
            self.note_home();
            self.story.push(format!("{:?}: passed", self.now));
            self.ownership.pass(self.now);
            let waited = self.now - self.owned_nothing_since;
            if self.owned.is_empty() && waited >= LAST_HOME_WAIT {
                assert_eq!(self.ownership.home(), None, "kept: {:?}", self.story);
            }
        }

        /// A command may name it up to this moment.
        fn note_home(&mut self) {
            if let Some(home) = self.ownership.home() {
                self.named_at.insert(home, self.now);
            }
        }

        fn check(&self) {
            let Self {
                ownership, story, ..
            } = self;
            for owned in &self.owned {
                assert!(ownership.owns(*owned), "{owned}: {story:?}");
            }
            let home = ownership.home();
            assert!(
                home.is_some() || self.owned.is_empty(),
                "homeless: {story:?}"
            );
            assert!(home.is_none_or(|home| ownership.reads(home)), "{story:?}");
            for (partition, named_at) in &self.named_at {
                let is_awaited = self.now < *named_at + budget::REPLY_WAIT;
                assert!(
                    !is_awaited || ownership.reads(*partition),
                    "{partition} is not read although it was named: {story:?}"
                );
            }
        }
    }

    fn subsets() -> Vec<BTreeSet<i32>> {
        (0..8_u8)
            .map(|bits| (0..3).filter(|nth| bits & (1 << nth) != 0).collect())
            .collect()
    }

    fn explore(world: &World, rounds: usize) -> usize {
        world.check();
        if rounds == 0 {
            return 1;
        }
        let mut seen = 1;
        for owned in subsets() {
            for seconds in PASSES {
                let mut next = world.clone();
                next.is_given(owned.clone());
                next.check();
                next.pass(seconds);
                seen += explore(&next, rounds - 1);
            }
        }
        seen
    }

    #[test]
    fn home_is_owned_if_it_can_be_and_whoever_waits_is_heard() {
        let seen = explore(&World::default(), ROUNDS);
        assert!(seen > 30_000, "{seen}");
    }

    #[test]
    fn in_the_end_only_what_is_owned_is_read() {
        for first in subsets() {
            for second in subsets() {
                let mut world = World::default();
                world.is_given(first.clone());
                world.pass(1);
                world.is_given(second.clone());
                for _ in 0..3 {
                    world.pass(10);
                }
                for partition in 0..3 {
                    let is_owned = second.contains(&partition);
                    assert_eq!(world.ownership.reads(partition), is_owned);
                }
            }
        }
    }
}
