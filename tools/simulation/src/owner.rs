//! An order service: offsets, the registry of residents, an actor for each order, the write plan and the replies that are on their way.
//! Mailboxes are queues here, and reading one is a step of its own, so that any order of reading them is tried. The steps are in
//! `steps`.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use chrono::{DateTime, Utc};
use order_service::actors::command_run::{CommandRun, Known};
use order_service::actors::residents::{Residents, Route};
use order_service::actors::write_plan::WritePlan;
use order_service::actors::write_plan::step::{self, Alarm, Lane, SetAside};
use order_service::domain::command::OrderCommand;
use order_service::domain::decide::Transition;
use order_service::inbound::kafka::settlement::{REVOKE_GRACE, Settlement};
use order_service::ports::reply_sink::Requester;
use shared::kafka::offset_ledger::Position;
use shared::order_number::OrderNumber;

use crate::profile::Profile;
use crate::violation::{Check, Invariant, violated};
use crate::wire::Reply;

mod batch;

pub use batch::Mood;
pub(crate) use batch::Write;

/// One process.
#[derive(Debug)]
pub struct Owner {
    /// Whether it runs.
    pub is_up: bool,
    /// It has lost its partitions and does not know yet.
    pub is_zombie: bool,
    /// Partitions that it reads, each with the offset to read next.
    pub assigned: BTreeMap<i32, i64>,
    /// Partitions that leave, each with the time until which the group waits. Only a clock: [`Settlement`] says when they go.
    pub leaving: BTreeMap<i32, Duration>,
    /// Something has happened since it last settled, so that commits or partitions may be due.
    pub is_dirty: bool,
    /// Records in hand.
    pub permits_taken: usize,
    /// Offsets, and who gets a partition that leaves: nobody, when the group has gone on without this process.
    pub(crate) settlement: Settlement<Option<usize>>,
    pub(crate) residents: Residents<Apply>,
    pub(crate) actors: BTreeMap<OrderNumber, OrderActor>,
    pub(crate) inbox: VecDeque<Message>,
    pub(crate) plan: WritePlan<Asker>,
    /// The batches that the plan has out.
    pub(crate) writes: BTreeMap<Lane, Write>,
    /// What the plan wants to be woken for, and when.
    pub(crate) alarms: Vec<(Duration, Alarm)>,
    pub(crate) outbox: Vec<Answer>,
}

/// A command on its way to its actor.
#[derive(Debug)]
pub(crate) struct Apply {
    pub(crate) command: OrderCommand,
    pub(crate) requester: Option<Requester>,
    pub(crate) received_at: DateTime<Utc>,
    pub(crate) token: Token,
}

/// A record in hand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    pub(crate) position: Position,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
}

/// What the registry is told.
#[derive(Debug)]
pub(crate) enum Message {
    Apply(Box<Apply>),
    Finished { number: OrderNumber, is_done: bool },
    Ended(OrderNumber),
}

/// What an actor is told.
#[derive(Debug)]
pub(crate) enum Order {
    Apply(Box<Apply>),
    Retire,
}

#[derive(Debug)]
pub(crate) struct OrderActor {
    pub(crate) known: Known,
    /// The assignment of its partition that it knows this from.
    pub(crate) known_in_epoch: u64,
    pub(crate) mailbox: VecDeque<Order>,
    pub(crate) in_hand: Option<InHand>,
}

#[derive(Debug)]
pub(crate) struct InHand {
    pub(crate) command: OrderCommand,
    pub(crate) run: CommandRun,
    pub(crate) requester: Option<Requester>,
    pub(crate) token: Token,
    pub(crate) is_loading: bool,
}

/// The actor that waits for its transition's outcome, by its order.
#[derive(Debug)]
pub(crate) struct Asker(pub(crate) OrderNumber);

impl step::Asker for Asker {
    fn set_aside(&self, _: SetAside) {}
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) reply: Reply,
    pub(crate) token: Token,
    pub(crate) is_sent: bool,
}

impl Owner {
    /// A process that has just started. `seed` makes the jitter of what it tries again.
    #[must_use]
    pub fn new(profile: &Profile, seed: u64) -> Self {
        Self {
            is_up: true,
            is_zombie: false,
            assigned: BTreeMap::new(),
            leaving: BTreeMap::new(),
            is_dirty: false,
            permits_taken: 0,
            settlement: Settlement::default(),
            residents: Residents::new(profile.max_live, profile.idle_after),
            actors: BTreeMap::new(),
            inbox: VecDeque::new(),
            plan: WritePlan::new(profile.max_batch, seed),
            writes: BTreeMap::new(),
            alarms: Vec::new(),
            outbox: Vec::new(),
        }
    }

    /// Actors, retiring ones included.
    #[must_use]
    pub fn actors(&self) -> usize {
        self.actors.len()
    }

    /// Whether the registry's books agree with what lives.
    #[must_use]
    pub fn has_sound_books(&self) -> bool {
        self.residents.len() == self.actors.len()
    }

    /// Whether the registry has something to read.
    #[must_use]
    pub fn has_mail(&self) -> bool {
        !self.inbox.is_empty()
    }

    /// Actors that can take their next message.
    pub fn ready(&self) -> impl Iterator<Item = &OrderNumber> {
        self.actors
            .iter()
            .filter(|(_, actor)| actor.in_hand.is_none() && !actor.mailbox.is_empty())
            .map(|(number, _)| number)
    }

    /// Actors that wait for their order.
    pub fn loading(&self) -> impl Iterator<Item = &OrderNumber> {
        self.actors
            .iter()
            .filter(|(_, actor)| actor.in_hand.as_ref().is_some_and(|hand| hand.is_loading))
            .map(|(number, _)| number)
    }

    /// Replies that the producer can send next: the first of each partition.
    #[must_use]
    pub fn sendable(&self) -> Vec<usize> {
        let mut partitions = Vec::new();
        let mut first = Vec::new();
        for (index, answer) in self.outbox.iter().enumerate() {
            if !answer.is_sent && !partitions.contains(&answer.reply.partition) {
                partitions.push(answer.reply.partition);
                first.push(index);
            }
        }
        first
    }

    /// Replies that the broker has and that it may acknowledge.
    pub fn acknowledgeable(&self) -> impl Iterator<Item = usize> {
        self.outbox
            .iter()
            .enumerate()
            .filter(|(_, answer)| answer.is_sent)
            .map(|(index, _)| index)
    }

    /// Lanes whose batch the store has not answered for.
    pub fn writing(&self) -> impl Iterator<Item = Lane> {
        let asked = |write: &Write| matches!(write, Write::Asked(..));
        let writes = self.writes.iter();
        writes
            .filter(move |(_, write)| asked(write))
            .map(|(lane, _)| *lane)
    }

    /// Lanes whose batch the store has answered for.
    pub fn written(&self) -> impl Iterator<Item = Lane> {
        let answered = |write: &Write| matches!(write, Write::Answered(_));
        let writes = self.writes.iter();
        writes
            .filter(move |(_, write)| answered(write))
            .map(|(lane, _)| *lane)
    }

    /// The transitions of batches that the store has not answered for.
    pub fn asked(&self) -> impl Iterator<Item = &Transition> {
        self.writes.values().flat_map(|write| match write {
            Write::Asked(batch, _) => batch.iter(),
            Write::Answered(_) => [].iter(),
        })
    }

    /// Alarms that are due at `now`.
    pub fn due_alarms(&self, now: Duration) -> impl Iterator<Item = usize> {
        let alarms = self.alarms.iter().enumerate();
        alarms
            .filter(move |(_, (at, _))| *at <= now)
            .map(|(index, _)| index)
    }

    /// When the alarms that are set are due.
    pub fn alarms(&self) -> impl Iterator<Item = Duration> {
        self.alarms.iter().map(|(at, _)| *at)
    }

    /// Whether nothing is in hand.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.inbox.is_empty()
            && self.outbox.is_empty()
            && self.plan.is_idle()
            && self.permits_taken == 0
            && self.actors.values().all(|actor| actor.mailbox.is_empty())
    }

    /// Whether the group can give it a partition: not while it is away, nor before it has let go of what it had of it.
    #[must_use]
    pub fn can_take(&self, partition: i32) -> bool {
        self.is_up && !self.is_zombie && !self.leaving.contains_key(&partition)
    }

    /// The group takes partitions away, and gives them to a successor once they have gone, if it has not done so already.
    pub(crate) fn leave(&mut self, partitions: Vec<i32>, now: Duration, successor: Option<usize>) {
        let deadline = now + REVOKE_GRACE;
        self.leaving
            .extend(partitions.iter().map(|partition| (*partition, deadline)));
        self.settlement.leave(partitions, now, successor);
        self.is_dirty = true;
    }

    pub(crate) fn finish(&mut self, token: Token) {
        self.permits_taken -= 1;
        self.settlement.finish(token.position);
        self.is_dirty = true;
    }

    pub(crate) fn report(&mut self, number: &OrderNumber, is_done: bool) {
        self.inbox.push_back(Message::Finished {
            number: number.clone(),
            is_done,
        });
    }

    fn retire(&mut self, numbers: &[OrderNumber]) {
        for number in numbers {
            if let Some(actor) = self.actors.get_mut(number) {
                actor.mailbox.push_back(Order::Retire);
            }
        }
    }

    fn route(&mut self, number: &OrderNumber, apply: Apply) -> Check {
        match self.residents.route(number, apply) {
            Route::Start(apply) => {
                let actor = OrderActor {
                    known: Known::Unknown,
                    known_in_epoch: 0,
                    mailbox: VecDeque::from([Order::Apply(Box::new(apply))]),
                    in_hand: None,
                };
                if let Some(other) = self.actors.insert(number.clone(), actor) {
                    return violated(
                        Invariant::OneAtATime,
                        format!("{number} has a second actor beside {other:?}"),
                    );
                }
            }
            Route::Forward(apply) => {
                if let Some(actor) = self.actors.get_mut(number) {
                    actor.mailbox.push_back(Order::Apply(Box::new(apply)));
                }
            }
            Route::Kept => {}
        }
        Ok(())
    }

    /// The registry reads a message.
    pub(crate) fn read_mail(&mut self, now: Duration) -> Check {
        match self.inbox.pop_front() {
            Some(Message::Apply(apply)) => {
                let number = apply.command.number().clone();
                self.route(&number, *apply)?;
            }
            Some(Message::Finished { number, is_done }) => {
                let retired = self.residents.finished(&number, is_done, now);
                self.retire(&retired);
            }
            Some(Message::Ended(number)) => {
                self.actors.remove(&number);
                for apply in self.residents.ended(&number) {
                    self.route(&number, apply)?;
                }
            }
            None => {}
        }
        Ok(())
    }

    /// Time has passed: idle actors retire, and what leaves may have to go unfinished.
    pub(crate) fn sweep(&mut self, now: Duration) {
        let idle = self.residents.sweep(now);
        self.retire(&idle);
        // In the service a timer settles every 100 ms. Here it does so only where that could change anything, for a step that is always
        // possible would keep a healed world from ever coming to rest.
        self.is_dirty |= self.leaving.values().any(|deadline| *deadline <= now);
    }
}
