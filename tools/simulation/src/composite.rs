//! A composite: purchases, the waiting room, a producer and a reviewer. It does what the saga asks for, and tells it what came of it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use composite_service::actors::waiting_room::WaitingRoom;
use composite_service::domain::order::OrderCommand;
use composite_service::domain::purchase::{
    CancelAnswer, CommandAnswer, ConfirmAnswer, Effect, Event, Purchase, Warning,
};
use composite_service::domain::review_pace::pause;
use composite_service::inbound::kafka::decode;
use shared::budget;
use shared::ids::jittered;
use shared::order_number::OrderNumber;
use shared::payment::Payment;
use uuid::Uuid;

use crate::gateway::{Answer, Call};
use crate::invariants::{Check, Invariant, charged_in_time, violated};
use crate::reply_intake::ReplyIntake;
use crate::sabotage::Sabotage;
use crate::wire::Outgoing;
use crate::world::World;

mod homes;
mod reviewing;

pub use reviewing::Review;

/// One process. A killed one is followed by another at once, which knows nothing.
#[derive(Debug)]
pub struct Composite {
    /// How many were here before it.
    pub life: u64,
    /// Purchases under way.
    pub purchases: BTreeMap<u64, Run>,
    /// Commands that the broker has not taken.
    pub producer: VecDeque<Outgoing>,
    /// Orders that are being reviewed.
    pub reviews: Vec<Review>,
    /// When the reviewer looks again.
    pub next_look: Duration,
    /// When those who wait have waited long enough.
    pub waits: VecDeque<Duration>,
    /// Where it reads replies.
    pub intake: ReplyIntake,
    /// The partition that each command named whose reply is waited for.
    pub named: BTreeMap<Uuid, i32>,
    room: WaitingRoom<Waiter>,
}

/// Who waits for a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asker {
    Purchase(u64),
    Reviewer,
}

/// Somebody who waits, and for which reply.
#[derive(Debug, Clone, Copy)]
struct Waiter {
    asker: Asker,
    id: Uuid,
}

/// A purchase under way.
#[derive(Debug)]
pub struct Run {
    /// The saga.
    pub purchase: Purchase,
    /// The request that it answers.
    pub request: usize,
    /// When it began.
    pub started_at: Duration,
    /// When the shopper has waited long enough; `None` once he is answered.
    pub deadline: Option<Duration>,
    /// When it goes on.
    pub wake_at: Option<Duration>,
}

impl Composite {
    /// A process that has just started.
    #[must_use]
    pub fn new(life: u64, next_look: Duration) -> Self {
        Self {
            life,
            purchases: BTreeMap::new(),
            producer: VecDeque::new(),
            reviews: Vec::new(),
            next_look,
            waits: VecDeque::new(),
            intake: ReplyIntake::default(),
            named: BTreeMap::new(),
            room: WaitingRoom::new(budget::REPLY_WAIT),
        }
    }

    /// The reply has come, or never will.
    fn take(&mut self, id: &Uuid) -> Option<Asker> {
        self.named.remove(id);
        self.room.take(id).map(|waiter| waiter.asker)
    }

    /// How many wait for a reply.
    #[must_use]
    pub fn waiters(&self) -> usize {
        self.named.len()
    }
}

impl World {
    /// A purchase begins.
    pub(crate) fn begin(
        &mut self,
        composite: usize,
        request: usize,
        (purchase, effects): (Purchase, Vec<Effect>),
    ) -> Check {
        let id = self.next_purchase;
        self.next_purchase += 1;
        let run = Run {
            purchase,
            request,
            started_at: self.now,
            deadline: Some(self.now + budget::HTTP_ANSWER),
            wake_at: None,
        };
        self.composites[composite].purchases.insert(id, run);
        self.perform(composite, id, effects)
    }

    pub(crate) fn go_on(&mut self, composite: usize, id: u64, event: Event) -> Check {
        let Some(run) = self.composites[composite].purchases.get_mut(&id) else {
            return Ok(());
        };
        let age = self.now - run.started_at;
        let heard = match self.sabotage {
            Sabotage::LateFence => age.saturating_sub(Duration::from_secs(1)),
            _ => age,
        };
        let effects = run.purchase.handle(event, heard);
        self.perform(composite, id, effects)
    }

    fn perform(&mut self, composite: usize, id: u64, effects: Vec<Effect>) -> Check {
        for effect in effects {
            self.perform_one(composite, id, effect)?;
        }
        let purchases = &mut self.composites[composite].purchases;
        if purchases.get(&id).is_some_and(|run| run.purchase.is_done()) {
            purchases.remove(&id);
        }
        Ok(())
    }

    fn perform_one(&mut self, composite: usize, id: u64, effect: Effect) -> Check {
        let Some(run) = self.composites[composite].purchases.get_mut(&id) else {
            return Ok(());
        };
        match effect {
            Effect::Send(command) => self.ask(composite, Asker::Purchase(id), &command),
            Effect::Renumber => {
                let number = self.new_number();
                self.tally.count("renumbered");
                self.go_on(composite, id, Event::Renumbered(number))
            }
            Effect::Confirm { number, payment } => {
                charged_in_time(run.started_at, self.now)?;
                self.call(composite, id, number, payment, false);
                Ok(())
            }
            Effect::Cancel { .. } if self.sabotage == Sabotage::NoRefunds => {
                self.go_on(composite, id, Event::Cancel(CancelAnswer::Cancelled))
            }
            Effect::Cancel {
                number, payment, ..
            } => {
                self.tally.count("purchase refunds");
                self.call(composite, id, number, payment, true);
                Ok(())
            }
            Effect::Wait(delay) => {
                let delay = jittered(delay, self.chance.any());
                if let Some(run) = self.composites[composite].purchases.get_mut(&id) {
                    run.wake_at = Some(self.now + delay);
                }
                Ok(())
            }
            Effect::Answer(outcome) => {
                run.deadline = None;
                let request = run.request;
                self.told(request, outcome)
            }
            Effect::Warn(Warning::TooOldToCharge) => {
                self.tally.count("too late to charge");
                Ok(())
            }
            Effect::Warn(Warning::Unresolved(_)) => Ok(()),
        }
    }

    /// Asks the gateway, where it can be reached.
    fn call(
        &mut self,
        composite: usize,
        id: u64,
        number: OrderNumber,
        payment: Payment,
        is_cancel: bool,
    ) {
        let unreached = if is_cancel {
            Answer::Cancel(CancelAnswer::Failed)
        } else {
            Answer::Confirm(ConfirmAnswer::NotReached("away".to_owned()))
        };
        self.calls.push(Call {
            caller: Some((composite, self.composites[composite].life, id)),
            number,
            payment,
            is_cancel,
            sent_at: self.now,
            answer: (self.away_until > self.now).then_some(unreached),
        });
    }

    /// Publishes a command and lets its asker wait. Without a home nothing is sent, and now and then the producer is full.
    fn ask(&mut self, composite: usize, asker: Asker, command: &OrderCommand) -> Check {
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
        let read = match decode::reply(&reply.payload) {
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

    /// The gateway's answer, or that there is none, reaches the purchase that has asked.
    pub(crate) fn answered(&mut self, call: &Call, answer: Answer) -> Check {
        let Some((composite, life, id)) = call.caller else {
            return Ok(());
        };
        if self.composites[composite].life != life {
            return Ok(());
        }
        let event = match answer {
            Answer::Confirm(answer) => Event::Confirm(answer),
            Answer::Cancel(answer) => Event::Cancel(answer),
        };
        self.go_on(composite, id, event)
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
