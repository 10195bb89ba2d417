//! The topic of commands: logs with committed offsets, and who reads them. Knows nothing of what records say.

use std::collections::BTreeSet;

use rdkafka::message::OwnedMessage;
use shared::order_number::OrderNumber;

use crate::violation::{Check, Invariant, violated};
use crate::wire::{ORDERS, Outgoing};

/// One partition as the broker has it.
#[derive(Debug, Default)]
pub struct Partition {
    records: Vec<OwnedMessage>,
    /// The first offset that a successor reads.
    pub committed: i64,
    /// The member that the group has given it to.
    pub owner: Option<usize>,
    /// Records whose effect is stored and whose reply is acknowledged.
    answered: BTreeSet<i64>,
}

/// All partitions.
#[derive(Debug)]
pub struct Partitions(Vec<Partition>);

impl Partitions {
    /// So many empty ones, without owners.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self((0..count).map(|_| Partition::default()).collect())
    }

    /// Every partition with its number.
    pub fn iter(&self) -> impl Iterator<Item = (i32, &Partition)> {
        (0..).zip(&self.0)
    }

    /// The partition of this number.
    #[must_use]
    pub fn get(&self, partition: i32) -> &Partition {
        &self.0[index(partition)]
    }

    /// The partition of this number.
    pub fn get_mut(&mut self, partition: i32) -> &mut Partition {
        &mut self.0[index(partition)]
    }

    /// Appends a command to the partition of its key. Returns where it is.
    pub fn append(&mut self, key: &OrderNumber, outgoing: &Outgoing) -> (i32, i64) {
        let digits = key.as_str().bytes().map(usize::from).sum::<usize>();
        let slot = digits % self.0.len();
        let partition = i32::try_from(slot).unwrap_or_default();
        let offset = self.0[slot].end();
        self.0[slot]
            .records
            .push(outgoing.record(ORDERS, partition, offset));
        (partition, offset)
    }

    /// A member has left the group, or counts as gone: nobody has its partitions.
    pub fn leave(&mut self, owner: usize) {
        self.0
            .iter_mut()
            .filter(|place| place.owner == Some(owner))
            .for_each(|place| place.owner = None);
    }

    /// An owner commits; refused when the group has given the partition to another.
    ///
    /// # Errors
    /// When a record is left behind that is not done, or the commit goes back.
    pub fn commit(&mut self, owner: usize, partition: i32, offset: i64) -> Check {
        let place = self.get_mut(partition);
        if place.owner != Some(owner) {
            return Ok(());
        }
        let undone = (0..offset).find(|offset| !place.answered.contains(offset));
        if let Some(undone) = undone {
            return violated(
                Invariant::Offsets,
                format!(
                    "owner {owner} commits {partition}@{offset}, but the record at {undone} is not answered"
                ),
            );
        }
        if offset < place.committed {
            return violated(
                Invariant::Offsets,
                format!(
                    "owner {owner} takes {partition} back from {} to {offset}",
                    place.committed
                ),
            );
        }
        place.committed = offset;
        Ok(())
    }
}

impl Partition {
    /// One past the last record.
    #[must_use]
    pub fn end(&self) -> i64 {
        i64::try_from(self.records.len()).unwrap_or(i64::MAX)
    }

    /// The record at an offset.
    #[must_use]
    pub fn record(&self, offset: i64) -> Option<&OwnedMessage> {
        self.records.get(usize::try_from(offset).ok()?)
    }

    /// A record's reply is acknowledged.
    pub fn answered(&mut self, offset: i64) {
        self.answered.insert(offset);
    }
}

fn index(partition: i32) -> usize {
    usize::try_from(partition).unwrap_or_default()
}
