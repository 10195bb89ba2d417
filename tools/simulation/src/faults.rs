//! All that can go wrong in a world.

use order_service::actors::write_plan::step::Lane;
use order_service::domain::decide::Transition;
use order_service::domain::shelf::Needs;
use order_service::ports::order_store::StoreRow;
use shared::order_number::OrderNumber;

use crate::fault_kind::Kind;
use crate::gateway::Answer;
use crate::invariants::Check;
use crate::owner::Mood;
use crate::world::World;
use composite_service::domain::purchase::{CancelAnswer, ConfirmAnswer};

/// A fault, and whom it hits.
#[derive(Debug, Clone)]
pub enum Fault {
    /// The first command of a composite's producer is given up.
    CommandLost(usize),
    /// It is appended, and will be once more.
    CommandDoubled(usize),
    /// A composite's next reply gets lost.
    ReplyLost(usize),
    /// It comes now, and once more.
    ReplyDoubled(usize),
    /// Another reply of a composite's comes first.
    ReplyOvertakes(usize),
    /// The batch of an owner's lane is written in this mood.
    Write(usize, Lane, Mood),
    /// Somebody holds a row for a while.
    RowHeld(StoreRow),
    /// The store fails with an order for a while.
    OrderTroubled(OrderNumber),
    /// An actor's order can't be told.
    LoadBroken(usize, OrderNumber),
    /// An owner's commit gets lost.
    CommitLost(usize),
    /// An owner is killed.
    OwnerKilled(usize),
    /// An owner is stopped for long.
    OwnerStopped(usize),
    /// A partition moves from one owner to another.
    Rebalance(i32, usize, usize),
    /// A composite is killed.
    CompositeKilled(usize),
    /// A composite loses its partitions of replies.
    HomeLost(usize),
    /// A request to the gateway gets lost.
    CallLost(usize),
    /// A request to the gateway is given up.
    CallOverdue(usize),
    /// A review's question has no answer.
    LookUpBroken(usize, usize),
    /// The gateway goes away.
    GatewayAway,
}

impl Fault {
    fn disrupts(&self) -> bool {
        matches!(
            self,
            Self::OwnerKilled(_)
                | Self::OwnerStopped(_)
                | Self::Rebalance(..)
                | Self::CompositeKilled(_)
                | Self::HomeLost(_)
        )
    }

    fn name(&self) -> &'static str {
        match self {
            Self::CommandLost(_) => "fault: command lost",
            Self::CommandDoubled(_) => "fault: command doubled",
            Self::ReplyLost(_) => "fault: reply lost",
            Self::ReplyDoubled(_) => "fault: reply doubled",
            Self::ReplyOvertakes(_) => "fault: reply overtakes",
            Self::Write(_, _, Mood::Forgetful) => "fault: write forgotten",
            Self::Write(_, _, Mood::Away) => "fault: store away",
            Self::Write(..) => "fault: write refused",
            Self::RowHeld(_) => "fault: row held",
            Self::OrderTroubled(_) => "fault: order troubled",
            Self::LoadBroken(..) => "fault: load broken",
            Self::CommitLost(_) => "fault: commit lost",
            Self::OwnerKilled(_) => "fault: owner killed",
            Self::OwnerStopped(_) => "fault: owner stopped",
            Self::Rebalance(..) => "fault: rebalance",
            Self::CompositeKilled(_) => "fault: composite killed",
            Self::HomeLost(_) => "fault: home lost",
            Self::CallLost(_) => "fault: call lost",
            Self::CallOverdue(_) => "fault: call overdue",
            Self::LookUpBroken(..) => "fault: look-up broken",
            Self::GatewayAway => "fault: gateway away",
        }
    }
}

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

    /// Whether a command is not even taken: nothing of it leaves.
    pub(crate) fn refuses_commands(&mut self) -> bool {
        !self.is_healed && self.profile.weight(Kind::CommandLost) > 0 && self.chance.one_in(12)
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
            Fault::CommitLost(owner) => self.commit(owner, true),
            Fault::OwnerKilled(owner) => {
                self.leave_group(owner, true);
                Ok(())
            }
            Fault::OwnerStopped(owner) => {
                self.leave_group(owner, false);
                Ok(())
            }
            Fault::Rebalance(partition, from, to) => {
                let deadline = self.now + crate::world::REVOKE_GRACE;
                self.owners[from].leaving.insert(partition, (deadline, to));
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
                let words = || "by the schedule".to_owned();
                let answer = match (call.is_cancel, self.chance.one_in(2)) {
                    (true, _) => Answer::Cancel(CancelAnswer::Failed),
                    (false, true) => Answer::Confirm(ConfirmAnswer::NotReached(words())),
                    (false, false) => Answer::Confirm(ConfirmAnswer::Unknown(words())),
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

    /// Nobody waits for the gateway's answer any more; the request goes on.
    pub(crate) fn give_call_up(&mut self, index: usize) -> Check {
        let call = &mut self.calls[index];
        let given_up = call.clone();
        call.caller = None;
        let answer = if given_up.is_cancel {
            Answer::Cancel(CancelAnswer::Failed)
        } else {
            Answer::Confirm(ConfirmAnswer::Unknown("by the schedule".to_owned()))
        };
        self.answered(&given_up, answer)
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
