//! Which partition of the reply topic a composite names in its commands, its *home*, and which partitions it reads. Decides, does nothing;
//! times are since some fixed start.
//!
//! The group of composites gives partitions and takes them away. A command names the home of its moment, and its reply may come until the
//! command is overdue: so a partition is read until the last command that may have named it is overdue, whoever owns it by then.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use shared::budget;

/// How long a composite that owns nothing any more still names its last home. The group may have missed it only for a moment, as when the
/// group's broker is away; then nothing is refused for it.
pub const LAST_HOME_WAIT: Duration = Duration::from_secs(8);

/// How long a partition is read after it was named for the last time: until the last command that named it is overdue. Who waits is let go
/// a little late, because the bridge looks at its clock ten times a second; a second covers that.
pub const FAREWELL: Duration = budget::REPLY_WAIT.saturating_add(Duration::from_secs(1));

/// The partitions of one composite.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ownership {
    /// All that are read.
    partitions: BTreeMap<i32, Tenure>,
    home: Option<i32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tenure {
    /// The group has given it to this composite.
    Owned,
    /// The group has taken it away.
    Lost {
        /// When it was lost or, if it stayed home after that, when it ceased to be home.
        since: Duration,
    },
}

impl Ownership {
    /// Those of the `owned` partitions that are new, or were lost before. The shell finds out where to read them, and reads them, before
    /// it calls [`follow`](Self::follow): a partition that is named must be read already.
    #[must_use]
    pub fn gained(&self, owned: &BTreeSet<i32>) -> Vec<i32> {
        let is_new = |partition: &&i32| !self.owns(**partition);
        owned.iter().filter(is_new).copied().collect()
    }

    /// The group has given this composite the `owned` partitions, and no others. It stays at home as long as it owns home, or owns nothing
    /// else.
    pub fn follow(&mut self, owned: &BTreeSet<i32>, now: Duration) {
        for (_, lost) in self
            .partitions
            .iter_mut()
            .filter(|(partition, tenure)| **tenure == Tenure::Owned && !owned.contains(partition))
        {
            *lost = Tenure::Lost { since: now };
        }
        self.partitions
            .extend(owned.iter().map(|partition| (*partition, Tenure::Owned)));
        if self.home.is_none_or(|home| !owned.contains(&home))
            && let Some(next) = owned.first()
        {
            self.leave_home(now);
            self.home = Some(*next);
        }
    }

    /// Time has passed: leaves a home that was lost long ago. Returns the partitions that need not be read any longer.
    pub fn pass(&mut self, now: Duration) -> Vec<i32> {
        if self.lost_home_for(now) >= Some(LAST_HOME_WAIT) {
            self.leave_home(now);
        }
        let home = self.home;
        let is_over = |partition: &i32, tenure: &mut Tenure| {
            let lost_for = tenure.lost_for(now);
            home != Some(*partition) && lost_for >= Some(FAREWELL)
        };
        self.partitions
            .extract_if(.., is_over)
            .map(|(partition, _)| partition)
            .collect()
    }

    /// The partition that commands name now; `None` while there is none, and nothing can be asked for.
    #[must_use]
    pub fn home(&self) -> Option<i32> {
        self.home
    }

    /// Whether the group has given it this partition.
    #[must_use]
    pub fn owns(&self, partition: i32) -> bool {
        self.partitions.get(&partition) == Some(&Tenure::Owned)
    }

    /// Whether replies in this partition may be meant for it.
    #[must_use]
    pub fn reads(&self, partition: i32) -> bool {
        self.partitions.contains_key(&partition)
    }

    fn lost_home_for(&self, now: Duration) -> Option<Duration> {
        self.partitions.get(&self.home?)?.lost_for(now)
    }

    fn leave_home(&mut self, now: Duration) {
        let left = self.home.take();
        if let Some(Tenure::Lost { since }) = left.and_then(|home| self.partitions.get_mut(&home)) {
            *since = now;
        }
    }
}

impl Tenure {
    /// `None` while it is owned, which is less than any time.
    fn lost_for(self, now: Duration) -> Option<Duration> {
        match self {
            Self::Owned => None,
            Self::Lost { since } => Some(now.saturating_sub(since)),
        }
    }
}

#[cfg(test)]
mod tests;
