//! How far each reply partition is read, and what of it is settled, so that it may be committed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::mpsc::{self, Receiver, Sender};

use shared::kafka::dead_letters::OnSettled;

use super::membership::Membership;
use super::read_partition::ReadPartition;
use crate::domain::ownership::Ownership;

/// The partitions that are read.
pub(super) struct ReplyOffsets {
    partitions: BTreeMap<i32, ReadPartition>,
    /// Partition and offset of a record that need not be held any longer.
    settled_tx: Sender<(i32, i64)>,
    settled_rx: Receiver<(i32, i64)>,
}

impl ReplyOffsets {
    pub(super) fn new() -> Self {
        let (settled_tx, settled_rx) = mpsc::channel();
        Self {
            partitions: BTreeMap::new(),
            settled_tx,
            settled_rx,
        }
    }

    /// Each partition, with the offset to read next.
    pub(super) fn next(&self) -> impl Iterator<Item = (i32, i64)> {
        self.partitions
            .iter()
            .map(|(partition, read)| (*partition, read.next()))
    }

    /// A partition is given to this composite, and was found so.
    pub(super) fn gain(&mut self, partition: i32, found: ReadPartition) {
        match self.partitions.entry(partition) {
            Entry::Occupied(mut known) => known.get_mut().regain(found),
            Entry::Vacant(place) => drop(place.insert(found)),
        }
    }

    /// The group has changed.
    pub(super) fn group_has_changed(&mut self) {
        self.partitions.values_mut().for_each(ReadPartition::keep);
    }

    /// These partitions are not read any longer.
    pub(super) fn forget(&mut self, partitions: &[i32]) {
        self.partitions
            .retain(|partition, _| !partitions.contains(partition));
    }

    /// Whether a reply there is meant for this composite.
    pub(super) fn is_ours(&self, partition: i32, offset: i64) -> bool {
        let read = self.partitions.get(&partition);
        read.is_some_and(|read| read.is_ours(offset))
    }

    /// The record there has been dealt with, unless it is held.
    pub(super) fn read(&mut self, partition: i32, offset: i64) {
        if let Some(read) = self.partitions.get_mut(&partition) {
            read.read(offset);
        }
    }

    /// Holds a record until the result is called; `None` when it is held already, or its partition is not read.
    pub(super) fn hold(&mut self, partition: i32, offset: i64) -> Option<OnSettled> {
        let read = self.partitions.get_mut(&partition)?;
        let settled_tx = self.settled_tx.clone();
        read.hold(offset).then(|| -> OnSettled {
            Box::new(move || {
                // An error means that the intake has ended: the record stays uncommitted, and is found again.
                let _ = settled_tx.send((partition, offset));
            })
        })
    }

    /// Has the member commit what is settled of the partitions that it owns. Those that it has lost are their new owners' to commit.
    pub(super) fn settle(&mut self, ownership: &Ownership, member: &Membership) {
        for (partition, offset) in self.settled_rx.try_iter() {
            if let Some(read) = self.partitions.get_mut(&partition) {
                read.release(offset);
            }
        }
        let owned = self
            .partitions
            .iter_mut()
            .filter(|(partition, _)| ownership.owns(**partition));
        for (partition, read) in owned {
            let Some(offset) = read.to_store() else {
                continue;
            };
            match member.store(*partition, offset) {
                Ok(()) => read.stored(offset),
                // It was lost a moment ago, or the group is changing. The next call tries again.
                Err(error) => log::debug!("partition {partition} was not stored: {error}"),
            }
        }
    }
}
