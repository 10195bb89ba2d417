//! The group of composites: who has which partition of replies, and when a composite learns of it.

use std::time::Duration;

use crate::action::Action;
use crate::sabotage::Sabotage;
use crate::world::World;

impl World {
    /// What the group may do next: give a partition away that nobody has, or let one that has several share with one that has none.
    pub(crate) fn moves_of_homes(&self) -> Vec<Action> {
        let all = || 0..self.composites.len();
        let owned: Vec<_> = all()
            .map(|composite| self.reply_topic.owned_by(composite))
            .collect();
        let mut moves = Vec::new();
        for partition in self.reply_topic.free() {
            moves.extend(all().map(|taker| Action::GiveHome(partition, taker)));
        }
        let poor = all().filter(|composite| owned[*composite].is_empty());
        let spare = || owned.iter().filter(|owned| owned.len() > 1).flatten();
        for taker in poor {
            moves.extend(spare().map(|partition| Action::GiveHome(*partition, taker)));
        }
        moves
    }

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

    /// Any reply that a composite could read next.
    pub(crate) fn any_unread(&mut self, composite: usize) -> Option<(i32, i64)> {
        let intake = &self.composites[composite].intake;
        let mut unread: Vec<_> = intake.unread(&self.reply_topic).collect();
        (!unread.is_empty()).then(|| unread.swap_remove(self.chance.below(unread.len())))
    }
}
