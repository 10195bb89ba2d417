//! The topic of replies: its logs, and which composite the group has given each of them. Knows nothing of what replies say.

use std::collections::BTreeSet;

use crate::wire::Reply;

/// All partitions.
#[derive(Debug)]
pub struct ReplyTopic(Vec<ReplyPartition>);

/// One partition as the broker has it.
#[derive(Debug, Default)]
struct ReplyPartition {
    log: Vec<Reply>,
    /// The first offset that its next owner reads, where one was committed.
    committed: Option<i64>,
    /// The composite that the group has given it to.
    owner: Option<usize>,
}

impl ReplyTopic {
    /// So many partitions, each of which belongs to the composite of its number.
    #[must_use]
    pub fn new(count: usize) -> Self {
        let owned_by = |composite| ReplyPartition {
            owner: Some(composite),
            ..ReplyPartition::default()
        };
        Self((0..count).map(owned_by).collect())
    }

    /// Appends a reply to the partition that its command named.
    pub fn append(&mut self, reply: &Reply) {
        if let Some(place) = self.0.get_mut(reply.partition) {
            place.log.push(reply.clone());
        }
    }

    /// The reply at an offset.
    #[must_use]
    pub fn reply(&self, partition: i32, offset: i64) -> Option<&Reply> {
        let log = &self.0[index(partition)].log;
        log.get(usize::try_from(offset).ok()?)
    }

    /// One past a partition's last reply.
    #[must_use]
    pub fn end(&self, partition: i32) -> i64 {
        i64::try_from(self.0[index(partition)].log.len()).unwrap_or(i64::MAX)
    }

    /// What is committed of a partition.
    #[must_use]
    pub fn committed(&self, partition: i32) -> Option<i64> {
        self.0[index(partition)].committed
    }

    /// A composite commits, which counts for nothing when the group has given the partition to another.
    pub fn commit(&mut self, composite: usize, partition: i32, offset: i64) {
        let place = &mut self.0[index(partition)];
        if place.owner == Some(composite) {
            place.committed = Some(offset);
        }
    }

    /// The partitions that a composite has.
    #[must_use]
    pub fn owned_by(&self, composite: usize) -> BTreeSet<i32> {
        self.with_owner(Some(composite)).collect()
    }

    /// The partitions that nobody has.
    pub fn free(&self) -> impl Iterator<Item = i32> {
        self.with_owner(None)
    }

    /// The group gives a partition to a composite, whoever had it.
    pub fn give(&mut self, partition: i32, composite: usize) {
        self.0[index(partition)].owner = Some(composite);
    }

    /// A composite has left the group, or counts as gone: nobody has its partitions.
    pub fn leave(&mut self, composite: usize) {
        self.0
            .iter_mut()
            .filter(|place| place.owner == Some(composite))
            .for_each(|place| place.owner = None);
    }

    fn with_owner(&self, owner: Option<usize>) -> impl Iterator<Item = i32> {
        (0..)
            .zip(&self.0)
            .filter(move |(_, place)| place.owner == owner)
            .map(|(partition, _)| partition)
    }
}

fn index(partition: i32) -> usize {
    usize::try_from(partition).unwrap_or_default()
}
