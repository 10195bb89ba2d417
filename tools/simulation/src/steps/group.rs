//! The consumer group: who has which partition, what is committed, and what a process knows of it.

use order_service::inbound::kafka::settlement::{Due, Released};

use crate::owner::Owner;
use crate::violation::Check;
use crate::world::World;

impl World {
    /// An owner commits what is finished, and lets go of partitions that leave. Commits may be lost, which nobody tells.
    pub(crate) fn settle(&mut self, owner: usize, are_commits_lost: bool) -> Check {
        let process = &mut self.owners[owner];
        process.is_dirty = false;
        let Due { commits, released } = process.settlement.settle(self.now);
        if !are_commits_lost {
            for (partition, offset) in commits {
                self.partitions.commit(owner, partition, offset)?;
            }
        }
        for Released {
            partitions,
            acknowledge: successor,
        } in released
        {
            for partition in partitions {
                self.let_go(owner, partition, successor);
            }
        }
        Ok(())
    }

    fn let_go(&mut self, owner: usize, partition: i32, successor: Option<usize>) {
        let process = &mut self.owners[owner];
        process.leaving.remove(&partition);
        process.assigned.remove(&partition);
        // The group may have missed the process meanwhile, and have given the partition to another: then it waits for this one no more.
        let is_awaited = self.partitions.get(partition).owner == Some(owner);
        if let Some(successor) = successor.filter(|_| is_awaited) {
            self.assign(partition, successor);
        }
    }

    /// The group gives a partition to an owner, or, where that one can't take it, to nobody for now.
    pub(crate) fn assign(&mut self, partition: i32, owner: usize) {
        let process = &mut self.owners[owner];
        let place = self.partitions.get_mut(partition);
        if !process.can_take(partition) {
            place.owner = None;
            return;
        }
        process.settlement.assign(partition);
        process.assigned.insert(partition, place.committed);
        place.owner = Some(owner);
    }

    /// A process that was stopped learns that the group has gone on without it.
    pub(crate) fn awake(&mut self, owner: usize) {
        let process = &mut self.owners[owner];
        process.is_zombie = false;
        let lost = std::mem::take(&mut process.assigned).into_keys();
        // What was leaving already goes as it would have gone.
        let lost = lost.filter(|partition| !process.leaving.contains_key(partition));
        let lost: Vec<i32> = lost.collect();
        process.leave(lost, self.now, None);
    }

    /// A process is gone, and what it knew with it. `is_killed` is false for one that is stopped for long.
    pub(crate) fn leave_group(&mut self, owner: usize, is_killed: bool) {
        self.partitions.leave(owner);
        if is_killed {
            let seed = self.chance.any();
            self.owners[owner] = Owner {
                is_up: false,
                ..Owner::new(&self.profile, seed)
            };
        } else {
            self.owners[owner].is_zombie = true;
        }
    }
}
