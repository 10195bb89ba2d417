//! A composite's end of the topic of replies: does what the rules of homes ask for.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use composite_service::domain::ownership::Ownership;
use composite_service::inbound::kafka::read_partition::ReadPartition;

use crate::reply_topic::ReplyTopic;

/// What it owns, and how far it has read.
#[derive(Debug, Default)]
pub struct ReplyIntake {
    /// The rules.
    pub ownership: Ownership,
    /// The group has changed, and it has not looked yet.
    pub has_changed: bool,
    partitions: BTreeMap<i32, ReadPartition>,
}

impl ReplyIntake {
    /// Looks at what the group has given this composite.
    pub fn follow(&mut self, composite: usize, topic: &ReplyTopic, now: Duration) {
        self.has_changed = false;
        let owned = topic.owned_by(composite);
        for partition in self.ownership.gained(&owned) {
            let committed = topic.committed(partition);
            let found = ReadPartition::new(committed, 0, topic.end(partition));
            match self.partitions.entry(partition) {
                Entry::Occupied(mut known) => known.get_mut().regain(found),
                Entry::Vacant(place) => drop(place.insert(found)),
            }
        }
        self.partitions.values_mut().for_each(ReadPartition::keep);
        self.ownership.follow(&owned, now);
    }

    /// Time has passed.
    pub fn pass(&mut self, now: Duration) {
        for partition in self.ownership.pass(now) {
            self.partitions.remove(&partition);
        }
    }

    /// Commits how far it has read what it owns.
    pub fn settle(&mut self, composite: usize, topic: &mut ReplyTopic) {
        for (partition, read) in &mut self.partitions {
            if self.ownership.owns(*partition)
                && let Some(offset) = read.to_store()
            {
                topic.commit(composite, *partition, offset);
                read.stored(offset);
            }
        }
    }

    /// The partitions in which there is something to read, each with the offset of it.
    pub fn unread<'a>(&'a self, topic: &'a ReplyTopic) -> impl Iterator<Item = (i32, i64)> + 'a {
        let next = self.partitions.iter();
        next.map(|(partition, read)| (*partition, read.next()))
            .filter(|(partition, next)| *next < topic.end(*partition))
    }

    /// Whether a reply there is meant for this composite.
    #[must_use]
    pub fn is_ours(&self, partition: i32, offset: i64) -> bool {
        let read = self.partitions.get(&partition);
        read.is_some_and(|read| read.is_ours(offset))
    }

    /// The reply there has been dealt with.
    pub fn read(&mut self, partition: i32, offset: i64) {
        if let Some(read) = self.partitions.get_mut(&partition) {
            read.read(offset);
        }
    }
}
