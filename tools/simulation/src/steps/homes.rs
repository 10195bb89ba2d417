//! The group of composites: who has which partition of replies, and when a composite learns of it.

use std::time::Duration;

use composite_service::domain::review_pace::pause;

use crate::composite::Composite;
use crate::sabotage::Sabotage;
use crate::world::World;

impl World {
    /// All members learn of each change sooner or later.
    pub(crate) fn give_home(&mut self, partition: i32, composite: usize) {
        self.reply_topic.give(partition, composite);
        self.group_has_changed();
    }

    /// The group has missed a composite, and goes on without it.
    pub(crate) fn lose_home(&mut self, composite: usize) {
        self.reply_topic.leave(composite);
        self.group_has_changed();
    }

    fn group_has_changed(&mut self) {
        for process in &mut self.composites {
            process.intake.has_changed = true;
        }
    }

    /// What a composite's intake does from time to time.
    pub(crate) fn keep_house(&mut self, composite: usize) {
        let now = match self.sabotage {
            Sabotage::EarlyFarewell => self.now + Duration::from_secs(2),
            _ => self.now,
        };
        let intake = &mut self.composites[composite].intake;
        intake.pass(now);
        intake.settle(composite, &mut self.reply_topic);
        if intake.ownership.home().is_none() {
            self.tally.count("time without a home");
        }
    }

    /// The process is killed. What its producer has may have left.
    pub(crate) fn kill_composite(&mut self, composite: usize) {
        while !self.composites[composite].producer.is_empty() {
            if self.chance.one_in(2) {
                self.publish(composite, false);
            } else {
                self.composites[composite].producer.pop_front();
            }
        }
        let life = self.composites[composite].life;
        let pause = pause(self.chance.any());
        self.composites[composite] = Composite::new(life + 1, self.now + pause);
        for call in &mut self.calls {
            call.caller = call.caller.filter(|(of, ..)| *of != composite);
        }
        self.abandon_requests(composite);
        self.lose_home(composite);
    }
}
