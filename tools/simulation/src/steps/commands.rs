//! A command from a composite's producer to the log, and its reply from the log to whoever waits for it.

use composite_service::domain::order::OrderCommand;
use composite_service::domain::purchase::{CommandAnswer, Event};
use composite_service::inbound::kafka::decode;
use shared::budget;

use crate::composite::{Asker, Waiter};
use crate::fault_kind::Kind;
use crate::sabotage::Sabotage;
use crate::violation::{Check, Invariant, violated};
use crate::wire::{Outgoing, ZONE};
use crate::world::World;

impl World {
    /// Publishes a command and lets its asker wait. Without a home nothing is sent, and now and then the producer is full.
    pub(super) fn ask(&mut self, composite: usize, asker: Asker, command: &OrderCommand) -> Check {
        let Some(home) = self.composites[composite].intake.ownership.home() else {
            self.tally.count("no home");
            return self.tell(composite, asker, CommandAnswer::NotSent);
        };
        if self.refuses_commands() {
            self.note(|| format!("composite {composite} can't send {}", command.name()));
            return self.tell(composite, asker, CommandAnswer::NotSent);
        }
        let id = self.chance.unique();
        let outgoing = Outgoing::new(id, command, home, (self.now, self.time()));
        let process = &mut self.composites[composite];
        process.room.register(id, Waiter { asker, id }, self.now);
        process.named.insert(id, home);
        process.waits.push_back(self.now + budget::REPLY_WAIT);
        process.producer.push_back(outgoing);
        Ok(())
    }

    /// Whether a command is not even taken: nothing of it leaves.
    fn refuses_commands(&mut self) -> bool {
        !self.is_healed && self.profile.weight(Kind::CommandLost) > 0 && self.chance.one_in(12)
    }

    fn tell(&mut self, composite: usize, asker: Asker, answer: CommandAnswer) -> Check {
        match asker {
            Asker::Purchase(id) => self.go_on(composite, id, Event::Command(answer)),
            Asker::Reviewer => Ok(()),
        }
    }

    /// The broker takes the first command of the producer.
    pub(crate) fn publish(&mut self, composite: usize, is_doubled: bool) {
        let producer = &mut self.composites[composite].producer;
        let outgoing = if is_doubled {
            producer.front().cloned()
        } else {
            producer.pop_front()
        };
        if let Some(outgoing) = outgoing {
            let (partition, offset) = self.partitions.append(&outgoing.number, &outgoing);
            self.note(|| {
                format!(
                    "{} {} is in the log at {partition}@{offset}",
                    outgoing.name, outgoing.number
                )
            });
        }
    }

    /// The producer gives its first command up. The broker may have it nonetheless.
    pub(crate) fn give_up(&mut self, composite: usize) -> Check {
        if self.chance.one_in(2) {
            self.publish(composite, true);
        }
        let process = &mut self.composites[composite];
        let Some(outgoing) = process.producer.pop_front() else {
            return Ok(());
        };
        match process.take(&outgoing.id) {
            Some(asker) => self.tell(composite, asker, CommandAnswer::Overdue),
            None => Ok(()),
        }
    }

    /// Reads the next reply of a partition.
    pub(crate) fn deliver(&mut self, composite: usize, partition: i32) -> Check {
        let intake = &self.composites[composite].intake;
        let next = intake
            .unread(&self.reply_topic)
            .find(|(unread, _)| *unread == partition);
        let Some((_, offset)) = next else {
            return Ok(());
        };
        self.composites[composite].intake.read(partition, offset);
        self.hand_over(composite, partition, offset)
    }

    /// A reply reaches its asker, where it is this composite's and he still waits.
    pub(crate) fn hand_over(&mut self, composite: usize, partition: i32, offset: i64) -> Check {
        let Some(reply) = self.reply_topic.reply(partition, offset) else {
            return Ok(());
        };
        if !self.composites[composite].intake.is_ours(partition, offset) {
            self.tally.count("reply of another's");
            return Ok(());
        }
        let read = match decode::reply(&reply.payload, ZONE) {
            Ok(read) => read,
            Err(error) => {
                return violated(
                    Invariant::Truth,
                    format!("a reply was not understood: {error}"),
                );
            }
        };
        let id = reply.id;
        let process = &mut self.composites[composite];
        let asker_opt = if self.sabotage == Sabotage::RepliesToAnybody {
            let first = process.purchases.keys().next();
            first.map(|id| Asker::Purchase(*id))
        } else {
            process.take(&id)
        };
        match asker_opt {
            Some(asker) => self.tell(composite, asker, CommandAnswer::Replied(read)),
            None => Ok(()),
        }
    }

    /// Any reply that a composite could read next.
    pub(crate) fn any_unread(&mut self, composite: usize) -> Option<(i32, i64)> {
        let intake = &self.composites[composite].intake;
        let mut unread: Vec<_> = intake.unread(&self.reply_topic).collect();
        (!unread.is_empty()).then(|| unread.swap_remove(self.chance.below(unread.len())))
    }

    /// Lets go of those who have waited long enough, and gives up what the producer has had for too long.
    pub(crate) fn expire(&mut self, composite: usize) -> Check {
        let now = self.now;
        let process = &mut self.composites[composite];
        while process.waits.front().is_some_and(|wait| *wait <= now) {
            process.waits.pop_front();
        }
        for Waiter { asker, id } in process.room.expire(now) {
            self.composites[composite].named.remove(&id);
            self.tell(composite, asker, CommandAnswer::Overdue)?;
        }
        let is_stale = |outgoing: &Outgoing| outgoing.since + budget::DELIVERY <= now;
        while self.composites[composite]
            .producer
            .front()
            .is_some_and(is_stale)
        {
            self.give_up(composite)?;
        }
        Ok(())
    }
}
