//! How far each reply partition is read, and which offsets may be committed.

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
    /// Partition and offset of a record whose dead letter is acknowledged. A channel, because acknowledgements come on the producer's
    /// thread. Every `settle` empties it.
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

    /// Each partition with the offset to read next.
    pub(super) fn next(&self) -> impl Iterator<Item = (i32, i64)> {
        self.partitions
            .iter()
            .map(|(partition, read)| (*partition, read.next()))
    }

    /// A partition is assigned to this composite; `found` is its state at the broker.
    pub(super) fn gain(&mut self, partition: i32, found: ReadPartition) {
        match self.partitions.entry(partition) {
            Entry::Occupied(mut known) => known.get_mut().regain(found),
            Entry::Vacant(place) => drop(place.insert(found)),
        }
    }

    /// The group has rebalanced.
    pub(super) fn group_has_changed(&mut self) {
        self.partitions.values_mut().for_each(ReadPartition::keep);
    }

    /// These partitions are not read any longer.
    pub(super) fn forget(&mut self, partitions: &[i32]) {
        self.partitions
            .retain(|partition, _| !partitions.contains(partition));
    }

    /// Whether a reply at this offset is for this composite.
    pub(super) fn is_ours(&self, partition: i32, offset: i64) -> bool {
        let read = self.partitions.get(&partition);
        read.is_some_and(|read| read.is_ours(offset))
    }

    /// The record at this offset is handled, unless it is held.
    pub(super) fn read(&mut self, partition: i32, offset: i64) {
        if let Some(read) = self.partitions.get_mut(&partition) {
            read.read(offset);
        }
    }

    /// A partition is read up to this offset, where nothing but marks of transactions lies between its last record and there.
    pub(super) fn pass(&mut self, partition: i32, offset: i64) {
        if let Some(read) = self.partitions.get_mut(&partition) {
            read.pass(offset);
        }
    }

    /// Holds a record until the returned callback is called. `None` if it is held already or its partition is not read.
    pub(super) fn hold(&mut self, partition: i32, offset: i64) -> Option<OnSettled> {
        let read = self.partitions.get_mut(&partition)?;
        let settled_tx = self.settled_tx.clone();
        read.hold(offset).then(|| -> OnSettled {
            Box::new(move || {
                // The error is dropped: the intake has ended, so the record stays uncommitted, and the next owner finds it again.
                let _ = settled_tx.send((partition, offset));
            })
        })
    }

    /// Stores the offsets of the owned partitions for the next commit. Revoked partitions are committed by their new owners.
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
                // The partition was just revoked, or a rebalance is running. The next call tries again.
                Err(error) => log::debug!("partition {partition} was not stored: {error}"),
            }
        }
    }
}
