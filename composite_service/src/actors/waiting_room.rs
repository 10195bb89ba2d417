//! Correlation id → the waiter for the reply, and its deadline. Pure.
//!
//! All waiters have the same timeout, so deadlines are in the order of registration and a queue is enough.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use uuid::Uuid;

/// The waiters. All times are measured from the same fixed start.
#[derive(Debug)]
pub struct WaitingRoom<W> {
    waiters: HashMap<Uuid, W>,
    // May name waiters that are answered already; `expire` skips them. Its size is bounded by the commands of one timeout.
    deadlines: VecDeque<(Duration, Uuid)>,
    wait: Duration,
}

impl<W> WaitingRoom<W> {
    /// An empty room with this timeout for every waiter.
    #[must_use]
    pub fn new(wait: Duration) -> Self {
        Self {
            waiters: HashMap::new(),
            deadlines: VecDeque::new(),
            wait,
        }
    }

    /// Adds a waiter at `now`.
    pub fn register(&mut self, correlation_id: Uuid, waiter: W, now: Duration) {
        self.waiters.insert(correlation_id, waiter);
        self.deadlines.push_back((now + self.wait, correlation_id));
    }

    /// Removes the waiter with this correlation id; `None` when the reply is late, repeated or for another instance.
    pub fn take(&mut self, correlation_id: &Uuid) -> Option<W> {
        self.waiters.remove(correlation_id)
    }

    /// Removes the waiters whose deadline has passed at `now`, in the order of their deadlines.
    pub fn expire(&mut self, now: Duration) -> Vec<W> {
        let mut expired = Vec::new();
        while let Some((_, correlation_id)) = self
            .deadlines
            .front()
            .filter(|(deadline, _)| *deadline <= now)
        {
            expired.extend(self.waiters.remove(correlation_id));
            self.deadlines.pop_front();
        }
        expired
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_reply_that_comes_twice_is_heard_of_once() {
        let mut room = WaitingRoom::new(at(8));
        let id = Uuid::from_u128(1);
        room.register(id, "one", at(0));
        assert_eq!(room.take(&id), Some("one"));
        assert_eq!(room.take(&id), None);
        assert_eq!(room.expire(at(60)), Vec::<&str>::new());
    }

    #[test]
    fn those_who_are_not_answered_in_time_expire_in_their_order() {
        let mut room = WaitingRoom::new(at(8));
        for (second, name) in [(0_u32, "one"), (1, "two"), (5, "three")] {
            room.register(Uuid::from_u128(u128::from(second)), name, at(second.into()));
        }
        room.take(&Uuid::from_u128(0));
        assert_eq!(room.expire(at(7)), Vec::<&str>::new());
        assert_eq!(room.expire(at(9)), ["two"]);
        assert_eq!(room.expire(at(60)), ["three"]);
        assert_eq!(room.expire(at(90)), Vec::<&str>::new());
    }
}
