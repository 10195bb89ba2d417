//! The consumer group: who has which partition, what is committed, and what a process knows of it.

use crate::owner::Owner;
use crate::violation::Check;
use crate::world::World;

impl World {
    /// An owner commits what is finished; the commit may be lost, which nobody tells.
    pub(crate) fn commit(&mut self, owner: usize, is_lost: bool) -> Check {
        let process = &mut self.owners[owner];
        process.is_dirty = false;
        for (partition, offset) in process.ledger.take_commits() {
            if !is_lost {
                self.partitions.commit(owner, partition, offset)?;
            }
        }
        Ok(())
    }

    /// An owner gives a partition away, after a last commit of all.
    pub(crate) fn let_go(&mut self, owner: usize, partition: i32) -> Check {
        let Some((_, successor)) = self.owners[owner].leaving.remove(&partition) else {
            return Ok(());
        };
        self.owners[owner].ledger.recommit();
        self.commit(owner, false)?;
        self.owners[owner].ledger.revoke(partition);
        self.owners[owner].assigned.remove(&partition);
        self.assign(partition, successor);
        Ok(())
    }

    /// The group gives a partition to an owner.
    pub(crate) fn assign(&mut self, partition: i32, owner: usize) {
        let process = &mut self.owners[owner];
        if !process.is_up || process.is_zombie {
            self.partitions.get_mut(partition).owner = None;
            return;
        }
        process.ledger.assign(partition);
        let place = self.partitions.get_mut(partition);
        process.assigned.insert(partition, place.committed);
        place.owner = Some(owner);
    }

    /// A process that was stopped learns that the group has gone on without it.
    pub(crate) fn awake(&mut self, owner: usize) {
        let process = &mut self.owners[owner];
        process.is_zombie = false;
        for partition in std::mem::take(&mut process.assigned).into_keys() {
            process.ledger.revoke(partition);
        }
        process.leaving.clear();
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
