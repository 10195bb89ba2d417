//! Which partition of the reply topic a composite names in its commands, its *home*, and which partitions it reads. Pure; all times are
//! measured from the same fixed start.
//!
//! The consumer group assigns and revokes partitions. A command names the home at the time of sending, and its reply may arrive until the
//! command times out. So a partition is read until the last command that named it has timed out, even if another composite owns it by then.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use shared::budget;

/// How long a composite that owns no partition any more still names its last home. It may have lost its membership only for a moment, for
/// example because the group coordinator is unavailable; purchases should not fail because of that.
pub const LAST_HOME_WAIT: Duration = Duration::from_secs(8);

/// How long a partition is read after it was named for the last time: until the last command that named it has timed out. The extra second
/// is needed because the bridge checks timeouts only ten times a second.
pub const FAREWELL: Duration = budget::REPLY_WAIT.saturating_add(Duration::from_secs(1));

/// The partitions of one composite.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ownership {
    /// All partitions that are read.
    partitions: BTreeMap<i32, Tenure>,
    home: Option<i32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tenure {
    /// Assigned to this composite.
    Owned,
    /// Revoked from this composite.
    Lost {
        /// When it was revoked or, if it stayed home after that, when it ceased to be home.
        since: Duration,
    },
}

impl Ownership {
    /// Those of the `owned` partitions that are new or were revoked before. The shell must start to read them before it calls
    /// [`follow`](Self::follow): otherwise a reply could arrive in a partition that is named but not read yet.
    #[must_use]
    pub fn gained(&self, owned: &BTreeSet<i32>) -> Vec<i32> {
        let is_new = |partition: &&i32| !self.owns(**partition);
        owned.iter().filter(is_new).copied().collect()
    }

    /// The group has assigned exactly the `owned` partitions to this composite. Its home changes only if it was revoked and another
    /// partition is owned.
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

    /// Time has passed: gives up a home that was revoked [`LAST_HOME_WAIT`] ago. Returns the partitions that need not be read any longer.
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

    /// The partition that commands name now; `None` while there is none and commands can't be sent.
    #[must_use]
    pub fn home(&self) -> Option<i32> {
        self.home
    }

    /// Whether this partition is assigned to the composite.
    #[must_use]
    pub fn owns(&self, partition: i32) -> bool {
        self.partitions.get(&partition) == Some(&Tenure::Owned)
    }

    /// Whether replies in this partition may be for this composite.
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
            // Commands have named it until now, so their replies may come for another `FAREWELL`.
            *since = now;
        }
    }
}

impl Tenure {
    /// `None` while it is owned. `None` compares as less than any time, so it never exceeds a limit.
    fn lost_for(self, now: Duration) -> Option<Duration> {
        match self {
            Self::Owned => None,
            Self::Lost { since } => Some(now.saturating_sub(since)),
        }
    }
}

#[cfg(test)]
mod tests;
