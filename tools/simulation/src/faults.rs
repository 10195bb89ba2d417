//! All that can go wrong in a world.

use composite_service::domain::purchase::{ConfirmAnswer, Origin};
use order_service::domain::decide::Transition;
use order_service::domain::shelf::Needs;
use order_service::ports::order_store::StoreRow;

use crate::fault::Fault;
use crate::fault_kind::Kind;
use crate::gateway::{Answer, Wish};
use crate::owner::Mood;
use crate::violation::Check;
use crate::world::World;

impl World {
    /// Something that can go wrong next: a kind by its weight, and one of its kind. None when there is none of that kind, so that no
    /// kind is the more frequent for others being rare.
    pub(crate) fn any_fault(&mut self) -> Option<Fault> {
        let total: u32 = self.profile.faults.iter().map(|(_, weight)| weight).sum();
        if total == 0 {
            return None;
        }
        let mut drawn = self.chance.below(total as usize);
        let kind = self.profile.faults.iter().find_map(|(kind, weight)| {
            let is_drawn = drawn < *weight as usize;
            drawn = drawn.saturating_sub(*weight as usize);
            is_drawn.then_some(*kind)
        })?;
        if kind.disrupts() && self.disruptions_left == 0 {
            return None;
        }
        let mut faults = self.faults_of(kind);
        if faults.is_empty() {
            return None;
        }
        Some(faults.swap_remove(self.chance.below(faults.len())))
    }

    fn faults_of(&self, kind: Kind) -> Vec<Fault> {
        let composites = 0..self.composites.len();
        let has_command = |index: &usize| !self.composites[*index].producer.is_empty();
        let unread = |index: usize| {
            let intake = &self.composites[index].intake;
            intake.unread(&self.reply_topic)
        };
        let has_reply = |index: &usize| unread(*index).next().is_some();
        let has_replies = |index: &usize| {
            unread(*index).any(|(partition, next)| next + 1 < self.reply_topic.end(partition))
        };
        let owners = || {
            self.owners
                .iter()
                .enumerate()
                .filter(|(_, owner)| owner.is_up)
        };
        let asked = || owners().flat_map(|(_, owner)| owner.asked());
        let writes = |mood| {
            owners()
                .flat_map(|(index, owner)| owner.writing().map(move |lane| (index, lane)))
                .map(|(index, lane)| Fault::Write(index, lane, mood))
                .collect()
        };
        match kind {
            Kind::CommandLost => composites
                .filter(has_command)
                .map(Fault::CommandLost)
                .collect(),
            Kind::CommandDoubled => composites
                .filter(has_command)
                .map(Fault::CommandDoubled)
                .collect(),
            Kind::ReplyLost => composites.filter(has_reply).map(Fault::ReplyLost).collect(),
            Kind::ReplyDoubled => composites
                .filter(has_reply)
                .map(Fault::ReplyDoubled)
                .collect(),
            Kind::ReplyOvertakes => composites
                .filter(has_replies)
                .map(Fault::ReplyOvertakes)
                .collect(),
            Kind::WriteForgotten => writes(Mood::Forgetful),
            Kind::WriteRefused => writes(Mood::Refusing),
            Kind::StoreAway => writes(Mood::Away),
            Kind::RowHeld => asked().flat_map(rows).map(Fault::RowHeld).collect(),
            Kind::OrderTroubled => asked()
                .map(|one| Fault::OrderTroubled(one.number().clone()))
                .collect(),
            Kind::LoadBroken => owners()
                .flat_map(|(index, owner)| {
                    owner
                        .loading()
                        .map(move |number| Fault::LoadBroken(index, number.clone()))
                })
                .collect(),
            Kind::CommitLost => owners()
                .filter(|(_, owner)| owner.is_dirty)
                .map(|(index, _)| Fault::CommitLost(index))
                .collect(),
            Kind::OwnerKilled => owners()
                .map(|(index, _)| Fault::OwnerKilled(index))
                .collect(),
            Kind::OwnerStopped => owners()
                .filter(|(_, owner)| !owner.is_zombie && !owner.assigned.is_empty())
                .map(|(index, _)| Fault::OwnerStopped(index))
                .collect(),
            Kind::Rebalance => self.moves(),
            Kind::CompositeKilled => composites.map(Fault::CompositeKilled).collect(),
            Kind::HomeLost => composites
                .filter(|index| !self.reply_topic.owned_by(*index).is_empty())
                .map(Fault::HomeLost)
                .collect(),
            Kind::CallLost => (0..self.calls.len())
                .filter(|index| self.calls[*index].answer.is_none())
                .map(Fault::CallLost)
                .collect(),
            Kind::CallOverdue => (0..self.calls.len())
                .filter(|index| self.calls[*index].caller.is_some())
                .map(Fault::CallOverdue)
                .collect(),
            Kind::LookUpBroken => composites
                .flat_map(|index| {
                    let reviews = self.composites[index].reviews.iter().enumerate();
                    reviews
                        .filter(|(_, review)| review.standing.is_none())
                        .map(move |(nth, _)| Fault::LookUpBroken(index, nth))
                })
                .collect(),
            Kind::GatewayAway if self.away_until > self.now || self.calls.is_empty() => Vec::new(),
            Kind::GatewayAway => vec![Fault::GatewayAway],
        }
    }

    fn moves(&self) -> Vec<Fault> {
        let mut moves = Vec::new();
        for (partition, place) in self.partitions.iter() {
            let Some(from) = place.owner else { continue };
            let owner = &self.owners[from];
            if !owner.leaving.contains_key(&partition) && owner.assigned.contains_key(&partition) {
                // Back to itself as well: a group that is joined again gives a member what it had.
                let others = 0..self.owners.len();
                moves.extend(others.map(|to| Fault::Rebalance(partition, from, to)));
            }
        }
        moves
    }

    pub(crate) fn go_wrong(&mut self, fault: Fault) -> Check {
        self.tally.count(fault.name());
        if fault.disrupts() {
            self.disruptions_left -= 1;
        }
        match fault {
            Fault::CommandLost(composite) => self.give_up(composite),
            Fault::CommandDoubled(composite) => {
                self.publish(composite, true);
                Ok(())
            }
            Fault::ReplyLost(composite) => {
                if let Some((partition, offset)) = self.any_unread(composite) {
                    self.composites[composite].intake.read(partition, offset);
                }
                Ok(())
            }
            Fault::ReplyDoubled(composite) => match self.any_unread(composite) {
                Some((partition, offset)) => self.hand_over(composite, partition, offset),
                None => Ok(()),
            },
            Fault::ReplyOvertakes(composite) => {
                let Some((partition, next)) = self.any_unread(composite) else {
                    return Ok(());
                };
                let left = self.reply_topic.end(partition) - next;
                let ahead = self.chance.below(usize::try_from(left).unwrap_or(1));
                let offset = next + i64::try_from(ahead).unwrap_or_default();
                self.hand_over(composite, partition, offset)
            }
            Fault::Write(owner, lane, mood) => self.write(owner, lane, mood),
            Fault::RowHeld(row) => {
                let until = self.now + self.chance.millis(1, 10_000);
                self.store.hold(row, until);
                Ok(())
            }
            Fault::OrderTroubled(number) => {
                let until = self.now + self.chance.millis(1, 60_000);
                self.store.trouble(number, until);
                Ok(())
            }
            Fault::LoadBroken(owner, number) => self.load(owner, &number, true),
            Fault::CommitLost(owner) => self.settle(owner, true),
            Fault::OwnerKilled(owner) => {
                self.leave_group(owner, true);
                Ok(())
            }
            Fault::OwnerStopped(owner) => {
                self.leave_group(owner, false);
                Ok(())
            }
            Fault::Rebalance(partition, from, to) => {
                self.owners[from].leave(vec![partition], self.now, Some(to));
                Ok(())
            }
            Fault::CompositeKilled(composite) => {
                self.kill_composite(composite);
                Ok(())
            }
            Fault::HomeLost(composite) => {
                self.lose_home(composite);
                Ok(())
            }
            Fault::CallLost(index) => {
                let call = self.calls.remove(index);
                let answer = match (call.wish, self.chance.below(3)) {
                    (Wish::Charge, 0) => Answer::Confirm(ConfirmAnswer::NotAsked),
                    (Wish::Charge, 1) => Answer::Confirm(ConfirmAnswer::NotReached(
                        Origin::Gateway.because("by the schedule"),
                    )),
                    (wish, _) => wish.unanswered(),
                };
                self.answered(&call, answer)
            }
            Fault::CallOverdue(index) => self.give_call_up(index),
            Fault::LookUpBroken(composite, nth) => {
                self.look_up(composite, nth, true);
                Ok(())
            }
            Fault::GatewayAway => {
                self.away_until = self.now + self.chance.millis(1_000, 30_000);
                Ok(())
            }
        }
    }
}

/// The rows that a transition needs.
fn rows(transition: &Transition) -> Vec<StoreRow> {
    let needs = Needs::of([transition]);
    let items = needs.items.into_iter().map(StoreRow::Item);
    let coupons = needs.coupons.into_iter().map(StoreRow::Coupon);
    let own = StoreRow::Order(transition.number().clone());
    items.chain(coupons).chain([own]).collect()
}
